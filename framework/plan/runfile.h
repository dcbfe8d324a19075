/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* runfile.h - a run file as two checked structures: one for every node of the run, and one with [input] and
 * [chat], which only the client has.  Paths are resolved, every value is validated.  plan_open calls it;
 * nothing here touches a model, a plugin or a socket. */
#ifndef PLAN_RUNFILE_H
#define PLAN_RUNFILE_H

#include "base/error.h"
#include "ini/ini.h"
#include "plan/link.h"

#include <puma/approx.h>
#include <puma/host.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum run_task {
    RUN_EMBED,
    RUN_CLASSIFY,
    RUN_LOGITS,
    RUN_HIDDEN,
    RUN_GENERATE,
    RUN_PERPLEXITY,
    RUN_CLASSIFY_TOKENS,
    RUN_FILL_MASK
} run_task;
typedef enum run_input {
    RUN_NO_INPUT,
    RUN_TEXT,
    RUN_PROMPT_FILE,
    RUN_MESSAGES,
    RUN_IDS,
    RUN_FILE,
    RUN_IMAGE,
    RUN_PIXELS
} run_input;
typedef enum run_embedding { RUN_EMBEDDING_AUTO, RUN_ONEHOT, RUN_EQUALITY, RUN_DPF } run_embedding;
typedef enum run_source { RUN_CHECKPOINT, RUN_SYNTHETIC, RUN_SHARES } run_source;
typedef enum run_transport { RUN_MEMORY, RUN_TCP, RUN_TLS } run_transport;
typedef enum run_pooling { /* after RUN_POOLING_AUTO model.h's poolings, in the same order */
                           RUN_POOLING_AUTO,
                           RUN_CLS,
                           RUN_MAX,
                           RUN_MEAN,
                           RUN_MEAN_SQRT_LEN,
                           RUN_WEIGHTED_MEAN,
                           RUN_LAST_TOKEN
} run_pooling;
typedef enum run_choice { RUN_AUTO, RUN_NO, RUN_YES } run_choice;
typedef enum run_decoding { RUN_GREEDY, RUN_CLIENT } run_decoding;

typedef struct runfile {
    ini           file; /* kept for line numbers and plugins' sections; values of [input] and [chat] are wiped */
    /* [run] */
    char         *model;
    run_task      task;
    char         *protocol;
    char         *architecture;
    run_embedding embedding;
    run_pooling   pooling;
    run_choice    normalize;
    bool          reveal_label;
    char         *head; /* file of a linear head on the embedding, or NULL                     */
    int           threads; /* 0: unset                                                        */
    bool          has_seed;
    uint64_t      seed;
    /* [approximation]: "PLUGIN" or "PLUGIN.VARIANT"; function[] is NULL where only the default is given */
    char         *approximation_default;
    char         *function[PUMA_SLOT_COUNT];
    /* [plugins] */
    char         *plugin_directory; /* or NULL                                                           */
    /* [numeric] */
    uint32_t      ring_bits, frac;
    bool          fixed;    /* arithmetic = fixed                                              */
    bool          guard;    /* guard = rows: the receiver is told whether every row kept its range */
    char         *ranges;   /* file of puma plan --measure, or NULL                            */
    char         *material; /* file of puma deal, or NULL                                    */
    size_t        batch_tokens; /* the most tokens that go through in one pass                */
    /* [generate] */
    size_t        max_new_tokens;
    run_decoding  decoding;
    double        temperature, top_p; /* for RUN_CLIENT, as are the next ones                         */
    size_t        top_k;              /* 0: all                                                       */
    bool          has_sample_seed, stop_at_eos;
    uint64_t      sample_seed;
    /* [network] */
    run_transport transport;
    char         *address[PUMA_MAX_PARTIES]; /* party0 to party7, or NULL                               */
    char         *dealer;       /* its address, or NULL                                            */
    char         *certificates; /* or NULL                                                         */
    bool          allow_insecure;
    int           connect_timeout_ms, io_timeout_ms;
    int           bandwidth_mbps, round_trip_ms; /* of the emulated network; 0: none                     */
    link_speed    link; /* of the real network, for predictions                              */
    /* [weights] */
    run_source    source;
    uint64_t      synthetic_seed;
    /* [compare] */
    bool          reference_plain, compare_layers;
} runfile;

/* [input] and [chat] */
typedef struct runfile_input {
    run_input kind;
    char     *text, *text_pair, *file, *labels; /* file: for kinds that are files; labels: a file or NULL */
    uint32_t *ids;
    size_t    id_count, limit; /* limit 0: all                                            */
    bool      truncate, parse_special;
    char     *messages;                    /* JSON if it begins with `[`, else a path; "-": stdin     */
    char     *chat_template, *chat_system; /* NULL where the key is absent                             */
} runfile_input;

/* Reads and checks a run file.  `own` is NULL at a compute party, which takes nothing from [input] and
 * [chat]; unknown keys there are refused all the same. */
puma_status runfile_open(runfile **r, runfile_input **own, const char *path, const char *const *sets,
                         size_t set_count, puma_error *e);
/* The same from bytes; `name` is for messages and names the folder from which relative paths lead. */
puma_status runfile_parse(runfile **r, runfile_input **own, const char *name, const char *bytes, size_t size,
                          const char *const *sets, size_t set_count, puma_error *e);
void        runfile_close(runfile *r);
void        runfile_input_close(runfile_input *own); /* wipes it; NULL is allowed */
/* What nodes must agree on in this file, for the HELLO: sorted "section.key=value\n" lines, malloc'd (NULL:
 * out of memory).  Not in it: input, paths, addresses, certificates, timeouts, threads, reports and pins; of
 * a seed only a hash.  The plan adds the contents of `ranges` and its own choices. */
char       *runfile_canonical(const runfile *r);
/* Does the run compute an embedding, as its answer or as the input of a linear head? */
static inline bool runfile_embeds(const runfile *r) { return r->task == RUN_EMBED || r->head != NULL; }
/* The key of [input] that gives an input of this kind. */
const char *runfile_input_key(run_input kind);
/* The keys of [approximation], without `default`. */
extern const char *const RUNFILE_SLOTS[PUMA_SLOT_COUNT];
/* "run.ini:7" or "--set section.key", for error texts.  The buffer is overwritten by this thread's next
 * call. */
const char *runfile_where(const runfile *r, const char *section, const char *key);

#endif
