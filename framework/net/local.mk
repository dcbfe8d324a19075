# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += framework/net/libnet.la
framework_net_libnet_la_SOURCES = %D%/net.c %D%/names.c %D%/end.c %D%/links.c %D%/message.c %D%/io.c %D%/conn.c %D%/fail.c %D%/handshake.c %D%/hello.c \
    %D%/receive.c %D%/transmit.c %D%/frame.c %D%/memory.c %D%/sockets.c %D%/address.c %D%/tls.c %D%/counting.c %D%/tape.c \
    %D%/certificates.c %D%/rate.c %D%/net.h %D%/certificates.h %D%/transport.h %D%/wire.h

check_PROGRAMS += tests/unit/test_net tests/unit/test_net_faults
tests_unit_test_net_SOURCES = tests/unit/test_net.c tests/unit/net_nodes.h
tests_unit_test_net_LDADD = framework/net/libnet.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_net_faults_SOURCES = tests/unit/test_net_faults.c tests/unit/net_nodes.h
tests_unit_test_net_faults_LDADD = framework/net/libnet.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_net_links
tests_unit_test_net_links_SOURCES = tests/unit/test_net_links.c tests/unit/net_nodes.h
tests_unit_test_net_links_LDADD = framework/net/libnet.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_address
tests_unit_test_address_SOURCES = tests/unit/test_address.c
tests_unit_test_address_LDADD = framework/net/libnet.la framework/base/libbase.la $(OPENSSL_LIBS) $(CMOCKA_LIBS)
