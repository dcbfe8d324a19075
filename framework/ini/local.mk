# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/ini/libini.la
framework_ini_libini_la_SOURCES = %D%/ini.c %D%/ini.h
framework_ini_libini_la_LIBADD = $(INIH_LIBS)

check_PROGRAMS += tests/unit/test_ini
tests_unit_test_ini_SOURCES = tests/unit/test_ini.c
tests_unit_test_ini_LDADD = framework/ini/libini.la framework/base/libbase.la $(INIH_LIBS) $(CMOCKA_LIBS)
