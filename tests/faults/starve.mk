# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/faults: machines that lack memory, descriptors, threads; calls that fail
check_LTLIBRARIES += tests/faults/shim.la
tests_faults_shim_la_SOURCES = %D%/shim.c
tests_faults_shim_la_CFLAGS  = $(AM_CFLAGS) -std=gnu17 -fno-builtin -Wno-missing-prototypes -Wno-pedantic
tests_faults_shim_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

EXTRA_PROGRAMS += tests/faults/starve
check_DATA     += tests/faults/starve
tests_faults_starve_SOURCES = %D%/starve.c

dist_check_SCRIPTS += %D%/alloc.sh %D%/syscalls.sh %D%/resources.sh
TESTS              += %D%/alloc.sh %D%/syscalls.sh %D%/resources.sh

# Every allocation and every call; many limits.
check-alloc: all $(check_LTLIBRARIES) tests/faults/starve
	@$(AM_TESTS_ENVIRONMENT) FAULTS_LONG=1 bash '$(srcdir)/tests/faults/alloc.sh'
	@$(AM_TESTS_ENVIRONMENT) FAULTS_LONG=1 bash '$(srcdir)/tests/faults/syscalls.sh'
check-resources: all
	@$(AM_TESTS_ENVIRONMENT) FAULTS_LONG=1 bash '$(srcdir)/tests/faults/resources.sh'
.PHONY: check-alloc check-resources
