/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* runfile.h - a run file as two checked structures: what it says to every node of the run, and what [input] and [chat]
 * say, which is the client's alone.  Paths are resolved, every value is validated.  Called by plan_open; nothing here
 * touches a model, a plugin or a socket. */
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
typedef enum run_pooling { /* those of the model (model.h) behind RUN_POOLING_AUTO, in its order */
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
    char         *head; /* file of a linear head on the embedding; NULL                       */
    int           threads; /* 0: unset                                                        */
    bool          has_seed;
    uint64_t      seed;
    /* [approximation]: "PLUGIN" or "PLUGIN.VARIANT"; function[] NULL where only the default is said */
    char         *approximation_default;
    char         *function[PUMA_SLOT_COUNT];
    /* [plugins] */
    char         *plugin_directory; /* NULL                                                            */
    /* [numeric] */
    uint32_t      ring_bits, frac;
    bool          fixed;    /* arithmetic = fixed                                              */
    char         *ranges;   /* file of puma plan --measure; NULL                               */
    char         *material; /* file of puma deal; NULL                                       */
    size_t        batch_tokens; /* of the inputs that go through together, at most            */
    /* [generate] */
    size_t        max_new_tokens;
    run_decoding  decoding;
    double        temperature, top_p; /* of RUN_CLIENT, as is what follows                            */
    size_t        top_k;              /* 0: all                                                       */
    bool          has_sample_seed, stop_at_eos;
    uint64_t      sample_seed;
    /* [network] */
    run_transport transport;
    char         *address[PUMA_MAX_PARTIES]; /* party0 to party7; NULL                                  */
    char         *dealer;       /* its address; NULL                                               */
    char         *certificates; /* NULL                                                            */
    bool          allow_insecure;
    int           connect_timeout_ms, io_timeout_ms;
    int           bandwidth_mbps, round_trip_ms; /* of the emulated link; 0: none                        */
    link_speed    link; /* the real one, for predictions                                      */
    /* [weights] */
    run_source    source;
    uint64_t      synthetic_seed;
    /* [compare] */
    bool          reference_plain, compare_layers;
} runfile;

/* [input] and [chat] */
typedef struct runfile_input {
    run_input kind;
    char     *text, *text_pair, *file, *labels; /* file: of any kind that is one; labels: a file, NULL     */
    uint32_t *ids;
    size_t    id_count, limit; /* limit 0: all                                            */
    bool      truncate, parse_special;
    char     *messages;                    /* JSON that begins with `[`, else a path; "-": stdin      */
    char     *chat_template, *chat_system; /* NULL where the key does not stand                       */
} runfile_input;

/* Reads and checks.  `own`: NULL at a compute party, which reads nothing of [input] and [chat] (unknown keys are
 * refused all the same). */
puma_status runfile_open(runfile **r, runfile_input **own, const char *path, const char *const *sets,
                         size_t set_count, puma_error *e);
void        runfile_close(runfile *r);
void        runfile_input_close(runfile_input *own); /* wiped; NULL is allowed */
/* What parties must agree on, of what stands in the file: sorted "section.key=value\n" lines, malloc'd (NULL:
 * out of memory), for the HELLO.  No input, paths, addresses, certificates, timeouts, threads, reports or
 * pins; of a seed only a hash.  The content of `ranges` and what the plan decides are the plan's to add. */
char       *runfile_canonical(const runfile *r);
/* Does the run make an embedding: as its answer, or for the head that the run file brings? */
static inline bool runfile_embeds(const runfile *r) { return r->task == RUN_EMBED || r->head != NULL; }
/* The key of [input] that gives an input of this kind. */
const char *runfile_input_key(run_input kind);
/* The keys of [approximation], besides `default`. */
extern const char *const RUNFILE_SLOTS[PUMA_SLOT_COUNT];
/* "run.ini:7" of a key, or "--set section.key"; for error texts.  In a buffer that the thread's next call overwrites. */
const char *runfile_where(const runfile *r, const char *section, const char *key);

#endif
