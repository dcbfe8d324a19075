noinst_LTLIBRARIES += framework/plan/libplan.la
framework_plan_libplan_la_SOURCES = %D%/runfile.c %D%/runfile.h %D%/link.c %D%/link.h %D%/plan.c %D%/plan.h

check_PROGRAMS += tests/unit/test_runfile
tests_unit_test_runfile_SOURCES = tests/unit/test_runfile.c
tests_unit_test_runfile_LDADD = framework/plan/libplan.la framework/ini/libini.la framework/base/libbase.la $(INIH_LIBS) \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)
