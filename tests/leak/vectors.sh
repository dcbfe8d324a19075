#!/usr/bin/env bash
# vectors.sh - rep3 equals its formulas: the built plugin, and comparisons with digits of one to five bits
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PUMA_BUILDDIR/tests/leak/test_vectors" "$PUMA_BUILDDIR/.libs/rep3.so" 6
for digit in 1 2 3 4 5; do
    ${CC:-cc} -std=c17 -D_GNU_SOURCE -O1 -fPIC -shared -DREP3_DIGIT=$digit -I"$PUMA_SRCDIR/include" \
        "$PUMA_SRCDIR"/plugins/protocol/rep3/*.c -o "$work/rep3.so" -lm
    "$PUMA_BUILDDIR/tests/leak/test_vectors" "$work/rep3.so" $digit
done
