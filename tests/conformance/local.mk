# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/conformance: one program for any backend; the scripts name the backends of this tree
EXTRA_PROGRAMS += tests/conformance/conformance
check_DATA     += tests/conformance/conformance
CLEANFILES     += tests/conformance/conformance
tests_conformance_conformance_SOURCES = %D%/conformance.c %D%/conformance.h %D%/cases/groups.c \
    %D%/cases/operands.c %D%/cases/cases.h %D%/cases/add.c %D%/cases/apply.c %D%/cases/argmax.c \
    %D%/cases/bits.c %D%/cases/chain.c %D%/cases/embed.c %D%/cases/float.c %D%/cases/guard.c %D%/cases/less.c \
    %D%/cases/linear.c %D%/cases/maximum.c %D%/cases/mux_sum.c %D%/cases/one_hot.c %D%/cases/product.c \
    %D%/cases/product_blocks.c %D%/cases/public.c %D%/cases/random.c %D%/cases/share.c %D%/cases/structure.c %D%/cases/table.c %D%/cases/trunc.c
tests_conformance_conformance_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_conformance_conformance_LDADD = framework/exec/libexec.la framework/host/libhost.la framework/plugin/libplugin.la \
    framework/net/libnet.la framework/ring/libring.la framework/base/libbase.la \
    $(OPENSSL_LIBS) $(OPENMP_CFLAGS) -ldl -lm

check_PROGRAMS += tests/conformance/costs
tests_conformance_costs_SOURCES = %D%/costs.c
tests_conformance_costs_LDADD = framework/host/libhost.la framework/plugin/libplugin.la \
    framework/net/libnet.la framework/ring/libring.la framework/base/libbase.la \
    $(OPENSSL_LIBS) $(JANSSON_LIBS) $(OPENMP_CFLAGS) -ldl -lm

dist_check_SCRIPTS += %D%/plain.sh %D%/rep3-memory.sh %D%/rep3-tcp.sh %D%/rep3-tls.sh \
    %D%/beaver2-memory.sh %D%/beaver2-tcp.sh %D%/beaver2-tls.sh \
    %D%/additive-memory.sh %D%/additive-tcp.sh %D%/additive-tls.sh
TESTS += %D%/plain.sh %D%/rep3-memory.sh %D%/rep3-tcp.sh %D%/rep3-tls.sh \
    %D%/beaver2-memory.sh %D%/beaver2-tcp.sh %D%/beaver2-tls.sh \
    %D%/additive-memory.sh %D%/additive-tcp.sh %D%/additive-tls.sh
