# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/weights/libweights.la
framework_weights_libweights_la_SOURCES = %D%/file.c %D%/file.h %D%/gguf.c %D%/gguf_config.c %D%/gguf.h \
    %D%/json.c %D%/json.h %D%/quant.c %D%/quant.h %D%/shards.h %D%/values.c %D%/weights.c %D%/weights.h

check_PROGRAMS += tests/unit/test_weights
tests_unit_test_weights_SOURCES = tests/unit/test_weights.c
tests_unit_test_weights_LDADD = framework/weights/libweights.la framework/base/libbase.la $(JANSSON_LIBS) $(CMOCKA_LIBS) -lm

check_PROGRAMS += tests/unit/test_quant
tests_unit_test_quant_SOURCES = tests/unit/test_quant.c
tests_unit_test_quant_LDADD = framework/weights/libweights.la framework/base/libbase.la $(JANSSON_LIBS) $(CMOCKA_LIBS) -lm
