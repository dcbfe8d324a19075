#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# wire.sh - what each kind of run sends with a fixed seed is what it sent before: wire.txt keeps the digest of all payload, the bytes
# (all, offline, of the client, of set-up) and the rounds (all, online) of every run below.
#
#   wire.sh            compares; a line that differs is shown
#   wire.sh --write    writes wire.txt, for a change that is meant to send something else: its commit says why
#
# A change that only moves code leaves the file alone.  Digests of plugins are part of HELLO, not of the payload.
set -u
here=$(realpath "${PUMA_SRCDIR:-$(dirname "$0")/../..}")/tests/golden
puma=$(realpath "${PUMA_BUILDDIR:-.}")/puma
work=$(mktemp -d "${TMPDIR:-/tmp}/wire.XXXXXX")
trap 'rm -rf "$work"' EXIT
now=$work/wire.txt

# send NAME MODEL TASK KEY=VALUE...: one line for each protocol
send() {
    local name=$1 model=$2 task=$3 protocol sets=()
    shift 3
    for set in "$@"; do sets+=(--set "$set"); done
    for protocol in ${protocols:-rep3 beaver2}; do
        printf '[run]\nmodel = %s\ntask = %s\nprotocol = %s\nseed = insecure:7\nthreads = 1\n[network]\ntransport = memory\n[input]\n%s\n' \
            "$here/$model" "$task" "$protocol" "$input" >"$work/run.ini"
        if "$puma" run "$work/run.ini" --json "${sets[@]}" >"$work/report.json" 2>"$work/err"; then
            { echo -n "$name $task $protocol"
              for key in transcript_sha256 total_bytes offline_bytes client_bytes setup_bytes rounds online_rounds; do
                  sed -n "s/^ *\"$key\": \"\\{0,1\\}\\([0-9a-f]*\\)\"\\{0,1\\},\\{0,1\\}\$/ \\1/p" "$work/report.json" | head -1 | tr -d '\n'
              done
              echo; } >>"$now"
        else
            echo "$name $task $protocol $(head -1 "$work/err")" >>"$now"
        fi
    done
}

printf 'In the beginning was the word\nno\nand the word was with them\n' >"$work/three.txt"
# a picture of the sizes below: $1 numbers
picture() { awk -v n="$1" 'BEGIN { printf "["; for (i = 0; i < n; i++) printf "%s%.3f", i ? "," : "", (i * 37 % 101) / 101; print "]" }' >"$work/pixels.json"; }

input='text = In the beginning was the word'
for model in bert roberta distilbert; do
    for task in hidden embed classify; do send $model models/$model-tiny $task; done
done
for model in gpt2 llama mistral qwen2 gemma; do
    for task in hidden logits perplexity; do send $model models/$model-tiny $task; done
    send $model models/$model-tiny generate generate.max_new_tokens=4
done
send sampled models/gpt2-tiny generate generate.max_new_tokens=3 generate.decoding=client generate.sample_seed=3 generate.temperature=0.8
input="file = $work/three.txt"
send three models/bert-tiny embed
send three models/bert-tiny classify run.reveal=label
send three models/mistral-tiny generate generate.max_new_tokens=3
send apart models/llama-tiny generate generate.max_new_tokens=3 run.batch_tokens=1
input='text = In the beginning was the word'
for embedding in onehot equality; do send $embedding models/bert-tiny hidden run.embedding=$embedding; done
protocols=rep3 send dpf models/bert-tiny hidden run.embedding=dpf
for approximation in puma precise mpcformer crypten bolt; do
    send $approximation models/bert-tiny classify approximation.default=$approximation
    send $approximation models/gpt2-tiny logits approximation.default=$approximation
done
for pooling in cls max mean_sqrt_len weightedmean lasttoken; do send $pooling models/bert-tiny embed run.pooling=$pooling; done
send states models/bert-tiny hidden compare.reference=plain compare.layers=yes
send synthetic models/bert-tiny hidden weights.source=synthetic:3
send wide models/bert-tiny hidden numeric.ring_bits=64 numeric.fxp_fraction_bits=14
input='ids = 5 4 7 8 9' # 4: [MASK]
for model in albert albert-groups bert camembert distilbert electra electra-wide mpnet roberta xlm-roberta; do
    send $model families/$model hidden
done
for model in albert bert distilbert electra mpnet roberta; do
    send $model families/$model-classify_tokens classify_tokens
done
for model in albert bert distilbert electra mpnet roberta; do
    send $model families/$model-fill_mask fill_mask
done
picture 784
input="pixels = $work/pixels.json"
send vit models/vit-tiny classify
send fashion models/vit-fashion classify run.reveal=label

case ${1:-} in
--write) cp "$now" "$here/wire.txt" ;;
*)  same=$(grep -cFxf "$here/wire.txt" "$now")
    diff "$here/wire.txt" "$now" >"$work/diff" || { echo "FAILED: what is sent differs from wire.txt (<: before, >: now)"; cat "$work/diff"; }
    echo "wire: $same passed, $(grep -c '^[<>]' "$work/diff") failed"
    [ ! -s "$work/diff" ] ;;
esac
