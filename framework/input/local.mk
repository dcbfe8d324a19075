# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/input/libinput.la
framework_input_libinput_la_SOURCES = %D%/client.c %D%/client.h %D%/input.c %D%/input.h %D%/internal.h %D%/sequences.c %D%/text.c \
	%D%/file.c %D%/chat.c %D%/chat.h %D%/chat_file.c %D%/chat_file.h %D%/messages.c %D%/checkpoint.c %D%/encoder.c %D%/pictures.c \
	%D%/labels.c %D%/head.c %D%/mask.c %D%/end.c %D%/bounds.c %D%/proof.c

check_PROGRAMS += tests/unit/test_chat
tests_unit_test_chat_SOURCES = tests/unit/test_chat.c
tests_unit_test_chat_LDADD = framework/input/libinput.la framework/plugin/libplugin.la framework/token/libtoken.la \
	framework/weights/libweights.la framework/ini/libini.la framework/base/libbase.la $(INIH_LIBS) $(JANSSON_LIBS) \
	$(UTF8PROC_LIBS) $(PCRE2_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS) -ldl -lm

check_PROGRAMS += tests/unit/test_input
tests_unit_test_input_SOURCES = tests/unit/test_input.c
# It looks at what is given back.
tests_unit_test_input_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
tests_unit_test_input_LDADD = $(puma_LDADD) $(CMOCKA_LIBS)
