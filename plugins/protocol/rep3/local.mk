# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
pkglib_LTLIBRARIES += rep3.la
rep3_la_SOURCES = $(masked_sources) %D%/rep3.c %D%/rep3.h %D%/dpf.c %D%/dpf_keys.c %D%/dpf_keys.h
rep3_la_LDFLAGS = $(PLUGIN_LDFLAGS)
rep3_la_LIBADD = $(OPENSSL_LIBS) -lm
