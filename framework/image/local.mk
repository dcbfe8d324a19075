# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/image/libimage.la
framework_image_libimage_la_SOURCES = %D%/image.c %D%/image.h %D%/png.c %D%/shape.c


check_PROGRAMS += tests/unit/test_image
tests_unit_test_image_SOURCES = tests/unit/test_image.c
tests_unit_test_image_LDADD = framework/image/libimage.la framework/weights/libweights.la framework/base/libbase.la \
	$(OPENSSL_LIBS) $(JANSSON_LIBS) $(PNG_LIBS) $(ZLIB_LIBS) $(CMOCKA_LIBS) -lm
