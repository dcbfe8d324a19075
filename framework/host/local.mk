# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# framework/host: what plugins see of us
noinst_LTLIBRARIES += framework/host/libhost.la
framework_host_libhost_la_SOURCES = %D%/arena.c %D%/extensions.c %D%/fallback.c %D%/fallback.h %D%/guard.c %D%/guard.h %D%/internal.h %D%/message.c %D%/place.c %D%/place.h \
                                    %D%/rehearsal.c %D%/rehearsal.h %D%/session.c %D%/session.h %D%/shape.c %D%/streams.c

HOST_TESTS = tests/unit/test_place tests/unit/test_arena tests/unit/test_shape tests/unit/test_message \
             tests/unit/test_rehearsal tests/unit/test_session tests/unit/test_guard
HOST_LIBS = framework/host/libhost.la framework/plugin/libplugin.la framework/net/libnet.la framework/ring/libring.la \
            framework/base/libbase.la $(OPENSSL_LIBS) $(OPENMP_CFLAGS) $(CMOCKA_LIBS) -ldl -lm
check_PROGRAMS += $(HOST_TESTS)
tests_unit_test_place_SOURCES = tests/unit/test_place.c tests/unit/host_sessions.h
tests_unit_test_place_LDADD = $(HOST_LIBS)
tests_unit_test_arena_SOURCES = tests/unit/test_arena.c tests/unit/host_sessions.h
tests_unit_test_arena_LDADD = $(HOST_LIBS)
tests_unit_test_shape_SOURCES = tests/unit/test_shape.c tests/unit/host_sessions.h
tests_unit_test_shape_LDADD = $(HOST_LIBS)
tests_unit_test_message_SOURCES = tests/unit/test_message.c tests/unit/host_sessions.h
tests_unit_test_message_LDADD = $(HOST_LIBS)
tests_unit_test_rehearsal_SOURCES = tests/unit/test_rehearsal.c tests/unit/host_sessions.h
tests_unit_test_rehearsal_LDADD = $(HOST_LIBS)
tests_unit_test_session_SOURCES = tests/unit/test_session.c tests/unit/host_sessions.h
tests_unit_test_session_LDADD = $(HOST_LIBS)
tests_unit_test_guard_SOURCES = tests/unit/test_guard.c tests/unit/host_sessions.h
tests_unit_test_guard_LDADD = $(HOST_LIBS)

# Plugins over time and beside each other: two that export the same symbol, and one under the name of a refused one.
check_PROGRAMS += tests/unit/test_plugin_life
tests_unit_test_plugin_life_SOURCES = tests/unit/test_plugin_life.c tests/unit/host_sessions.h
tests_unit_test_plugin_life_LDADD = $(HOST_LIBS)
check_LTLIBRARIES += tests/unit/plugins/clash_a.la tests/unit/plugins/clash_b.la tests/unit/plugins/mended.la
CLASH_LDFLAGS = -module -avoid-version -shared -rpath /nowhere -export-symbols-regex '^(puma_plugin_entry|clash_version)$$' $(PUMA_LDFLAGS)
tests_unit_plugins_clash_a_la_SOURCES = tests/unit/plugins/clash.c
tests_unit_plugins_clash_a_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME='"clash_a"' -DTEXT='"a"'
tests_unit_plugins_clash_a_la_LDFLAGS = $(CLASH_LDFLAGS)
tests_unit_plugins_clash_b_la_SOURCES = tests/unit/plugins/clash.c
tests_unit_plugins_clash_b_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME='"clash_b"' -DTEXT='"b"'
tests_unit_plugins_clash_b_la_LDFLAGS = $(CLASH_LDFLAGS)
tests_unit_plugins_mended_la_SOURCES = tests/unit/plugins/clash.c
tests_unit_plugins_mended_la_CPPFLAGS = $(AM_CPPFLAGS) -DNAME='"mended"' -DTEXT='"c"'
tests_unit_plugins_mended_la_LDFLAGS = $(CLASH_LDFLAGS)
