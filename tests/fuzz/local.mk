# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/fuzz: targets for libFuzzer; without --enable-fuzzing each of them replays its corpus in `make check`
fuzz_targets = address ini runfile architecture config safetensors index gguf image
fuzz_all =
fuzz_libs = $(puma_LDADD)

if FUZZING
fuzz_main    = %D%/fuzz.h
fuzz_link = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_PROGRAMS += $(fuzz_all)
else
fuzz_main    = %D%/replay.c %D%/fuzz.h
fuzz_link = $(AM_LDFLAGS)
check_PROGRAMS += $(fuzz_all)
endif

fuzz_all += tests/fuzz/fuzz_address
tests_fuzz_fuzz_address_SOURCES = %D%/fuzz_address.c $(fuzz_main)
tests_fuzz_fuzz_address_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_address_LDFLAGS = $(fuzz_link) -Wl,--wrap=getaddrinfo

fuzz_all += tests/fuzz/fuzz_ini
tests_fuzz_fuzz_ini_SOURCES = %D%/fuzz_ini.c $(fuzz_main)
tests_fuzz_fuzz_ini_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_ini_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_runfile
tests_fuzz_fuzz_runfile_SOURCES = %D%/fuzz_runfile.c $(fuzz_main)
tests_fuzz_fuzz_runfile_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_runfile_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_architecture
tests_fuzz_fuzz_architecture_SOURCES = %D%/fuzz_architecture.c $(fuzz_main)
tests_fuzz_fuzz_architecture_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_architecture_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = %D%/fuzz_config.c $(fuzz_main)
tests_fuzz_fuzz_config_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_config_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_safetensors
tests_fuzz_fuzz_safetensors_SOURCES = %D%/fuzz_safetensors.c %D%/fuzz_weights.h $(fuzz_main)
tests_fuzz_fuzz_safetensors_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_safetensors_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_index
tests_fuzz_fuzz_index_SOURCES = %D%/fuzz_index.c %D%/fuzz_weights.h $(fuzz_main)
tests_fuzz_fuzz_index_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_index_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_gguf
tests_fuzz_fuzz_gguf_SOURCES = %D%/fuzz_gguf.c %D%/fuzz_weights.h $(fuzz_main)
tests_fuzz_fuzz_gguf_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_gguf_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_image
tests_fuzz_fuzz_image_SOURCES = %D%/fuzz_image.c $(fuzz_main)
tests_fuzz_fuzz_image_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_image_LDFLAGS = $(fuzz_link)

dist_check_SCRIPTS += %D%/fuzz.sh

# Every target for so long, and a table of what it did: make fuzz FUZZ_SECONDS=30 FUZZ_ONLY='ini gguf'
FUZZ_SECONDS = 30
FUZZ_ONLY    = $(fuzz_targets)
if FUZZING
fuzz: all $(fuzz_all)
	@cd '$(abs_top_builddir)' && bash '$(PUMA_SRCDIR)/%D%/fuzz.sh' '$(PUMA_SRCDIR)' $(FUZZ_SECONDS) $(FUZZ_ONLY)
else
fuzz:
	@echo "make fuzz needs a build by clang with ../configure CC=clang --enable-fuzzing" >&2; exit 1
endif
.PHONY: fuzz
