# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# framework/host: what plugins see of us
noinst_LTLIBRARIES += framework/host/libhost.la
framework_host_libhost_la_SOURCES = %D%/session.c %D%/session.h %D%/fallback.c %D%/fallback.h
