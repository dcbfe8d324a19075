#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# vectors.sh - rep3 equals its formulas: the built plugin, and comparisons with other digits and joints
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PUMA_BUILDDIR/tests/leak/test_vectors" "$PUMA_BUILDDIR/.libs/rep3.so" 0
for cut in 1x6 2x3 3x4 4x2 5x5 6x3 8x2; do
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -fPIC -shared -DMASKED_DIGIT=${cut%x*} -DMASKED_GROUP=${cut#*x} -I"$PUMA_SRCDIR/include" \
        "$PUMA_SRCDIR"/plugins/protocol/{masked,rep3}/*.c -o "$work/rep3.so" -lm -lcrypto
    "$PUMA_BUILDDIR/tests/leak/test_vectors" "$work/rep3.so" $cut
done
