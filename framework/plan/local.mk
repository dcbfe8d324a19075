# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/plan/libplan.la
framework_plan_libplan_la_SOURCES = %D%/plan.c %D%/plan.h %D%/choose.c %D%/choose.h %D%/check.c %D%/check.h %D%/domain.c %D%/domain.h %D%/agree.c %D%/agree.h \
	%D%/network.c %D%/network.h %D%/show.c %D%/show.h %D%/runfile.c %D%/runfile.h %D%/reading.h %D%/keys.c %D%/values.c %D%/canonical.c %D%/link.c %D%/link.h \
	%D%/ranges.c %D%/ranges.h

check_PROGRAMS += tests/unit/test_runfile tests/unit/test_network tests/unit/test_plan
tests_unit_test_runfile_SOURCES = tests/unit/test_runfile.c
tests_unit_test_runfile_LDADD = framework/plan/libplan.la framework/ini/libini.la framework/base/libbase.la $(INIH_LIBS) \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_network_SOURCES = tests/unit/test_network.c
tests_unit_test_network_LDADD = framework/plan/libplan.la framework/ini/libini.la framework/base/libbase.la $(INIH_LIBS) \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c
tests_unit_test_plan_LDADD = $(puma_LDADD) $(CMOCKA_LIBS)
