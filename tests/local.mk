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
