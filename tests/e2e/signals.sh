#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# signals.sh [--replay NUMBER] - SIGTERM, SIGINT and SIGHUP at many moments of every command: within two seconds it ends with 10 and
# one line, or with the 0 of a result that is complete; no process, no temporary file and no half of a result is left, whoever dies
# how (SIGKILL too), and a full disk or a closed output leaves no file.  PUMA_MOMENTS: how many moments (24)
set -u
puma=${PUMA_BUILDDIR:?}/puma
moments=${PUMA_MOMENTS:-24}
first=0; [ "${1:-}" = --replay ] && first=$2 moments=$(($2 + 1))
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
mkdir "$work/tmp"
verdict() { if "$@"; then passed=$((passed + 1)); else echo "FAIL $what: $* $(tail -c 300 "$work/err" 2>/dev/null)"; failed=$((failed + 1)); fi; }
pause() { read -rt "$1" <> <(:) || true; }

shape=${PUMA_SRCDIR:?}/models/shapes/bert-base.json
ini() { # NAME PROTOCOL TRANSPORT
    printf '[run]\nmodel = %s\ntask = hidden\nprotocol = %s\n[input]\nids = 1 2 3 4 5 6 7 8\n[weights]\nsource = synthetic:1\n[network]\ntransport = %s\n' \
        "$shape" "$2" "$3" >"$work/$1.ini"
}
ini tls rep3 tls; ini memory rep3 memory; ini deal beaver2 memory
run=("run $work/tls.ini --report $work/new/r.json" "run $work/memory.ini --html $work/new/p.html" "plan --model $shape --seq 30"
     "compare $work/memory.ini --html $work/new/c.html" "bench --model $shape --seq 30" "bench --n 1048576"
     "deal $work/deal.ini --count 2000 --out $work/new/deal.bin" "keygen --out $work/new/certs")
signals=(TERM INT HUP)

# Starts the command of a moment; it is in main() when it watches for signals (bits 1, 2 and 15).
begin() {
    rm -rf "$work/new"; mkdir "$work/new"
    # A shell starts background jobs with SIGINT ignored; env gives it back.
    # shellcheck disable=SC2086
    TMPDIR=$work/tmp env --default-signal=INT "$puma" $1 >"$work/out" 2>"$work/err" &
    pid=$!
    for _ in $(seq 400); do
        mask=$(sed -n 's/^SigBlk:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
        [ -z "$mask" ] || [ $((16#$mask & 0x4003)) -ne $((0x4003)) ] || break
        pause 0.002
    done
}
# All processes of this test that are left: they name its folder.
left() { pgrep -f "$work/(tls|memory|deal|tmp)" || true; }
none_left() { for _ in $(seq 40); do [ -n "$(left)" ] || return 0; pause 0.05; done; return 1; }
nothing_new() { [ -z "$(ls -A "$work/new")" ]; }

for ((i = first; i < moments; i++)); do
    command=${run[i % ${#run[@]}]} signal=${signals[i % 3]}
    # From the first instant on, and evenly over the first second and a half.
    delay=$(awk -v i="$i" 'BEGIN { x = i * 0.6180339887; printf "%.3f", (x - int(x)) * (i % 2 ? 0.15 : 1.0) }')
    what="moment $i ($signal after $delay s: ${command%% *})"
    begin "$command"
    pause "$delay"
    kill -s "$signal" "$pid" 2>/dev/null
    before=${EPOCHREALTIME/./}
    wait "$pid"; code=$?
    verdict [ $(((${EPOCHREALTIME/./} - before) / 1000)) -le 2000 ]
    if [ $code -eq 0 ]; then
        verdict [ "$(grep -c 'puma: error' "$work/err")" -eq 0 ]
    else
        verdict [ $code -eq 10 ]
        verdict [ "$(grep -c '^puma: error E' "$work/err")" -eq 1 ]
        verdict grep -q '^puma: error E1005: ' "$work/err"
        case $command in "bench --n"*) ;; *) verdict [ ! -s "$work/out" ] ;; esac # each operation is a result
        verdict nothing_new
    fi
    verdict [ -z "$(ls -A "$work/tmp")" ]
    verdict none_left
done

if [ "${1:-}" != --replay ]; then
    # Nobody can remove anything after SIGKILL: there must be nothing.
    for i in 0 3 6 7; do
        what="SIGKILL: ${run[i]%% *}"
        begin "${run[i]}"
        [ "$i" -eq 7 ] || pause 0.3
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
        verdict none_left
        verdict [ -z "$(find "$work/new" "$work/tmp" -type f)" ] || ls -lR "$work/new"
    done
    # What cannot be printed is no result.
    printf '{"model_type":"bert","hidden_size":16,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":32,"vocab_size":32,"max_position_embeddings":32,"type_vocab_size":2,"layer_norm_eps":1e-12,"hidden_act":"gelu"}' >"$work/small.json"
    shape=$work/small.json
    ini small rep3 memory; ini deal beaver2 memory
    for command in "run $work/small.ini --report $work/new/r.json --html $work/new/p.html" "compare $work/small.ini --html $work/new/c.html" \
        "deal $work/deal.ini --count 1 --out $work/new/d" "keygen --out $work/new/certs"; do
        for out in /dev/full closed limit; do
            what="$out: ${command%% *}"
            rm -rf "$work/new"; mkdir "$work/new"
            # shellcheck disable=SC2086
            case $out in
            closed) "$puma" $command >&- 2>"$work/err" ;;
            limit) (ulimit -f 0; "$puma" $command 2>/dev/null | cat >&2; exit "${PIPESTATUS[0]}") 2>"$work/out" ;;
            *) "$puma" $command >$out 2>"$work/err" ;;
            esac
            verdict [ $? -eq 10 ]
            verdict nothing_new
            [ "$out" != limit ] || verdict [ ! -s "$work/out" ]
        done
    done
    # The children's command lines show no input.
    what="command lines"
    sed -i '/^ids/d' "$work/tls.ini"
    begin "compare $work/tls.ini --set input.ids=7"
    seen=
    for _ in $(seq 100); do
        for child in $(pgrep -f "run $work/tls.ini"); do
            [ "$child" = "$pid" ] || seen+=" $(tr '\0' ' ' <"/proc/$child/cmdline" 2>/dev/null)"
        done
        case $seen in *--party*) break ;; esac
        pause 0.02
    done
    kill "$pid"; wait "$pid" 2>/dev/null
    verdict grep -q -e --party <<<"$seen"
    verdict [ "${seen/input.ids/}" = "$seen" ]
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
