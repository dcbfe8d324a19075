# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/e2e: the built program from outside; badconfig.sh stands in framework/cli/local.mk
check_PROGRAMS += tests/e2e/killed
tests_e2e_killed_SOURCES = %D%/killed.c %D%/driver.c %D%/driver.h
tests_e2e_killed_LDADD = $(JANSSON_LIBS) -lm
check_PROGRAMS += tests/e2e/generate
tests_e2e_generate_SOURCES = %D%/generate.c %D%/driver.c %D%/driver.h
tests_e2e_generate_LDADD = $(JANSSON_LIBS) -lm
check_PROGRAMS += tests/e2e/plan
tests_e2e_plan_SOURCES = %D%/plan.c %D%/driver.c %D%/driver.h
tests_e2e_plan_LDADD = $(JANSSON_LIBS) -lm
check_PROGRAMS += tests/e2e/batch
tests_e2e_batch_SOURCES = %D%/batch.c %D%/driver.c %D%/driver.h
tests_e2e_batch_LDADD = $(JANSSON_LIBS) -lm
check_PROGRAMS += tests/e2e/ranges
tests_e2e_ranges_SOURCES = %D%/ranges.c %D%/scaled.c %D%/scaled.h %D%/driver.c %D%/driver.h
tests_e2e_ranges_LDADD = $(JANSSON_LIBS) -lm
check_PROGRAMS += tests/e2e/guard
tests_e2e_guard_SOURCES = %D%/guard.c %D%/scaled.c %D%/scaled.h %D%/driver.c %D%/driver.h
tests_e2e_guard_LDADD = $(JANSSON_LIBS) -lm

dist_check_SCRIPTS += %D%/compare.sh %D%/transcripts.sh %D%/parties.sh %D%/badfiles.sh
TESTS              += %D%/compare.sh %D%/transcripts.sh %D%/parties.sh %D%/badfiles.sh
dist_check_SCRIPTS += %D%/memcheck.sh %D%/bench.sh %D%/signals.sh
TESTS              += %D%/memcheck.sh %D%/bench.sh %D%/signals.sh
dist_check_SCRIPTS += %D%/material.sh %D%/setup.sh
TESTS              += %D%/material.sh %D%/setup.sh
dist_check_SCRIPTS += %D%/install.sh
TESTS              += %D%/install.sh
dist_check_SCRIPTS += %D%/labels.sh %D%/input.sh %D%/random-ranges.sh %D%/bounds.sh
TESTS              += %D%/tokenize.sh %D%/plan-shown.sh
dist_check_SCRIPTS += %D%/tokenize.sh %D%/plan-shown.sh
TESTS              += %D%/labels.sh %D%/input.sh %D%/random-ranges.sh %D%/bounds.sh
dist_check_SCRIPTS += %D%/certificates.sh
TESTS              += %D%/certificates.sh

# A party of another version: the program with another number in its HELLO.
EXTRA_PROGRAMS += puma-upgraded
check_DATA     += puma-upgraded
puma_upgraded_SOURCES = framework/net/hello.c
puma_upgraded_CPPFLAGS = $(AM_CPPFLAGS) -UPACKAGE_VERSION -DPACKAGE_VERSION='"9.9.9"'
puma_upgraded_LDADD = $(puma_OBJECTS) $(puma_LDADD)
# Another date, preloaded; -rpath makes libtool build a module that is not installed.
check_LTLIBRARIES += tests/support/clock.la
tests_support_clock_la_SOURCES = tests/support/clock.c
tests_support_clock_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
dist_check_SCRIPTS += %D%/deployments.sh
TESTS              += %D%/deployments.sh
dist_check_SCRIPTS += %D%/misdeeds.sh
TESTS              += %D%/misdeeds.sh
dist_check_SCRIPTS += %D%/numbers.sh
TESTS              += %D%/numbers.sh

# The long form of signals.sh.
check-signals: puma
	PUMA_BUILDDIR='$(abs_builddir)' PUMA_SRCDIR='$(abs_srcdir)' PUMA_MOMENTS=200 '$(srcdir)/tests/e2e/signals.sh'
.PHONY: check-signals
dist_check_SCRIPTS += %D%/outputs.sh
TESTS              += %D%/outputs.sh
