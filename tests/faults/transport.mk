# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/faults: a transport that damages what it sends, in place of memory, tcp and tls: it wraps their tables
faults_transport = %D%/transport.c %D%/transport.h
faults_wrap      = -Wl,--wrap=memory_transport -Wl,--wrap=tcp_transport -Wl,--wrap=tls_transport

check_PROGRAMS += tests/faults/sweep
tests_faults_sweep_SOURCES = %D%/sweep.c %D%/world.c %D%/world.h $(faults_transport)
tests_faults_sweep_LDFLAGS = $(AM_LDFLAGS) $(faults_wrap)
tests_faults_sweep_LDADD   = $(puma_LDADD)

check_PROGRAMS += tests/faults/rogue
tests_faults_rogue_SOURCES = %D%/rogue.c %D%/attacks.c %D%/attacks.h %D%/peer.c %D%/peer.h %D%/world.c %D%/world.h $(faults_transport)
tests_faults_rogue_LDFLAGS = $(AM_LDFLAGS) $(faults_wrap)
tests_faults_rogue_LDADD   = $(puma_LDADD)

# Every message, link and fault.
check-sweep: tests/faults/sweep
	@$(AM_TESTS_ENVIRONMENT) ./tests/faults/sweep --stride 1
.PHONY: check-sweep
