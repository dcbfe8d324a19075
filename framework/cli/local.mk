# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += puma
puma_SOURCES = %D%/main.c %D%/memory.c %D%/memory.h %D%/options.c %D%/run.c %D%/measure.c %D%/measure.h %D%/plan.c %D%/bench.c %D%/bench_kernels.c %D%/bench.h %D%/open.c %D%/open.h %D%/made.c %D%/made.h %D%/tokenize.c %D%/plugins.c %D%/keygen.c %D%/deal.c %D%/deliver.c %D%/deliver.h %D%/compare.c %D%/page_data.c %D%/page_data.h %D%/log.c %D%/log.h %D%/progress.c %D%/progress.h %D%/cli.h
# A coverage build has an _exit of its own (tests/support/counted_exit.c).
if !COVERAGE
puma_SOURCES += %D%/ending.c
endif
puma_LDADD = framework/run/librun.la framework/input/libinput.la framework/plan/libplan.la framework/exec/libexec.la framework/host/libhost.la framework/model/libmodel.la \
	framework/image/libimage.la framework/weights/libweights.la framework/token/libtoken.la framework/plugin/libplugin.la \
	framework/report/libreport.la framework/net/libnet.la framework/ring/libring.la framework/ini/libini.la \
	framework/base/libbase.la $(OPENSSL_LIBS) $(JANSSON_LIBS) $(INIH_LIBS) $(UTF8PROC_LIBS) $(PCRE2_LIBS) $(PNG_LIBS) $(ZLIB_LIBS) -ldl -lm -lpthread

dist_check_SCRIPTS += tests/e2e/badconfig.sh
TESTS += tests/e2e/badconfig.sh

check_PROGRAMS += tests/unit/test_progress tests/unit/test_bench_kernels
tests_unit_test_progress_SOURCES = tests/unit/test_progress.c %D%/progress.c %D%/progress.h
tests_unit_test_progress_LDADD = $(CMOCKA_LIBS)
# The clock, the kernels and the random streams are the test's own.
tests_unit_test_bench_kernels_SOURCES = tests/unit/test_bench_kernels.c %D%/bench_kernels.c %D%/bench.h
tests_unit_test_bench_kernels_LDADD = framework/base/libbase.la $(JANSSON_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS) -lm
