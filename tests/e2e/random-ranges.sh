#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# random-ranges.sh - random checkpoints that leave their family's ranges: none is answered silently wrong, and none ends in
# another way than with an answer or with 11.  bench/ranges/silent.py says how they are made and judged, and runs more of them.
set -u
cases=60
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

TMPDIR=$work python3 "${PUMA_SRCDIR:-.}/bench/ranges/silent.py" --puma "${PUMA_BUILDDIR:?}/puma" --count $cases --seed 32 --jobs 2 --lines "$work/lines" >"$work/said"
code=$?
cat "$work/said"
[ $code -le 1 ] || echo "FAIL silent.py ends with $code"
judged=$(wc -l <"$work/lines")
failed=$(grep -cE '"outcome": "(wrong|other)"' "$work/lines")
# a program that refused everything would not be wrong either
answered=$(grep -c '"outcome": "right"' "$work/lines")
[ "$answered" -ge $((cases / 2)) ] || { echo "FAIL only $answered of $cases are answered"; failed=$((failed + 1)); }
[ "$judged" -eq $cases ] || failed=$((failed + cases - judged))
passed=$((cases > failed ? cases - failed : 0))
echo "random-ranges: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ $code -eq 0 ]
