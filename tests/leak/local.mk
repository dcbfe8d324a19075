check_PROGRAMS += tests/leak/test_leak
tests_leak_test_leak_SOURCES = %D%/test_leak.c %D%/world.c %D%/world.h
tests_leak_test_leak_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_leak_test_leak_LDADD = framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS) -ldl -lm
