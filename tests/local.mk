# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests: checks of the tree itself; the unit tests stand in their modules' own local.mk
dist_check_SCRIPTS += %D%/layering.sh %D%/errors.sh %D%/manpages.sh
TESTS              += %D%/layering.sh %D%/errors.sh %D%/manpages.sh

# The public headers, as C and as C++.
dist_check_SCRIPTS += %D%/unit/headers.sh
TESTS              += %D%/unit/headers.sh
EXTRA_DIST         += %D%/unit/plugins/cpp.cc

# Files that call each other in a circle: those that the script names, and no others.
dist_check_SCRIPTS += %D%/circles.sh
TESTS              += %D%/circles.sh

# The fault table: against the tree in `make check`; with results, after its tests, by `make check-faults`.
dist_check_SCRIPTS += %D%/faults/check.sh
TESTS              += %D%/faults/check.sh
check-faults:
	-$(MAKE) $(AM_MAKEFLAGS) check TESTS="`$(AM_TESTS_ENVIRONMENT) bash '$(top_srcdir)/tests/faults/check.sh' --tests | tr '\n' ' '`"
	@$(AM_TESTS_ENVIRONMENT) bash '$(top_srcdir)/tests/faults/check.sh' --results
.PHONY: check-faults
