# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# plugins/approx/crypten: its source
pkglib_LTLIBRARIES += crypten.la
crypten_la_SOURCES = %D%/crypten.c
crypten_la_LDFLAGS = $(PLUGIN_LDFLAGS)
crypten_la_LIBADD = -lm
