noinst_LTLIBRARIES += framework/run/librun.la
framework_run_librun_la_SOURCES = %D%/node.c %D%/node.h %D%/local.c %D%/local.h %D%/answer.c %D%/answer.h %D%/signals.c %D%/signals.h
