#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# transcripts.sh - with a fixed seed a run sends the same bytes over every transport, with any number of threads and any kernels;
# another seed sends others, in the same number.
set -u

puma=${PUMA_BUILDDIR:-.}/puma
models=${PUMA_SRCDIR:-.}/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/transcripts.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}
pass() { passed=$((passed + 1)); }

# The input of the next runs.
input='text = In the beginning was the word'

# run MODEL NAME ARGUMENTS...: what the run sent, and what it answered, in $work/MODEL.NAME
run() {
    local model=$1 name=$2
    shift 2
    printf '[run]\nmodel = %s\ntask = classify\nprotocol = rep3\nseed = insecure:7\n[input]\n%s\n' \
        "$models/$model-tiny" "$input" >"$work/run.ini"
    rm -f "$work/report.json"
    if ! "$puma" run "$work/run.ini" --report "$work/report.json" "$@" >"$work/out" 2>"$work/err"; then
        fail "$model $name: $(head -c 300 "$work/err")"
        return
    fi
    grep -E '"(transcript_sha256|total_bytes|offline_bytes|online_bytes|client_bytes|setup_bytes|rounds|online_rounds|messages)"' \
        "$work/report.json" >"$work/$model.$name"
    sed -n '/"logits": \[/,/\]/p' "$work/report.json" >>"$work/$model.$name"
}

# same MODEL NAME ARGUMENTS...: as the model's run `first`
same() {
    run "$@"
    if [ -s "$work/$1.$2" ] && cmp -s "$work/$1.first" "$work/$1.$2"; then
        pass
    else
        fail "$1 $2: differs from the first run"
        diff "$work/$1.first" "$work/$1.$2" | head -20
    fi
}

# differ MODEL NAME OTHER ARGUMENTS...: the run OTHER sends other bytes than NAME, and as many
differ() {
    local model=$1 name=$2 other=$3
    shift 3
    run "$model" "$other" "$@"
    if ! grep -q sha256 "$work/$model.$other" || cmp -s <(grep sha256 "$work/$model.$name") <(grep sha256 "$work/$model.$other"); then
        fail "$model: $other sends the same bytes as $name"
    else
        pass
    fi
    if grep -q total_bytes "$work/$model.$other" &&
        cmp -s <(grep -E 'bytes|rounds|messages' "$work/$model.$name") <(grep -E 'bytes|rounds|messages' "$work/$model.$other"); then
        pass
    else
        fail "$model: $other sends other lengths than $name"
    fi
}

kernels=portable
grep -qw avx2 /proc/cpuinfo && kernels="$kernels avx2"
grep -qw avx512dq /proc/cpuinfo && grep -qw avx512f /proc/cpuinfo && kernels="$kernels avx512"
grep -qw avx512dq /proc/cpuinfo && grep -qw avx512ifma /proc/cpuinfo && kernels="$kernels avx512ifma"
for model in bert roberta distilbert; do
    run $model first --set network.transport=memory --set run.threads=1
    if grep -Eq '"transcript_sha256": "[0-9a-f]{64}"' "$work/$model.first" && grep -Eq '"rounds": [1-9]' "$work/$model.first" &&
        grep -q '"logits"' "$work/$model.first"; then pass; else fail "$model: no transcript in the report"; fi
    for transport in memory tcp tls; do
        for threads in 1 2; do
            same $model "$transport-$threads" --set "network.transport=$transport" --set "run.threads=$threads"
        done
    done
    for kernel in $kernels; do
        export PUMA_KERNEL=$kernel
        same $model "kernel-$kernel" --set network.transport=memory --set run.threads=2
        if [ $model = bert ]; then same $model "kernel-$kernel-tls" --set network.transport=tls; fi
        unset PUMA_KERNEL
    done
    # Another seed, or the same with another input of that length: other bytes, the same lengths.
    differ $model first other --set network.transport=memory --set run.seed=insecure:8
    input='ids = 5 6 7 8'
    run $model four --set network.transport=memory
    input='ids = 9 6 7 8'
    differ $model four five --set network.transport=memory
    input='text = In the beginning was the word'
done

# Without a seed there is no transcript to show, and every run's masks are new.
printf '[run]\nmodel = %s\ntask = classify\nprotocol = rep3\n[input]\ntext = x\n' "$models/bert-tiny" >"$work/run.ini"
if "$puma" run "$work/run.ini" --json --set network.transport=memory >"$work/out" 2>"$work/err" && ! grep -q transcript "$work/out"; then pass; else
    fail "a run without seed: $(head -c 300 "$work/err")"
fi

echo "transcripts: $passed passed, $failed failed"
[ "$failed" = 0 ]
