# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
pkglib_LTLIBRARIES += additive.la
additive_la_SOURCES = %D%/additive.c
additive_la_LDFLAGS = $(PLUGIN_LDFLAGS)
