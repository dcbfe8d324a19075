# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/report/libreport.la
framework_report_libreport_la_SOURCES = %D%/report.c %D%/report.h %D%/lists.c %D%/lists.h %D%/party.c %D%/json.c %D%/table.c \
	%D%/measure.c %D%/output.c %D%/output.h \
	%D%/page/page.c %D%/page/page.h %D%/page/parts.c %D%/page/parts.h %D%/page/costs.c %D%/page/errors.c %D%/page/answers.c \
	%D%/page/columns.c %D%/page/columns.h %D%/page/plots.c %D%/page/plots.h %D%/page/html.c %D%/page/html.h

check_PROGRAMS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c framework/cli/progress.c framework/cli/progress.h
tests_unit_test_report_LDADD = framework/report/libreport.la framework/base/libbase.la $(JANSSON_LIBS) $(OPENSSL_LIBS) \
	$(CMOCKA_LIBS) -lm

check_PROGRAMS += tests/unit/test_plots
tests_unit_test_plots_SOURCES = tests/unit/test_plots.c
tests_unit_test_plots_LDADD = framework/report/libreport.la framework/base/libbase.la $(JANSSON_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS) -lm
