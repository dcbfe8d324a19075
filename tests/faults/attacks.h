/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* attacks.h (tests/faults) - what the peer of rogue.c says, case by case, and how the honest node must end */
#ifndef FAULTS_ATTACKS_H
#define FAULTS_ATTACKS_H

#include "peer.h"

#include <stdatomic.h>

#define ASKED 64    /* bytes of payload that the honest node waits for */
#define CONTROL 100 /* and the most that its control message may have  */
#define LINES "model=tiny\nring_bits=64\n"

typedef struct honest {
    net_config  config;
    puma_error  error;
    bool        busy; /* does not ask for anything until the peer has done */
    atomic_bool go;
    pthread_t   thread;
    double      ended_s;
} honest;

typedef struct scene scene;

typedef struct attack {
    const char *name;
    unsigned    code; /* at the honest node; 0: the run ends well */
    const char *says;
    void (*act)(scene *s);
    uint8_t  upto; /* the peer behaves up to this frame of the handshake; FRAME_DATA: and sends what is asked,
                    * *  FRAME_CONTROL: and the control message, FRAME_DONE: and the end  */
    /* of one_frame, where it differs from the next in order */
    uint8_t  type, phase;
    size_t   size;            /* bytes that are there            */
    uint64_t length, offset;  /* length 0: that of `size` */
    int      ahead;           /* of the number                */
    uint8_t  patch_at, patch; /* a byte of the header, under a right checksum; 0: none */
    const char *text;         /* of act                        */
    unsigned    number;
    bool        answers; /* the honest node calls the peer, not the peer it */
    bool        third;   /* P2 takes part as well, and never comes         */
    bool        busy;
    const char *role; /* whose certificate the peer shows; NULL: its own */
    int         over; /* TCP, TLS, or 0: both        */
} attack;

enum { TCP = 1, TLS = 2 };

struct scene {
    const attack *a;
    peer          p;
    honest        h;
    bool          tls;
    int           port, listen_fd; /* of the honest node, or of the peer that answers */
    const char   *lines;           /* what both say; NULL: LINES                      */
};

extern const attack ATTACKS[];
extern const size_t ATTACK_COUNT;

/* Of `act`, for cases that are made at run time. */
void attack_config(scene *s); /* CONFIG with the lines of a->text */
/* The peer goes along with all up to this frame. */
void attack_behave(scene *s, uint8_t upto);
/* What the peer says of more than any node can hold. */
bool attack_floods(const attack *a);

#endif
