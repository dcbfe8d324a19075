/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* puma/status.h - what a call can return.  A status is also the exit code of the program, so that the class
 * of a failure shows wherever it happened; the manual lists the codes of each class. */
#ifndef PUMA_STATUS_H
#define PUMA_STATUS_H

#define PUMA_STATUSES(X)                                                        \
    X(PUMA_OK, 0, "ok")                                                         \
    X(PUMA_EUSAGE, 2, "usage")                                                  \
    X(PUMA_ECONFIG, 3, "configuration")                                         \
    X(PUMA_EMODEL, 4, "model file")                                             \
    X(PUMA_EINPUT, 5, "tokenizer or input")                                     \
    X(PUMA_EPLUGIN, 6, "plugin")                                                \
    X(PUMA_ENET, 7, "peer or network")                                          \
    X(PUMA_ETLS, 8, "TLS or identity")                                          \
    X(PUMA_EDISAGREE, 9, "parties disagree")                                    \
    X(PUMA_ERESOURCE, 10, "resource")                                           \
    X(PUMA_ENUMERIC, 11, "numeric range")                                       \
    X(PUMA_ECHEAT, 12, "a party cheated")                                       \
    X(PUMA_EINTERNAL, 70, "internal")

typedef enum puma_status {
#define X(name, value, text) name = value,
    PUMA_STATUSES(X)
#undef X
} puma_status;

#endif
