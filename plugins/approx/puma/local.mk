# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# plugins/approx/puma: its sources; tests/approx tries them, and those of exact, on plain and rep3
pkglib_LTLIBRARIES += puma.la
puma_la_SOURCES = %D%/puma.c %D%/gelu.c %D%/silu.c %D%/relu.c %D%/tanh.c %D%/exp.c %D%/softmax.c \
                  %D%/reciprocal.c %D%/rsqrt.c %D%/layernorm.c %D%/window.c %D%/parts.h \
                  $(pieces_sources)
puma_la_LDFLAGS = $(PLUGIN_LDFLAGS)
puma_la_LIBADD = -lm

check_PROGRAMS += tests/approx/test_approx
tests_approx_test_approx_SOURCES = tests/approx/test_approx.c
tests_approx_test_approx_LDADD = framework/host/libhost.la framework/plugin/libplugin.la \
    framework/net/libnet.la framework/ring/libring.la framework/base/libbase.la \
    $(OPENSSL_LIBS) $(OPENMP_CFLAGS) $(CMOCKA_LIBS) -ldl -lm
