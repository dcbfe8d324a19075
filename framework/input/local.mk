noinst_LTLIBRARIES += framework/input/libinput.la
framework_input_libinput_la_SOURCES = %D%/input.c %D%/input.h %D%/internal.h %D%/chat.c %D%/chat.h %D%/chat_file.c %D%/chat_file.h %D%/messages.c \
	%D%/text.c %D%/checkpoint.c %D%/pictures.c %D%/labels.c %D%/head.c %D%/end.c
