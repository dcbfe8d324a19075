# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/fuzz: targets for libFuzzer; without --enable-fuzzing each of them replays its corpus in `make check`
fuzz_targets = address ini runfile architecture config safetensors index gguf image \
    tokenizer bpe wordpiece sentencepiece text chat messages report elf material hello frames run
fuzz_all =
# Of a library given twice libtool keeps the last: below what may be a target's only one.
fuzz_libs = $(puma_LDADD) framework/weights/libweights.la framework/base/libbase.la $(JANSSON_LIBS) -lm

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
tests_fuzz_fuzz_gguf_SOURCES = %D%/fuzz_gguf.c %D%/fuzz_weights.h %D%/fuzz_tokens.h $(fuzz_main)
tests_fuzz_fuzz_gguf_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_gguf_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_image
tests_fuzz_fuzz_image_SOURCES = %D%/fuzz_image.c $(fuzz_main)
tests_fuzz_fuzz_image_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_image_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_tokenizer
tests_fuzz_fuzz_tokenizer_SOURCES = %D%/fuzz_tokenizer.c %D%/fuzz_tokens.h $(fuzz_main)
tests_fuzz_fuzz_tokenizer_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_tokenizer_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_bpe
tests_fuzz_fuzz_bpe_SOURCES = %D%/fuzz_bpe.c %D%/fuzz_tokens.h $(fuzz_main)
tests_fuzz_fuzz_bpe_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_bpe_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_wordpiece
tests_fuzz_fuzz_wordpiece_SOURCES = %D%/fuzz_wordpiece.c %D%/fuzz_tokens.h $(fuzz_main)
tests_fuzz_fuzz_wordpiece_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_wordpiece_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_sentencepiece
tests_fuzz_fuzz_sentencepiece_SOURCES = %D%/fuzz_sentencepiece.c %D%/fuzz_tokens.h $(fuzz_main)
tests_fuzz_fuzz_sentencepiece_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_sentencepiece_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_text
tests_fuzz_fuzz_text_SOURCES = %D%/fuzz_text.c %D%/fuzz_tokens.h $(fuzz_main)
tests_fuzz_fuzz_text_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_text_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_chat
tests_fuzz_fuzz_chat_SOURCES = %D%/fuzz_chat.c %D%/fuzz_tokens.h $(fuzz_main)
tests_fuzz_fuzz_chat_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_chat_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_messages
tests_fuzz_fuzz_messages_SOURCES = %D%/fuzz_messages.c $(fuzz_main)
tests_fuzz_fuzz_messages_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_messages_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_report
tests_fuzz_fuzz_report_SOURCES = %D%/fuzz_report.c $(fuzz_main)
tests_fuzz_fuzz_report_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_report_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_elf
tests_fuzz_fuzz_elf_SOURCES = %D%/fuzz_elf.c $(fuzz_main)
tests_fuzz_fuzz_elf_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_elf_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_material
tests_fuzz_fuzz_material_SOURCES = %D%/fuzz_material.c $(fuzz_main)
tests_fuzz_fuzz_material_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_material_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_hello
tests_fuzz_fuzz_hello_SOURCES = %D%/fuzz_hello.c %D%/fuzz_wire.h $(fuzz_main)
tests_fuzz_fuzz_hello_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_hello_LDFLAGS = $(fuzz_link)

fuzz_all += tests/fuzz/fuzz_frames
tests_fuzz_fuzz_frames_SOURCES = %D%/fuzz_frames.c %D%/fuzz_wire.h $(fuzz_main)
tests_fuzz_fuzz_frames_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_frames_LDFLAGS = $(fuzz_link) -Wl,--wrap=tls_step -Wl,--wrap=net_now_ms -Wl,--wrap=net_now_us

fuzz_all += tests/fuzz/fuzz_run
tests_fuzz_fuzz_run_SOURCES = %D%/fuzz_run.c $(fuzz_main)
tests_fuzz_fuzz_run_LDADD   = $(fuzz_libs)
tests_fuzz_fuzz_run_LDFLAGS = $(fuzz_link)

dist_check_SCRIPTS += %D%/fuzz.sh

# Every target for so long, and a table of what it did: make fuzz FUZZ_SECONDS=30 FUZZ_ONLY='ini gguf'; fuzz-merge puts
# the best of what was found into the corpora.  See README.md.
FUZZ_SECONDS = 30
FUZZ_ONLY    = $(fuzz_targets)
if FUZZING
fuzz: all $(fuzz_all)
	@cd '$(abs_top_builddir)' && bash '$(PUMA_SRCDIR)/%D%/fuzz.sh' '$(PUMA_SRCDIR)' $(FUZZ_SECONDS) $(FUZZ_ONLY)
fuzz-merge: all $(fuzz_all)
	@cd '$(abs_top_builddir)' && bash '$(PUMA_SRCDIR)/%D%/fuzz.sh' '$(PUMA_SRCDIR)' merge $(FUZZ_ONLY)
else
fuzz fuzz-merge:
	@echo "make fuzz needs a build by clang with ../configure CC=clang --enable-fuzzing" >&2; exit 1
endif
.PHONY: fuzz fuzz-merge
