noinst_LTLIBRARIES += framework/image/libimage.la
framework_image_libimage_la_SOURCES = %D%/image.c %D%/image.h %D%/png.c

