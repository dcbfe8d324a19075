#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# bench.sh - puma bench: bytes and rounds of operations are those of doc/rep3.md (times are never asserted)
set -u
puma=${PUMA_BUILDDIR:?}/puma
passed=0 failed=0

expect() { # operation offline online rounds
    local got
    got=$("$puma" bench --op "$1" --n 1024 | awk 'NR == 2 { print $3, $4, $5 }')
    if [ "$got" = "$2 $3 $4" ]; then echo "ok   $1: $got"; passed=$((passed + 1))
    else echo "FAIL $1: got '$got', expected '$2 $3 $4'"; failed=$((failed + 1)); fi
}

expect product       5.75 16.00 1       # 46 offline, 2 * 64 online: 64 bits truncated by 18, narrow
expect product-exact 10.25 32.00 2      # 64 + 18 offline, 2 * 64 + 2 * 64 online
"$puma" bench --op nonsense >/dev/null 2>&1
if [ $? -eq 2 ]; then passed=$((passed + 1)); else echo "FAIL unknown operation"; failed=$((failed + 1)); fi
if "$puma" bench --model "${PUMA_SRCDIR:?}/tests/golden/models/bert-tiny" --seq 8 --layers 1 --set network.transport=memory --json |
    grep -q '"rounds": [1-9]'; then passed=$((passed + 1)); else echo "FAIL model"; failed=$((failed + 1)); fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
