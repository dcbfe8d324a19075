noinst_LTLIBRARIES += framework/plan/libplan.la
framework_plan_libplan_la_SOURCES = %D%/plan.c %D%/plan.h
