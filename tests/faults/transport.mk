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

# Whole runs, well and badly ended, in a build of its own under the sanitizer for threads: no data race.  SIGALRM of
# the sweep's own watchdog ends what hangs.
check-tsan:
	@$(MKDIR_P) tsan
	cd tsan && { test -f config.status || '$(abs_top_srcdir)/configure' -q --enable-sanitizer=thread; }
	cd tsan && $(MAKE) -s all tests/faults/sweep
	cd tsan && PUMA_SRCDIR='$(abs_top_srcdir)' PUMA_BUILDDIR="$$PWD" TSAN_OPTIONS='halt_on_error=1 exitcode=66' \
	    ./tests/faults/sweep --stride $(TSAN_STRIDE) --jobs 4
TSAN_STRIDE = 300
.PHONY: check-sweep check-tsan
