# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tests/leak: rep3 in a world of its own. The programs take a plugin, so scripts run them; board.sh and correct.sh seed bugs that they must see.
EXTRA_PROGRAMS += tests/leak/test_leak tests/leak/test_vectors
check_DATA     += tests/leak/test_leak tests/leak/test_vectors
CLEANFILES     += tests/leak/test_leak tests/leak/test_vectors
tests_leak_test_leak_SOURCES = %D%/test_leak.c %D%/world.c %D%/world.h
tests_leak_test_leak_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_leak_test_leak_LDADD = framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS) -ldl -lm
tests_leak_test_vectors_SOURCES = %D%/test_vectors.c %D%/world.c %D%/world.h
tests_leak_test_vectors_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_leak_test_vectors_LDADD = framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS) -ldl -lm

dist_check_SCRIPTS += %D%/leak.sh %D%/vectors.sh %D%/board.sh %D%/correct.sh
TESTS += %D%/leak.sh %D%/vectors.sh %D%/board.sh %D%/correct.sh
EXTRA_DIST += %D%/seeded.sh

# lookups: table, gate, exp2
EXTRA_PROGRAMS += tests/leak/test_leak_tables
check_DATA     += tests/leak/test_leak_tables
CLEANFILES     += tests/leak/test_leak_tables
tests_leak_test_leak_tables_SOURCES = %D%/test_leak_tables.c %D%/world.c %D%/world.h
tests_leak_test_leak_tables_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_leak_test_leak_tables_LDADD = framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS) -ldl -lm
dist_check_SCRIPTS += %D%/leak-tables.sh %D%/board-tables.sh
TESTS += %D%/leak-tables.sh %D%/board-tables.sh

# embedding by the client's ids
EXTRA_PROGRAMS += tests/leak/test_leak_dpf
check_DATA     += tests/leak/test_leak_dpf
CLEANFILES     += tests/leak/test_leak_dpf
tests_leak_test_leak_dpf_SOURCES = %D%/test_leak_dpf.c %D%/world.c %D%/world.h plugins/protocol/rep3/dpf_keys.c
tests_leak_test_leak_dpf_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -I$(top_srcdir)/plugins/protocol/rep3
tests_leak_test_leak_dpf_LDADD = framework/ring/libring.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS) -ldl -lm
dist_check_SCRIPTS += %D%/leak-dpf.sh %D%/board-dpf.sh
TESTS += %D%/leak-dpf.sh %D%/board-dpf.sh

# two parties and a dealer: the same views, and bugs in what they do not share with rep3
dist_check_SCRIPTS += %D%/leak-beaver2.sh %D%/board-beaver2.sh
TESTS += %D%/leak-beaver2.sh %D%/board-beaver2.sh
