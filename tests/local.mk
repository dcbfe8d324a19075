# tests: checks of the tree itself; the unit tests stand in their modules' own local.mk
dist_check_SCRIPTS += %D%/layering.sh %D%/errors.sh %D%/manpages.sh
TESTS              += %D%/layering.sh %D%/errors.sh %D%/manpages.sh
