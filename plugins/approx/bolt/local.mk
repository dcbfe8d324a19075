# plugins/approx/bolt: its source, and how polynomials between knots are computed
pkglib_LTLIBRARIES += bolt.la
bolt_la_SOURCES = %D%/bolt.c plugins/approx/puma/pieces.c plugins/approx/puma/parts.h
bolt_la_LDFLAGS = $(PLUGIN_LDFLAGS)
bolt_la_LIBADD = -lm
