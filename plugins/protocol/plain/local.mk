# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
pkglib_LTLIBRARIES += plain.la
plain_la_SOURCES = %D%/plain.c %D%/product.c %D%/table.c %D%/plain.h
plain_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plain_la_LIBADD = -lm
