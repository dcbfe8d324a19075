# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# framework/base: errors and checked sizes; everything else stands on it
noinst_LTLIBRARIES += framework/base/libbase.la
framework_base_libbase_la_SOURCES = %D%/error.c %D%/error.h %D%/checked.h %D%/notes.c %D%/notes.h %D%/text.h %D%/sanitizer.h %D%/text_stream.c %D%/text_stream.h %D%/json_text.c %D%/json_text.h %D%/temporary.c %D%/temporary.h %D%/staged.c %D%/staged.h %D%/opened.c %D%/opened.h %D%/errors.def
if COVERAGE
framework_base_libbase_la_SOURCES += tests/support/counted_exit.c
endif

check_PROGRAMS += tests/unit/test_error tests/unit/test_json_text tests/unit/test_text_stream
tests_unit_test_text_stream_SOURCES = tests/unit/test_text_stream.c
tests_unit_test_text_stream_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=realloc
tests_unit_test_text_stream_LDADD = framework/base/libbase.la $(CMOCKA_LIBS)
tests_unit_test_error_SOURCES = tests/unit/test_error.c
tests_unit_test_error_LDADD = framework/base/libbase.la $(CMOCKA_LIBS)
tests_unit_test_json_text_SOURCES = tests/unit/test_json_text.c
tests_unit_test_json_text_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc
tests_unit_test_json_text_LDADD = framework/base/libbase.la $(JANSSON_LIBS) $(CMOCKA_LIBS)
