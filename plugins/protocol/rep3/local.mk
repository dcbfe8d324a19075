pkglib_LTLIBRARIES += rep3.la
rep3_la_SOURCES = %D%/rep3.c %D%/rep3.h %D%/wire.c %D%/io.c %D%/linear.c %D%/product.c %D%/trunc.c %D%/bits.c \
	%D%/less.c %D%/maximum.c %D%/onehot.c %D%/table.c %D%/dpf.c %D%/dpf_keys.c %D%/dpf_keys.h
rep3_la_LDFLAGS = $(PLUGIN_LDFLAGS)
rep3_la_LIBADD = $(OPENSSL_LIBS) -lm
