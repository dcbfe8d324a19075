# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/ct: no branch, no address and no division depends on a secret, as valgrind and objdump see it
EXTRA_PROGRAMS += tests/ct/ct
check_DATA     += tests/ct/ct
CLEANFILES     += tests/ct/ct
tests_ct_ct_SOURCES = %D%/ct.c
tests_ct_ct_LDADD   = framework/host/libhost.la framework/plugin/libplugin.la framework/net/libnet.la \
    framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) $(OPENMP_CFLAGS) -ldl -lm
dist_check_SCRIPTS += %D%/constant-time.sh %D%/board-ct.sh
TESTS              += %D%/constant-time.sh %D%/board-ct.sh
EXTRA_DIST         += %D%/allowed.txt %D%/places.awk

# The sources of the protocols by every compiler that is here.
check-ct: tests/ct/ct
	@$(AM_TESTS_ENVIRONMENT) bash '$(srcdir)/tests/ct/constant-time.sh' --all
.PHONY: check-ct
