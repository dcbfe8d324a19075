#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# plan-shown.sh - what puma plan says of a run, for people and as JSON, which options go together, and how the options of
# functions are checked: before a socket is opened
set -u
export LC_ALL=C
puma=${PUMA_BUILDDIR:?}/puma
models=${PUMA_SRCDIR:?}/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/plan-shown.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp"
export TMPDIR=$work/tmp
passed=0 failed=0

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}

# run_file MODEL TASK INPUT LINES...: writes run.ini; LINES may begin sections
run_file() {
    printf '[run]\nmodel = %s\ntask = %s\nprotocol = rep3\n[weights]\nsource = synthetic:1\n[input]\n%s\n' "$1" "$2" "$3" >"$work/run.ini"
    shift 3
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$work/run.ini"
}
# shows PATTERN ARGUMENTS...: exit 0 and a line with PATTERN (an extended expression)
shows() {
    local pattern=$1
    shift
    if timeout 60 "$puma" plan "$@" >"$work/out" 2>"$work/err" && grep -Eq -e "$pattern" "$work/out"; then passed=$((passed + 1))
    else fail "plan $*: no '$pattern': $(head -c 200 "$work/err")"; fi
}
# lacks PATTERN: not in what was shown last
lacks() { if grep -Eq -e "$1" "$work/out"; then fail "'$1' is shown"; else passed=$((passed + 1)); fi; }
# bad CODE PATTERN ARGUMENTS...
bad() {
    local want=$1 pattern=$2 code
    shift 2
    timeout 60 "$puma" plan "$@" >"$work/out" 2>"$work/err"
    code=$?
    if [ $code -eq $((want / 100)) ] && [ ! -s "$work/out" ] && grep -q -e "error E0*$want: .*$pattern" "$work/err"; then passed=$((passed + 1))
    else fail "plan $*: exit $code, '$(head -c 300 "$work/out" "$work/err")', not E$want $pattern"; fi
}

# --- what was chosen
run_file "$models/bert-tiny" hidden 'ids = 1 2 3 4 5'
shows '^model +bert: ' "$work/run.ini"
shows '^protocol +rep3 ' "$work/run.ini"
shows '^embedding +(dpf|equality|onehot)' "$work/run.ini"
shows '^input 0 +5 tokens' "$work/run.ini"
lacks 'predicted at'
lacks '^generation|^decoding'
shows '"input_tokens": \[' "$work/run.ini" --json
lacks '"generate"'
lacks '"prediction"'

# --- seconds on a link
apart='--set network.party0=127.0.0.1:9001 --set network.party1=127.0.0.1:9002 --set network.party2=127.0.0.1:9003'
shows 'predicted at 5000 Mbit/s and a round trip of 1 ms, all parties on this machine \([0-9]+ cores?\):' "$work/run.ini" --link lan
shows 'predicted at 400 Mbit/s and a round trip of 40 ms, each party on a machine like this one:' "$work/run.ini" --link wan $apart
shows '  seconds [0-9.]+ \(rounds [0-9.]+, bytes [0-9.]+, compute [0-9.]+\)' "$work/run.ini" --link wan
shows '"round_trip_ms": 40.0' "$work/run.ini" --link wan --json
lacks 'predicted at'
shows 'no seconds: plain is one process' "$work/run.ini" --link wan --set run.protocol=plain
shows '"input_tokens"' "$work/run.ini" --link wan --set run.protocol=plain --json
lacks '"prediction"|no seconds'
shows 'predicted at 100 Mbit/s' "$work/run.ini" --set network.link=100mbit,5ms

# --- generation
run_file "$models/llama-tiny" generate 'ids = 1 2 3' '[generate]' 'max_new_tokens = 4'
shows '^new tokens +(at most )?4$' "$work/run.ini"
shows '^decoding +greedy' "$work/run.ini"
shows '"decoding": "greedy"' "$work/run.ini" --json
shows '"max_new_tokens": 4' "$work/run.ini" --json
lacks '"temperature"'
sampled='--set generate.decoding=client --set generate.temperature=0.5 --set generate.top_p=0.9'
shows 'top_k all of [0-9]+, top_p 0\.9' "$work/run.ini" $sampled
shows '^decoding +client: .*temperature 0\.5, top_k 7, top_p 0\.9$' "$work/run.ini" $sampled --set generate.top_k=7
lacks 'all of '
shows '"top_k": 7' "$work/run.ini" $sampled --set generate.top_k=7 --json

# --- options of functions
bad 301 'absent.ini' "$work/absent.ini"
shows '^silu +puma\.silu \(max error 0\.073; ' "$work/run.ini" --set approximation.default=puma
shows '' "$work/run.ini" --set approximation.default=puma --set plugin.puma.silu_knot0=-7.5 --set plugin.puma.silu_knot1=-3.5
for value in five 17 -16.5 '' nan 1x; do bad 313 "silu_knot0: not a number in its range (got $value, limit -16 to 16)" "$work/run.ini" --set approximation.default=puma --set "plugin.puma.silu_knot0=$value"; done
bad 313 'the knots of silu do not ascend: 9, -4' "$work/run.ini" --set approximation.default=puma --set plugin.puma.silu_knot0=9
bad 313 'the knots of silu do not ascend: -8, -8' "$work/run.ini" --set approximation.default=puma --set plugin.puma.silu_knot1=-8
bad 309 'silu_knot3' "$work/run.ini" --set approximation.default=puma --set plugin.puma.silu_knot3=5

# --- options of the command
bad 205 'a run file or --model: one of the two'
bad 205 'a run file or --model: one of the two' "$work/run.ini" --model "$models/bert-tiny"
bad 206 '--link: not a link (got nonsense;' "$work/run.ini" --link nonsense
bad 203 '--link and --measure exclude each other' "$work/run.ini" --link wan --measure "$work/ranges.ini"
bad 206 '--measure needs a run file' --model "$models/bert-tiny" --measure "$work/ranges.ini"
bad 206 '--seq: not a number of tokens (got 0, limit 1 to 8192)' --model "$models/bert-tiny" --seq 0
bad 206 '--layers: not a number of layers (got x' --model "$models/bert-tiny" --layers x
bad 402 'absent' --model "$work/absent"
shows '^model .* 1 layers' --model "$models/bert-tiny" --seq 8 --layers 1
shows '^pictures +' --model "$models/vit-tiny" --layers 1
if [ -z "$(ls -A "$TMPDIR")" ]; then passed=$((passed + 1)); else fail 'folders of made runs are left'; fi

echo "plan-shown: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
