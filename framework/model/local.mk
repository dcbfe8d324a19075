# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/model/libmodel.la
framework_model_libmodel_la_SOURCES = %D%/model.c %D%/model.h %D%/canonical.c %D%/config.c %D%/config.h %D%/architecture.c %D%/architecture.h %D%/owner.h \
    %D%/source.c %D%/rotary.c %D%/rotary.h %D%/modules.c %D%/labels.c %D%/labels.h

check_PROGRAMS += tests/unit/test_model
tests_unit_test_model_SOURCES = tests/unit/test_model.c
tests_unit_test_model_LDADD = framework/model/libmodel.la framework/weights/libweights.la framework/ini/libini.la \
    framework/base/libbase.la $(INIH_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS) -lm

check_PROGRAMS += tests/unit/test_gguf
tests_unit_test_gguf_SOURCES = tests/unit/test_gguf.c
tests_unit_test_gguf_LDADD = $(tests_unit_test_model_LDADD)
