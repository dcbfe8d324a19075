/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_hello.c - the content of HELLO, CONFIG and ROSTER, right ones with some bytes changed or any bytes at
 * all, and two sets of lines compared. */
#include "fuzz_wire.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    wire_make_peers();
    return 0;
}

static frame *any_frame(fuzz_feed *f, frame_type type)
{
    size_t size = fuzz_left(f);
    frame *made = frame_copy(type, size == 0 ? (const uint8_t *)"" : f->at, size);

    FUZZ_CHECK(made != NULL);
    return made;
}

static void check_hello(const net *n, const frame *f)
{
    puma_error e = { 0 };
    uint32_t   from = PUMA_NODES;
    uint8_t    nonce[32];
    bool       malformed = false;

    fuzz_check_error(hello_read(n, f, "address", &from, nonce, &malformed, &e), &e);
    if (e.status == PUMA_OK)
        FUZZ_CHECK(from < PUMA_NODES && from != n->config.self && n->config.present[from]);
}

static void check_config(net *n, uint32_t peer, const frame *f)
{
    puma_error e = { 0 };

    if (hello_config_read(n, peer, f, &e) == PUMA_OK) {
        FUZZ_CHECK(n->links[peer].text != NULL);
        if (peer == PUMA_CLIENT)
            hello_adopt(n, &e);
        else if ((n->full = strdup(n->hello)) != NULL)
            hello_compare(n, peer, &e);
    }
    fuzz_check_error(e.status, &e);
}

static void check_roster(net *n, uint32_t peer, const frame *f)
{
    puma_error e = { 0 };

    for (uint32_t i = 0; i < PUMA_NODES; i++) {
        uint8_t node = (uint8_t)wire_number(i);

        if (n->config.present[i]) FUZZ_CHECK(hello_derive(n->nonce[i], wire_seed, &node, 1, "nonce"));
    }
    fuzz_check_error(hello_roster_read(n, peer, f, &e), &e);
    n->full = strdup(n->hello);
    if (e.status == PUMA_OK) {
        FUZZ_CHECK(hello_finish(n, &e));
        FUZZ_CHECK(net_input(n, "input.none") == NULL);
    }
}

/* Any two sets of lines, one of them sent. */
static void check_lines(const wire_cast *cast, uint32_t self, uint32_t peer, fuzz_feed *f)
{
    size_t      size[2];
    const char *part[2];
    char       *text[2];
    net        *n, other = { 0 };
    frame      *sent;

    for (int i = 0; i < 2; i++) {
        part[i] = fuzz_part(f, &size[i]);
        text[i] = strndup(part[i] == NULL ? "" : part[i], size[i]);
        FUZZ_CHECK(text[i] != NULL);
    }
    n = wire_new(cast, self, &memory_transport, text[0]);
    other.full = text[1];
    sent = hello_config(&other);
    FUZZ_CHECK(sent != NULL);
    check_config(n, peer, sent);
    frame_free(sent);
    wire_free(n);
    free(text[0]);
    free(text[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed        f = { data, data + size };
    size_t           k = fuzz_below(&f, WIRE_CASTS);
    const wire_cast *cast = &wire_casts[k];
    unsigned         kind = fuzz_byte(&f), nodes = fuzz_byte(&f);
    uint32_t         self = wire_node_of(cast, nodes & 15), peer = wire_node_of(cast, nodes >> 4);
    frame_type       type = (frame_type)(FRAME_HELLO + kind % 4);
    frame           *sent;
    net             *n;

    if (self == peer) return 0;
    if (type == FRAME_READY) {
        check_lines(cast, self, peer, &f);
        return 0;
    }
    n = wire_new(cast, self, &memory_transport, wire_lines(cast, self));
    sent = kind & 64 ? any_frame(&f, type) : wire_right_frame(wire_peers[k][peer], type, self);
    FUZZ_CHECK(sent != NULL);
    if (!(kind & 64)) wire_change(sent, &f, 8);
    if (type == FRAME_HELLO)
        check_hello(n, sent);
    else if (type == FRAME_CONFIG)
        check_config(n, peer, sent);
    else
        check_roster(n, peer, sent);
    frame_free(sent);
    wire_free(n);
    return 0;
}
