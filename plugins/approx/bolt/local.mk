# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# plugins/approx/bolt: its source
pkglib_LTLIBRARIES += bolt.la
bolt_la_SOURCES = %D%/bolt.c $(pieces_sources)
bolt_la_LDFLAGS = $(PLUGIN_LDFLAGS)
bolt_la_LIBADD = -lm
