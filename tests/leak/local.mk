# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/leak: backends in a world of the test's own.  The programs take a backend, so scripts run them; board*.sh and correct.sh seed bugs that
# they must see.
leak_programs = tests/leak/test_leak tests/leak/test_leak_masked tests/leak/test_leak_tables tests/leak/test_leak_functions tests/leak/test_leak_dpf tests/leak/test_vectors
EXTRA_PROGRAMS += $(leak_programs)
check_DATA     += $(leak_programs)
CLEANFILES     += $(leak_programs)
leak_world    = %D%/world.c %D%/world.h
leak_views    = %D%/views.c %D%/views.h $(leak_world)
leak_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
leak_ldadd    = framework/plugin/libplugin.la framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS) -ldl -lm

# any backend: what each node sees of the core operations
tests_leak_test_leak_SOURCES  = %D%/test_leak.c %D%/checks.c %D%/checks.h $(leak_views)
tests_leak_test_leak_CPPFLAGS = $(leak_cppflags)
tests_leak_test_leak_LDADD    = $(leak_ldadd)
dist_check_SCRIPTS += %D%/leak.sh %D%/leak-beaver2.sh %D%/leak-additive.sh %D%/board.sh %D%/board-beaver2.sh %D%/board-additive.sh
TESTS              += %D%/leak.sh %D%/leak-beaver2.sh %D%/leak-additive.sh %D%/board.sh %D%/board-beaver2.sh %D%/board-additive.sh
EXTRA_DIST         += %D%/seeded.sh

# masked sharing: what is sent, by formula
tests_leak_test_leak_masked_SOURCES  = %D%/test_leak_masked.c %D%/checks.c %D%/checks.h $(leak_world)
tests_leak_test_leak_masked_CPPFLAGS = $(leak_cppflags)
tests_leak_test_leak_masked_LDADD    = $(leak_ldadd)

# masked sharing: lookups
tests_leak_test_leak_tables_SOURCES  = %D%/test_leak_tables.c $(leak_views)
tests_leak_test_leak_tables_CPPFLAGS = $(leak_cppflags)
tests_leak_test_leak_tables_LDADD    = $(leak_ldadd)
dist_check_SCRIPTS += %D%/leak-tables.sh %D%/board-tables.sh
TESTS              += %D%/leak-tables.sh %D%/board-tables.sh

# whole functions and the guard, in the host's own sessions
tests_leak_test_leak_functions_SOURCES  = %D%/test_leak_functions.c %D%/hosted.c %D%/hosted.h $(leak_views)
tests_leak_test_leak_functions_CPPFLAGS = $(leak_cppflags)
tests_leak_test_leak_functions_LDADD    = framework/host/libhost.la framework/plugin/libplugin.la framework/net/libnet.la framework/ring/libring.la \
                                          framework/base/libbase.la $(OPENSSL_LIBS) $(OPENMP_CFLAGS) $(CMOCKA_LIBS) -ldl -lm
dist_check_SCRIPTS += %D%/leak-functions.sh %D%/board-functions.sh
TESTS              += %D%/leak-functions.sh %D%/board-functions.sh

# rep3: embedding by the client's ids
tests_leak_test_leak_dpf_SOURCES  = %D%/test_leak_dpf.c $(leak_views) plugins/protocol/rep3/dpf_keys.c
tests_leak_test_leak_dpf_CPPFLAGS = $(leak_cppflags) -I$(top_srcdir)/plugins/protocol/rep3
tests_leak_test_leak_dpf_LDADD    = $(leak_ldadd)
dist_check_SCRIPTS += %D%/leak-dpf.sh %D%/board-dpf.sh
TESTS              += %D%/leak-dpf.sh %D%/board-dpf.sh

# rep3: bit for bit
tests_leak_test_vectors_SOURCES  = %D%/test_vectors.c $(leak_world)
tests_leak_test_vectors_CPPFLAGS = $(leak_cppflags)
tests_leak_test_vectors_LDADD    = $(leak_ldadd)
dist_check_SCRIPTS += %D%/vectors.sh %D%/correct.sh
TESTS              += %D%/vectors.sh %D%/correct.sh
