# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# framework/exec: the generic Transformer on shares, lowest first: a file includes headers of lines above its own (tests/layering.sh)
noinst_LTLIBRARIES += framework/exec/libexec.la
framework_exec_libexec_la_SOURCES = \
	%D%/rings.c %D%/rings.h %D%/pass.h \
	%D%/config.h \
	%D%/state.h %D%/balance.c %D%/balance.h \
	%D%/share.c %D%/share.h %D%/argmax.c %D%/argmax.h \
	%D%/guard.c %D%/guard.h \
	%D%/parts.c %D%/parts.h \
	%D%/weights.c %D%/weights.h %D%/rotary.c %D%/rotary.h %D%/cache.c %D%/cache.h \
	%D%/attend_one.c %D%/attend_one.h %D%/attend_many.c %D%/attend_many.h %D%/pooling.c %D%/pooling.h \
	%D%/attention.c %D%/attention.h %D%/embedding.c %D%/embedding.h %D%/head.c %D%/head.h \
	%D%/transformer.c %D%/transformer.h \
	%D%/rehearse.c %D%/rehearse.h \
	%D%/exec.c %D%/exec.h

check_PROGRAMS += tests/unit/test_balance
tests_unit_test_balance_SOURCES = tests/unit/test_balance.c
tests_unit_test_balance_LDADD = framework/exec/libexec.la $(CMOCKA_LIBS) -lm

# The test plays the module model.
check_PROGRAMS += tests/unit/test_exec
tests_unit_test_exec_SOURCES = tests/unit/test_exec.c
tests_unit_test_exec_LDADD = framework/exec/libexec.la framework/host/libhost.la framework/plugin/libplugin.la \
	framework/net/libnet.la framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) $(OPENMP_CFLAGS) \
	$(CMOCKA_LIBS) -ldl -lm
