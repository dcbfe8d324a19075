/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* panels_body.h - a product with many rows: packed panels, and a kernel that lives in registers.  Included
 * by kernels_body.h once for each width of word; the words' low WIDTH bits are all that a product mod
 * 2^WIDTH needs.
 *
 * A panel is HIGH rows of A or COLUMNS columns of B over at most KC steps of K: a header of one word a row
 * (column), then step after step one word a row (column).  The inner kernel gives
 *     out[r][c] = A.header[r] + B.header[c] + sum over the steps of a[r] b[c].
 * With PAIRED it takes steps two at a time and multiplies once (Winograd, "A new algorithm for inner
 * product", IEEE Trans. Computers C-17, 1968), which holds in any commutative ring:
 *     a0 b0 + a1 b1 = (a1 + b0) (a0 + b1) - a0 a1 - b0 b1.
 * Sums of the last two terms depend on one operand only: the headers are minus these.  A rest of one step
 * is paired with zeros.  Else headers are 0 and not read. */

#define KC (PANEL_DEEP - 1)            /* steps of K between two passes over C                         */
#define DEEP PANEL_DEEP                /* words of a row or column in a panel                          */
#define MC (TILE_ROWS / HIGH * HIGH)   /* rows of A kept packed: half of an L2 cache                   */
#define NC (PANEL_WIDE / sizeof(WORD)) /* columns of B packed together: four cache lines of B          */
#define AHEAD 8                        /* steps between a row of B that is packed and the one fetched  */

/* Rows [i, i + rows), steps [k, k + steps) of A; 0 where there is no row. */
FN void W(pack_a)(WORD *to, const ring_product *p, size_t i, size_t rows, size_t k, size_t steps)
{
    for (size_t r = 0; r < HIGH; r++) {
        const uint64_t *from = p->a + (i + r) * p->k + k;
        WORD           *at = to + HIGH + r;
        uint64_t        own = 0;

        if (r < rows) {
            for (size_t s = 0; s < steps; s++) at[s * HIGH] = (WORD)from[s];
            for (size_t s = 0; PAIRED && s + 1 < steps; s += 2) own += from[s] * from[s + 1];
        } else {
            for (size_t s = 0; s < steps; s++) at[s * HIGH] = 0;
        }
        if (PAIRED && steps % 2 != 0) at[steps * HIGH] = 0;
        to[r] = (WORD)(0 - own);
    }
}

/* Columns [j, j + columns) of B, steps [k, k + steps); a panel begins every COLUMNS * DEEP words; 0 where
 * there is no column. */
FN void W(pack_columns)(WORD *to, const ring_product *p, size_t j, size_t columns, size_t k, size_t steps)
{
    size_t padded = (columns + COLUMNS - 1) / COLUMNS * COLUMNS;

    for (size_t c = 0; c < padded; c++) {
        const uint64_t *from = p->b + (j + c) * p->k + k;
        WORD           *header = to + c / COLUMNS * COLUMNS * DEEP + c % COLUMNS, *at = header + COLUMNS;
        uint64_t        own = 0;

        if (c < columns) {
            for (size_t s = 0; s < steps; s++) at[s * COLUMNS] = (WORD)from[s];
            for (size_t s = 0; PAIRED && s + 1 < steps; s += 2) own += from[s] * from[s + 1];
        } else {
            for (size_t s = 0; s < steps; s++) at[s * COLUMNS] = 0;
        }
        if (PAIRED && steps % 2 != 0) at[steps * COLUMNS] = 0;
        *header = (WORD)(0 - own);
    }
}

/* The same where rows of B are rows of memory: two at a time, across the panels, of which B and *p are no part. */
FN void W(pack_rows)(WORD *restrict to, const ring_product *p, size_t j, size_t columns, size_t k, size_t steps)
{
    static const uint64_t none[NC];

    for (size_t c = 0; c < columns; c += COLUMNS) memset(to + c * DEEP, 0, COLUMNS * sizeof *to);
    for (size_t s = 0; s < steps; s += 2) {
        const uint64_t *even = p->b + (k + s) * p->n + j, *odd = s + 1 < steps ? even + p->n : none;

        /* Rows of B are pages apart, where the CPU fetches nothing by itself. */
        for (size_t c = 0; c < columns && s + AHEAD + 1 < steps; c += 8) {
            __builtin_prefetch(even + AHEAD * p->n + c);
            __builtin_prefetch(odd + AHEAD * p->n + c);
        }
        for (size_t c = 0; c < columns; c += COLUMNS) {
            WORD  *header = to + c * DEEP, *at = header + (1 + s) * COLUMNS;
            size_t wide = columns - c < COLUMNS ? columns - c : COLUMNS;

            if (wide < COLUMNS) memset(at, 0, 2 * COLUMNS * sizeof *at);
            if (wide == COLUMNS) { /* a constant number: vectors */
                for (size_t l = 0; l < COLUMNS; l++) at[l] = (WORD)even[c + l];
                for (size_t l = 0; l < COLUMNS; l++) at[COLUMNS + l] = (WORD)odd[c + l];
            } else {
                for (size_t l = 0; l < wide; l++) at[l] = (WORD)even[c + l];
                for (size_t l = 0; l < wide; l++) at[COLUMNS + l] = (WORD)odd[c + l];
            }
#if PAIRED
            store(header, load(header) - times(load(at), load(at + COLUMNS)));
#endif
        }
    }
}

/* C[i..][j..] += or -= the `rows` x `columns` corner of out. */
INLINE void W(add_out)(const ring_product *p, size_t i, size_t rows, size_t j, size_t columns,
                       const WORD *out)
{
    for (size_t r = 0; r < rows; r++, out += COLUMNS) {
        uint64_t *c = p->c + (i + r) * p->n + j;

        if (columns == COLUMNS)
            for (size_t l = 0; l < COLUMNS; l++) c[l] += (out[l] ^ p->flip) - p->flip;
        else
            for (size_t l = 0; l < columns; l++) c[l] += (out[l] ^ p->flip) - p->flip;
    }
}

/* Rows [i0, i0 + rows), whose panels lie at `a`, and columns [j0, j0 + columns), at `b`. */
FN void W(block)(const ring_product *p, const WORD *a, const WORD *b, size_t i0, size_t rows, size_t j0,
                 size_t columns, size_t steps)
{
    WORD out[HIGH * COLUMNS] __attribute__((aligned(64)));

    for (size_t i = 0; i < rows; i += HIGH)
        for (size_t j = 0; j < columns; j += COLUMNS) {
            size_t high = rows - i < HIGH ? rows - i : HIGH,
                   wide = columns - j < COLUMNS ? columns - j : COLUMNS;

            W(inner)(out, a + i * DEEP, b + j * DEEP, steps);
            W(add_out)(p, i0 + i, high, j0 + j, wide, out);
        }
}

FN void W(many_rows)(const ring_product *p, size_t i0, size_t i1, size_t j0, size_t j1)
{
    /* A's first, then B's on a line of their own: the other way round costs a twentieth. */
    WORD *a = p->panels, *b = a + (MC * DEEP * sizeof(WORD) + PANEL_LINE - 1) / PANEL_LINE * PANEL_LINE / sizeof(WORD);

    static_assert((MC + NC) * DEEP * sizeof(WORD) + PANEL_LINE <= PANEL_ROOM, "both fit");

    for (size_t k = 0; k < p->k; k += KC) {
        size_t steps = p->k - k < KC ? p->k - k : KC;

        for (size_t i = i0; i < i1; i += MC) {
            size_t rows = i1 - i < MC ? i1 - i : MC;

            for (size_t r = 0; r < rows; r += HIGH)
                W(pack_a)(a + r * DEEP, p, i + r, rows - r < HIGH ? rows - r : HIGH, k, steps);
            for (size_t j = j0; j < j1; j += NC) {
                size_t columns = j1 - j < NC ? j1 - j : NC;

                if (p->transposed)
                    W(pack_columns)(b, p, j, columns, k, steps);
                else
                    W(pack_rows)(b, p, j, columns, k, steps);
                W(block)(p, a, b, i, rows, j, columns, steps);
            }
        }
    }
}

#undef KC
#undef DEEP
#undef MC
#undef NC
#undef AHEAD
#undef WIDTH
#undef WORD
#undef HIGH
#undef COLUMNS
#undef PAIRED
