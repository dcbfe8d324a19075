# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/token/libtoken.la
framework_token_libtoken_la_SOURCES = \
    %D%/token.c %D%/token.h %D%/truncate.c %D%/pieces.c %D%/tokenizer.h %D%/tokenizer.c %D%/word.c \
    %D%/id_list.c %D%/id_list.h %D%/letters.c %D%/letters.h %D%/decode.c %D%/files.c %D%/beside.c %D%/loader.c %D%/loader.h \
    %D%/tokenizer_json.c %D%/steps_json.c %D%/normal.c %D%/split.c \
    %D%/pattern.c %D%/pattern.h %D%/pattern_syntax.c %D%/gguf_tokens.c %D%/wordpiece.c %D%/bpe.c \
    %D%/sentencepiece.c %D%/sentencepiece_pieces.c %D%/sentencepiece_file.c %D%/sentencepiece_class.c %D%/unigram.c %D%/charsmap.c %D%/charsmap.h \
    %D%/merge.c %D%/merge.h %D%/unicode.c %D%/unicode.h %D%/vocabulary.c %D%/vocabulary.h

check_PROGRAMS += tests/unit/test_token tests/golden/test_token_goldens
tests_unit_test_token_SOURCES = tests/unit/test_token.c
tests_unit_test_token_LDADD = framework/token/libtoken.la framework/weights/libweights.la framework/base/libbase.la \
    $(JANSSON_LIBS) $(UTF8PROC_LIBS) $(PCRE2_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)
# Skipped (77) without the real vocabularies, which are not in the repository: PUMA_MINILM, PUMA_GPT2BPE
# and PUMA_LLAMASP say where.
tests_golden_test_token_goldens_SOURCES = tests/golden/test_token_goldens.c
tests_golden_test_token_goldens_LDADD = framework/token/libtoken.la framework/weights/libweights.la \
    framework/base/libbase.la $(JANSSON_LIBS) $(UTF8PROC_LIBS) $(PCRE2_LIBS) $(OPENSSL_LIBS)

check_PROGRAMS += tests/unit/test_unicode tests/unit/test_pattern
tests_unit_test_unicode_SOURCES = tests/unit/test_unicode.c
tests_unit_test_unicode_LDADD = framework/token/libtoken.la $(UTF8PROC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pattern_SOURCES = tests/unit/test_pattern.c
tests_unit_test_pattern_LDADD = framework/token/libtoken.la framework/base/libbase.la $(UTF8PROC_LIBS) $(PCRE2_LIBS) $(CMOCKA_LIBS)
