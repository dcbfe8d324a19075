# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# framework/ring: its sources and tests
noinst_LTLIBRARIES += framework/ring/libring.la
framework_ring_libring_la_SOURCES = \
    %D%/ring.c %D%/ring.h %D%/kernels.h %D%/kernels_body.h %D%/panels_body.h %D%/kernels_portable.c \
    %D%/kernels_avx2.c %D%/kernels_avx512.c %D%/kernels_ifma.c \
    %D%/matmul.c %D%/rates.c %D%/rates.h %D%/pack.c %D%/prg.c %D%/prg.h
framework_ring_libring_la_CFLAGS  = $(AM_CFLAGS) $(OPENMP_CFLAGS)
framework_ring_libring_la_LIBADD  = -lm

check_PROGRAMS += tests/unit/test_ring tests/unit/test_prg
tests_unit_test_ring_SOURCES = tests/unit/test_ring.c
# GCC notes that wide vectors are passed differently where AVX-512 is missing; here only inlined functions
# take one.
tests_unit_test_ring_CFLAGS  = $(AM_CFLAGS) -Wno-psabi
tests_unit_test_ring_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=aligned_alloc
tests_unit_test_ring_LDADD   = framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) \
                               $(OPENMP_CFLAGS) $(CMOCKA_LIBS)
tests_unit_test_prg_SOURCES  = tests/unit/test_prg.c
tests_unit_test_prg_LDADD    = framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) \
                               $(OPENMP_CFLAGS) $(CMOCKA_LIBS)
