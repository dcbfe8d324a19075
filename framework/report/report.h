/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* report.h - what a run cost and what its answer was: the report, as JSON and as a table.
 *
 * Every node counts for itself (report_party).  Compute parties send their part to the client as JSON; the
 * client adds up with report_merge.  Bytes are payload, without the sharing of weights, which is set-up.
 *
 * report/ knows only numbers and texts, no plan and no wire; run/ fills the report in, cli/ prints it. */
#ifndef REPORT_H
#define REPORT_H

#include "base/error.h"
#include "ring/rates.h"

#include <puma/approx.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct report_layer {
    char    *name, *op;
    uint64_t bytes, rounds;
    double   seconds;
} report_layer;

/* A step of generation: the prompt, or one more token.  Steps follow each other without a gap. */
typedef enum report_step { REPORT_PREFILL, REPORT_DECODE } report_step;
typedef struct report_phase {
    report_step step;
    uint64_t    tokens, bytes, rounds;
    double      seconds;
} report_phase;

/* One node's part.  Start from {0}. */
typedef struct report_party {
    uint32_t node;   /* a party's number or PUMA_CLIENT                                 */
    bool     dealer; /* shown as "dealer"                                              */
    bool     ahead;  /* runs ahead of the others: its times and depths say nothing of a layer's    */
    uint64_t sent_bytes, received_bytes, sent_bytes_offline, messages;
    double   cpu_s;
    uint64_t peak_rss_bytes;
    uint64_t rounds, online_rounds;     /* depth of what it received                                      */
    double   wall_s, waited_s, setup_s; /* waited: for the dealer or P0                                   */
    uint64_t setup_bytes;               /* sent                                                           */
    bool     has_digests;               /* with a fixed seed                                              */
    uint8_t  digest[PUMA_NODES][32];    /* SHA-256 of the payload sent to each node                       */
    report_layer *layers;
    size_t        layer_count;
    report_phase *phases; /* for generation */
    size_t        phase_count;
    ring_work     setup_work, work; /* in a rehearsal: what its kernels would do; not sent            */
} report_party;

/* Appends one layer; copies the strings. */
puma_status report_add_layer(report_party *p, const char *name, const char *op, uint64_t bytes,
                             uint64_t rounds, double seconds, puma_error *e);
puma_status report_add_phase(report_party *p, const report_phase *phase, puma_error *e);
void        report_party_free(report_party *p); /* frees its contents */
/* The part as a control message, malloc'd; NULL when out of memory. parse: a peer's text, all of it checked;
 * PUMA_ENET. */
char       *report_party_json(const report_party *p);
puma_status report_party_parse(report_party *p, const char *text, puma_error *e);

typedef enum report_kind {
    REPORT_EMBEDDING,
    REPORT_LOGITS,
    REPORT_HIDDEN,
    REPORT_TOKENS,
    REPORT_PERPLEXITY,
    REPORT_TOKEN_LABELS, /* logits and a label for each token */
    REPORT_MASKS
} report_kind;

/* One of the words that could replace a mask. */
#define REPORT_CANDIDATES 5
typedef struct report_candidate {
    uint32_t token;
    double   logit, probability;
    char    *text; /* UTF-8; NULL: no tokenizer */
} report_candidate;
typedef struct report_mask {
    size_t           position, count;
    report_candidate candidates[REPORT_CANDIDATES]; /* the most probable first */
} report_mask;

/* The meaning of classify's logits. */
typedef enum report_meaning {
    REPORT_NO_MEANING,  /* none; `label` alone, if there is one                              */
    REPORT_ONE_LABEL,   /* the label, and with logits the labels' probabilities      */
    REPORT_MANY_LABELS, /* each label's own probability; those above 0.5 apply     */
    REPORT_VALUE        /* the numbers themselves                                   */
} report_meaning;

/* The answer to one input.  Everything belongs to the caller. */
typedef struct report_output {
    report_kind     kind;
    const double   *values;        /* rows x columns; NULL when only the label was revealed           */
    size_t          rows, columns; /* rows: 1, or for hidden the number of tokens                     */
    report_meaning     meaning;       /* for classify                                                    */
    const char *const *label_names;   /* `columns` of them or more; NULL: none                           */
    int64_t         label;         /* for classify; -1: none                                          */
    int64_t         reference_label, given_label; /* plaintext's, and the one in [input] labels; -1: none */
    const uint32_t *tokens;        /* for REPORT_TOKENS: the new ones                                 */
    size_t          token_count;
    const char     *text; /* the tokens as text, UTF-8; NULL: no tokenizer                     */
    size_t          text_size;
    double          ulp;        /* how far rounding may set equal logits apart; see report_top1   */
    double          perplexity; /* for REPORT_PERPLEXITY                                            */
    const report_mask *masks;      /* for REPORT_MASKS                                                 */
    size_t             mask_count;
    size_t          sequence_length;
} report_output;

/* The distance at one place in the model, the largest of all inputs. */
typedef struct report_distance {
    double max_abs_error, cosine;
} report_distance;

typedef struct report_fidelity {
    bool   present;
    bool   has_distance;             /* values were revealed by both; else the next two are null        */
    bool   has_cosine;               /* an answer of one number has no direction                        */
    double max_abs_error, cosine;    /* the worst output's                                              */
    double top1_agreement, accuracy; /* fractions; negative: not applicable (null)                      */
    double perplexity, reference_perplexity; /* of all inputs together; 0: not applicable (left out)     */
    report_distance *layers;         /* with [compare] layers: before the first layer and after each,
                                        malloc'd, freed with the report; else NULL                      */
    size_t layer_count;
} report_fidelity;

typedef struct report {
    /* filled in by the caller */
    const char *puma_version, *protocol, *model, *task;
    const char *function[PUMA_SLOT_COUNT]; /* "puma.gelu"; NULL: not used                            */
    const char *caution[PUMA_SLOT_COUNT];  /* its caution; NULL: none                                 */
    size_t      sequence_length;
    const report_output *outputs;
    size_t               output_count;
    bool                 rehearsal; /* a prediction: no outputs and no times                        */
    bool                 many;      /* `outputs`, an array, in place of `output`              */
    report_fidelity      fidelity;
    /* Filled in by report_merge; `parties` remain the caller's. */
    const report_party  *parties;
    size_t               party_count;
    uint64_t      total_bytes, offline_bytes, online_bytes, client_bytes, setup_bytes, rounds, online_rounds;
    double        wall_s, online_s, setup_s;
    report_layer *layers;
    size_t        layer_count;
    report_phase *phases;
    size_t        phase_count;
    char          transcript_sha256[65]; /* empty: no fixed seed                                   */
} report;

/* Adds up.  Bytes are sums, rounds and seconds maxima; wall_s is the client's where it is among `parties`,
 * online_s = wall_s minus the longest wait for the dealer or P0.  Layers are matched by name and op, in the
 * order of the first party.  Phases are added up one by one: a phase's rounds are the growth of the longest
 * chain of messages, so that they sum to `rounds`; its seconds are the client's where it is there.  PUMA_ENET
 * when parties took different steps. */
puma_status report_merge(report *r, const report_party *parties, size_t count, puma_error *e);
void        report_free(report *r); /* frees what report_merge made, and fidelity.layers */

/* The whole report, indented, with a newline at the end; malloc'd.  NULL when out of memory or a value is not
 * a number. */
char *report_json(const report *r);
/* Writes "35.3 MB" into `text` and returns it. */
const char *report_amount(char text[24], uint64_t bytes);
/* Prints for people: parties, bytes, rounds, seconds, layers added up by op, tokens per second. */
void  report_table(FILE *out, const report *r);

/* --- distance from a reference ---------------------------------------------------------------- */
double report_max_abs_error(const double *x, const double *y, size_t n); /* NaN when either holds one */
double report_cosine(const double *x, const double *y, size_t n); /* 0 when either is 0; 1 when both are    */
/* The index of the largest; the first of those that are at most `ulp` below it, which may be due to
 * rounding. */
size_t report_top1(const double *x, size_t n, double ulp);

/* --- labels ----------------------------------------------------------------------------------- */
/* The probability of label i of n: with REPORT_ONE_LABEL by softmax, with REPORT_MANY_LABELS by the logistic
 * function. */
double      report_probability(report_meaning meaning, const double *logits, size_t n, size_t i);
/* The i-th name where there is one (the caller's text), else LABEL_i, written into `room` of `size` bytes. */
const char *report_label_name(const report_output *o, size_t i, char *room, size_t size);

#endif
