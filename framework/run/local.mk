# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/run/librun.la
framework_run_librun_la_SOURCES = %D%/node.c %D%/node.h %D%/material.c %D%/material.h %D%/local.c %D%/local.h %D%/spawn.c %D%/spawn.h %D%/stop.c %D%/stop.h %D%/answer.c %D%/answer.h %D%/masks.c %D%/masks.h %D%/predict.c %D%/predict.h %D%/signals.c %D%/signals.h \
	%D%/sample.c %D%/sample.h %D%/stream.c %D%/stream.h \
	%D%/generate.c %D%/generate.h %D%/perplexity.c %D%/perplexity.h

check_PROGRAMS += tests/unit/test_sample tests/unit/test_stream tests/unit/test_generate tests/unit/test_spawn \
	tests/unit/test_prg_failure
tests_unit_test_sample_SOURCES = tests/unit/test_sample.c
tests_unit_test_sample_LDADD = framework/run/librun.la framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) \
	$(OPENMP_CFLAGS) $(CMOCKA_LIBS) -lm
tests_unit_test_stream_SOURCES = tests/unit/test_stream.c
tests_unit_test_stream_LDADD = framework/run/librun.la framework/token/libtoken.la framework/weights/libweights.la \
	framework/base/libbase.la $(JANSSON_LIBS) $(UTF8PROC_LIBS) $(PCRE2_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)
# The test plays the executor and the wire.
tests_unit_test_generate_SOURCES = tests/unit/test_generate.c
tests_unit_test_generate_LDADD = framework/run/librun.la framework/report/libreport.la framework/token/libtoken.la \
	framework/weights/libweights.la framework/ring/libring.la framework/base/libbase.la $(JANSSON_LIBS) $(UTF8PROC_LIBS) \
	$(PCRE2_LIBS) $(OPENSSL_LIBS) $(OPENMP_CFLAGS) $(CMOCKA_LIBS) -lm
tests_unit_test_spawn_SOURCES = tests/unit/test_spawn.c
tests_unit_test_spawn_LDADD = framework/run/librun.la framework/base/libbase.la $(CMOCKA_LIBS) -lpthread
# A draw fails: nothing is sent, nothing is chosen.
tests_unit_test_prg_failure_SOURCES = tests/unit/test_prg_failure.c
tests_unit_test_prg_failure_LDADD = framework/run/librun.la $(HOST_LIBS)
