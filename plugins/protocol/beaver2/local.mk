# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
pkglib_LTLIBRARIES += beaver2.la
beaver2_la_SOURCES = $(masked_sources) %D%/beaver2.c
beaver2_la_CPPFLAGS = $(AM_CPPFLAGS) -DMASKED_DEALER
beaver2_la_LDFLAGS = $(PLUGIN_LDFLAGS)
beaver2_la_LIBADD = -lm
