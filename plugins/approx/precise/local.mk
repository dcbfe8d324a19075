# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
pkglib_LTLIBRARIES += precise.la
precise_la_SOURCES = %D%/precise.c %D%/precise.h %D%/gate.c %D%/single.c %D%/softmax.c %D%/norm.c %D%/normalize.c %D%/normalize.h %D%/tables.c %D%/tables.h
precise_la_LDFLAGS = $(PLUGIN_LDFLAGS)
precise_la_LIBADD = -lm
EXTRA_DIST += %D%/tables.py
