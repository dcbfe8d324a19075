/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* world.c - see world.h */
#include "world.h"

#include "../support/certificates.h"
#include "ring/ring.h"

#include "../support/scratch.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_VALUES 256
#define BOUND 0.02 /* truncation of shares rounds at random: runs differ by some of these */

static double wanted[MOST_VALUES];
static size_t wanted_count;

double world_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

__attribute__((format(printf, 1, 2), noreturn)) static void give_up(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(99);
}

static const char config_json[] =
    "{\"model_type\":\"bert\",\"hidden_size\":16,\"num_hidden_layers\":1,\"num_attention_heads\":2,"
    "\"intermediate_size\":32,\"vocab_size\":32,\"max_position_embeddings\":32,\"type_vocab_size\":2,"
    "\"layer_norm_eps\":1e-12,\"hidden_act\":\"gelu\",\"initializer_range\":0.2}";

void world_open(world *w, const char *protocol, const char *transport)
{
    char        text[700];
    const char *path;
    puma_error  e = { 0 };

    *w = (world){ 0 };
    wanted_count = 0;
    make_scratch(NULL);
    put_text("config.json", config_json);
    snprintf(text, sizeof text,
             "[run]\nmodel = config.json\ntask = hidden\nprotocol = %s\nthreads = 1\n[weights]\nsource = "
             "synthetic:1\n"
             "[input]\nids = 1 2\n[approximation]\ndefault = puma\n[network]\ntransport = %s\n"
             "connect_timeout_ms = %d\nio_timeout_ms = %d\n",
             protocol, transport, WORLD_CONNECT_MS, WORLD_IO_MS);
    path = put_text("run.ini", text);
    if (client_open(&w->client, path, NULL, 0, CLIENT_ALL, &e) != PUMA_OK) give_up("%s", e.text);
    w->parties = w->client->plan->protocol->protocol->parties;
    if (w->client->plan->run->transport == RUN_TLS &&
        certificates_make(scratch, w->parties, 2, &e) != PUMA_OK)
        give_up("%s", e.text);
    ring_set_threads(1);
}

void world_close(world *w)
{
    client_close(w->client);
    remove_scratch(NULL);
}

const char *world_folder(void) { return scratch; }

uint32_t world_node(const world *w, uint32_t i) { return i < w->parties ? i : PUMA_CLIENT; }

typedef struct player {
    node_config config;
    node_result result;
    puma_error *error;
    double     *ended_s;
    pthread_t   thread;
} player;

static void *play(void *context)
{
    player *p = context;

    node_run(&p->config, &p->result, p->error);
    *p->ended_s = world_now();
    return NULL;
}

int world_listen(char *address, size_t room)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          size = sizeof a;
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        give_up("no listening socket");
    snprintf(address, room, "127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    return fd;
}

static void judge(const node_result *r, world_end *end)
{
    const exec_output *o = r->outputs;
    size_t             count = r->output_count > 0 ? o->rows * o->columns : 0;

    end->answered = count > 0 && o->values != NULL;
    if (!end->answered) return;
    if (count > MOST_VALUES) give_up("more values than there is room for");
    if (wanted_count == 0) {
        memcpy(wanted, o->values, count * sizeof *wanted);
        wanted_count = count;
    }
    end->right = count == wanted_count;
    for (size_t i = 0; i < count && end->right; i++) end->right = fabs(o->values[i] - wanted[i]) < BOUND;
}

void world_run(world *w, world_end *end)
{
    const plan *p = w->client->plan;
    bool        sockets = p->run->transport != RUN_MEMORY;
    player      all[PUMA_NODES] = { 0 };
    char        address[PUMA_NODES][32];
    net_hub    *hub = sockets ? NULL : net_hub_new();

    *end = (world_end){ 0 };
    for (uint32_t i = 0; i <= w->parties; i++) {
        all[i].config = (node_config){ .plan = p,
                                       .client = i == w->parties ? w->client : NULL,
                                       .self = world_node(w, i),
                                       .listen_fd = -1,
                                       .hub = hub,
                                       .certificates = scratch };
        all[i].error = &end->error[i];
        all[i].ended_s = &end->ended_s[i];
        if (sockets && i < w->parties) all[i].config.listen_fd = world_listen(address[i], sizeof address[i]);
    }
    for (uint32_t i = 0; i <= w->parties; i++) {
        for (uint32_t k = 0; sockets && k < w->parties; k++) all[i].config.address[k] = address[k];
        if (pthread_create(&all[i].thread, NULL, play, &all[i]) != 0) give_up("no thread");
    }
    for (uint32_t i = 0; i <= w->parties; i++) pthread_join(all[i].thread, NULL);
    judge(&all[w->parties].result, end);
    for (uint32_t i = 0; i <= w->parties; i++) node_result_free(&all[i].result);
    net_hub_free(hub);
}

const char *world_title(uint32_t node)
{
    static const char *const titles[PUMA_NODES] = {
        "P0", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "client"
    };

    return titles[node];
}

static bool has_word(const char *text, const char *word)
{
    size_t bytes = strlen(word);

    for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word))
        if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[bytes])) return true;
    return false;
}

bool world_names(const world *w, const char *text, uint32_t node)
{
    const puma_protocol *protocol = w->client->plan->protocol->protocol;
    char                 party[16];

    if (node == PUMA_CLIENT) return has_word(text, "client");
    if ((protocol->caps & PUMA_CAP_DEALER) != 0 && node == protocol->dealer) return has_word(text, "dealer");
    snprintf(party, sizeof party, "party %u", node);
    return has_word(text, party) || has_word(text, world_title(node));
}
