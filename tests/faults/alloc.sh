#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# alloc.sh - the k-th allocation fails, of the program's own and of its libraries': the answer, or exit 10 with one line (row F2)
#
# Here for k at random (FAULTS_SEED, printed); FAULTS_LONG=1, `make check-alloc`: every k, once and persistent.  One k again:
#     SHIM=BUILD/tests/faults/.libs/shim.so BUILD/tests/faults/starve --replay K -- puma ...
. "$(dirname "$0")/starved.sh"
seed=${FAULTS_SEED:-$(date +%Y%m)}
echo "seed $seed"
torture() { # RUNS OPTIONS -- COMMAND: RUNS at random, once and persistent
    local often=(--random "$1" --seed "$seed")
    shift
    [ -z "${FAULTS_LONG-}" ] || often=(--step 1)
    count "$starve" "${often[@]}" "$@"
    [ -n "${FAULTS_LONG-}" ] || often[1]=$((often[1] / 2))
    count "$starve" "${often[@]}" --ever "$@"
}
torture 60 -- "$puma" tokenize . aab
torture 30 -- "$puma" plugins
torture 30 -- "$puma" plan plain.ini
torture 60 --answer -- "$puma" run run.ini
torture 60 --answer -- "$puma" run run.ini --set run.protocol=beaver2
torture 20 --answer -- "$puma" run run.ini --set run.threads=2
torture 30 --fresh "$work/keys" -- "$puma" keygen --out "$work/keys"
summary
