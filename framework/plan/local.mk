# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/plan/libplan.la
framework_plan_libplan_la_SOURCES = %D%/plan.c %D%/encoder.c %D%/encoder.h %D%/network.c %D%/network.h %D%/plan.h

check_PROGRAMS += tests/unit/test_network
tests_unit_test_network_SOURCES = tests/unit/test_network.c
tests_unit_test_network_LDADD = framework/plan/libplan.la framework/ini/libini.la framework/base/libbase.la $(INIH_LIBS) \
    $(OPENSSL_LIBS) $(CMOCKA_LIBS)
