noinst_LTLIBRARIES += framework/input/libinput.la
framework_input_libinput_la_SOURCES = %D%/input.c %D%/input.h %D%/internal.h %D%/pictures.c %D%/labels.c %D%/encoder.c %D%/head.c %D%/mask.c %D%/end.c
