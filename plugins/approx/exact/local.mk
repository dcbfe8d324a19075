# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# plugins/approx/exact: its sources
pkglib_LTLIBRARIES += exact.la
exact_la_SOURCES = %D%/exact.c
exact_la_LDFLAGS = $(PLUGIN_LDFLAGS)
exact_la_LIBADD = -lm
