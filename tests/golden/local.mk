# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/golden: answers of the built program against those of the reference implementation
check_PROGRAMS += tests/golden/test_models tests/golden/test_decoders tests/golden/test_minilm tests/golden/test_smollm2 tests/golden/test_sentiment tests/golden/test_vit
tests_golden_test_models_SOURCES = %D%/test_models.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_models_LDADD = $(JANSSON_LIBS) -lm
tests_golden_test_decoders_SOURCES = %D%/test_decoders.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_decoders_LDADD = $(puma_LDADD)
# Skipped (77) without PUMA_MINILM, the checkpoint's directory.
tests_golden_test_minilm_SOURCES = %D%/test_minilm.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_minilm_LDADD = $(JANSSON_LIBS) -lm
# Skipped (77) without PUMA_SMOLLM2, the folder of the GGUF file.
tests_golden_test_smollm2_SOURCES = %D%/test_smollm2.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_smollm2_LDADD = $(JANSSON_LIBS) -lm
# The review sentences need PUMA_MINILM and PUMA_SENTIMENT, the file of vaderSentiment's sdist.
tests_golden_test_sentiment_SOURCES = %D%/test_sentiment.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_sentiment_LDADD = $(JANSSON_LIBS) -lm
# vit-fashion's cases need Debian's dataset-fashion-mnist, installed or in PUMA_FASHION.
tests_golden_test_vit_SOURCES = %D%/test_vit.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_vit_LDADD = $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/golden/test_encoders
tests_golden_test_encoders_SOURCES = %D%/test_encoders.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_encoders_LDADD = $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/golden/test_families
tests_golden_test_families_SOURCES = %D%/test_families.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_families_LDADD = $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/golden/test_rope
tests_golden_test_rope_SOURCES = %D%/test_rope.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_rope_LDADD = $(JANSSON_LIBS) -lm

check_PROGRAMS += tests/golden/test_gguf_models
tests_golden_test_gguf_models_SOURCES = %D%/test_gguf_models.c tests/e2e/driver.c tests/e2e/driver.h
tests_golden_test_gguf_models_LDADD = $(JANSSON_LIBS) -lm

# What every kind of run sends, kept: tests/golden/wire.txt.
dist_check_SCRIPTS += %D%/wire.sh
TESTS              += %D%/wire.sh
EXTRA_DIST         += %D%/wire.txt
