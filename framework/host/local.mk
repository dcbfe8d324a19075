# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# framework/host: what plugins see of us
noinst_LTLIBRARIES += framework/host/libhost.la
framework_host_libhost_la_SOURCES = %D%/arena.c %D%/arena.h %D%/internal.h %D%/message.c %D%/place.c %D%/place.h \
                                    %D%/rehearsal.c %D%/rehearsal.h %D%/session.c %D%/session.h %D%/shape.c %D%/streams.c
