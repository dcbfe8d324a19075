# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/exec/libexec.la
framework_exec_libexec_la_SOURCES = %D%/rings.c %D%/rings.h %D%/exec.c %D%/exec.h \
	%D%/embedding.c %D%/transformer.c %D%/attention.c %D%/sequences.c %D%/head.c %D%/argmax.c %D%/internal.h
