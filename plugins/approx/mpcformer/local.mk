# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# plugins/approx/mpcformer: its source
pkglib_LTLIBRARIES += mpcformer.la
mpcformer_la_SOURCES = %D%/mpcformer.c
mpcformer_la_LDFLAGS = $(PLUGIN_LDFLAGS)
mpcformer_la_LIBADD = -lm
