# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests: checks of the tree itself; the unit tests stand in their modules' own local.mk
dist_check_SCRIPTS += %D%/layering.sh %D%/errors.sh %D%/manpages.sh
TESTS              += %D%/layering.sh %D%/errors.sh %D%/manpages.sh
