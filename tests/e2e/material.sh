#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# material.sh - `puma deal` and [run] material: runs on material made ahead give the answer and the counts of a live dealer; a
# record serves once, across restarts, crashes and runs at the same time; what is cut, damaged, foreign or readable by others is refused, unused.
set -u
export LC_ALL=C

puma=${PUMA_BUILDDIR:-.}/puma
source=${PUMA_SRCDIR:-.}/tests/golden/models/bert-tiny
work=$(mktemp -d "${TMPDIR:-/tmp}/material.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
HEADER=160

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}
pass() { passed=$((passed + 1)); }
expect() { if [ "$2" = "$3" ]; then pass; else fail "$1: got '$2', expected '$3'"; fi; }

printf '[run]\nmodel = %s\ntask = classify\nprotocol = beaver2\nmaterial = deal.bin\n[input]\nids = 2 7 11 13 3\n[compare]\nreference = plain\n' "$source" >"$work/run.ini"
# The dealer's host: config.json and no weights, other ids of the same length.
mkdir "$work/host"
cp "$source/config.json" "$work/host/"
printf '[run]\nmodel = host\ntask = classify\nprotocol = beaver2\n[input]\nids = 5 5 5 5 5\n' >"$work/dealer.ini"

deal() { # FILE COUNT ARGUMENTS...
    local file=$1 count=$2
    shift 2
    timeout 60 "$puma" deal "$work/dealer.ini" --count "$count" --out "$file" "$@" >"$work/out" 2>"$work/err"
}
run() { # ARGUMENTS...: exit code in $code
    timeout 60 "$puma" run "$work/run.ini" --report "$work/report.json" "$@" >"$work/out" 2>"$work/err"
    code=$?
}
marks() { od -An -v -tu1 -j $HEADER -N "$2" "$1" | tr -d ' \n'; }
number() { sed -n "s/^ *\"$1\": \([0-9.e-]*\),*\$/\1/p" "$2" | head -n 1; }
counts() { sed -n 's/^ *"\(total_bytes\|offline_bytes\|online_bytes\|client_bytes\|setup_bytes\|rounds\|messages\|sent_bytes\|bytes\)": \([0-9]*\),*$/\1 \2/p' "$1"; }
good() { # NAME: the last run gave an answer near that in the clear
    if [ "$code" = 0 ] && awk "BEGIN { exit !($(number max_abs_error "$work/report.json") < 0.01) }"; then pass; else
        fail "$1: exit $code: $(head -c 400 "$work/err")"
    fi
}
refused() { # NAME CODE PATTERN: the last run ended so, in one error line, without an answer
    if [ "$code" = "$2" ] && [ ! -s "$work/out" ] && [ "$(grep -c '^puma: error' "$work/err")" = 1 ] && grep -q -- "$3" "$work/err"; then pass; else
        fail "$1: exit $code (wanted $2, '$3'): $(head -c 400 "$work/err") $(head -c 100 "$work/out")"
    fi
}
sum() { if [ -f "$1" ]; then sha256sum <"$1"; fi; }
bad() { # NAME FILE CODE PATTERN ARGUMENTS...: `run` and `plan` refuse, in the same words, and mark nothing
    local name=$1 file=$2 before
    before=$(sum "$file")
    run --set "run.material=$file" --set network.transport=memory "${@:5}"
    refused "$name" "$3" "$4"
    cp "$work/err" "$work/run.err"
    timeout 60 "$puma" plan "$work/run.ini" --set "run.material=$file" --set network.transport=memory "${@:5}" >"$work/out" 2>"$work/err"
    code=$?
    refused "$name, plan" "$3" "$4"
    if cmp -s "$work/run.err" "$work/err"; then pass; else fail "$name: run and plan differ: $(cat "$work/run.err" "$work/err")"; fi
    expect "$name: the file" "$(sum "$file")" "$before"
}

# --- the same answer and the same counts as with a live dealer, each record once
deal "$work/deal.bin" 3 || fail "deal: $(cat "$work/err")"
expect "nothing is left beside it" "$(ls "$work"/deal.bin*)" "$work/deal.bin"
expect "mode" "$(stat -c %a "$work/deal.bin")" 600
expect "fresh" "$(marks "$work/deal.bin" 3)" 000
sed -i '/^material/d' "$work/run.ini"
run
good "live"
counts "$work/report.json" >"$work/live"
sed -i 's/^protocol.*/&\nmaterial = deal.bin/' "$work/run.ini"
size=$((($(stat -c %s "$work/deal.bin") - HEADER - 3) / 3))
run
good "tls"
expect "one record is used" "$(marks "$work/deal.bin" 3)" 100
left() { tail -c +$((HEADER + 3 + $1 * size + 1)) "$work/deal.bin" | head -c $size | tr -d '\0' | wc -c; }
expect "and overwritten" "$(left 0)" 0
if [ "$(left 1)" -gt $((size / 2)) ]; then pass; else fail "the record to come: $(left 1) of $size bytes are not 0"; fi
counts "$work/report.json" >"$work/ahead"
if [ -s "$work/live" ] && diff "$work/live" "$work/ahead" >"$work/diff"; then pass; else fail "counts: $(head -n 5 "$work/diff")"; fi
run --set network.transport=memory
good "memory"
expect "two records are used" "$(marks "$work/deal.bin" 3)" 110
run --set network.transport=memory
good "the last"
cp "$work/deal.bin" "$work/used.bin"
bad "used up" "$work/deal.bin" 9 'E0912: .*deal.bin: .*used up'

# --- records are fresh, within a file and from file to file
deal "$work/a.bin" 2 && deal "$work/b.bin" 2 || fail "deal: $(cat "$work/err")"
size=$((($(stat -c %s "$work/a.bin") - HEADER - 2) / 2))
record() { tail -c +$((HEADER + 2 + $2 * size + 1)) "$1" | head -c $size; }
record "$work/a.bin" 0 >"$work/a0"
record "$work/a.bin" 1 >"$work/a1"
record "$work/b.bin" 0 >"$work/b0"
for pair in "a0 a1" "a0 b0" "a1 b0"; do
    # Of uniform bytes one in 256 is equal by chance; the lengths and labels between them are equal always.
    equal=$(($(stat -c %s "$work/a0") - $(cmp -l "$work/${pair% *}" "$work/${pair#* }" | wc -l)))
    if [ $equal -lt $((size / 3)) ]; then pass; else fail "records ${pair}: $equal of $size bytes are equal"; fi
done

# --- two runs at once take two records; a killed run's record stays used
deal "$work/deal.bin" 4 || fail "deal: $(cat "$work/err")"
for i in 1 2; do
    timeout 60 "$puma" run "$work/run.ini" --set network.transport=memory >"$work/out.$i" 2>"$work/err.$i" &
    pid[i]=$!
done
for i in 1 2; do if wait "${pid[i]}"; then pass; else fail "at once: $(cat "$work/err.$i")"; fi; done
expect "two at once" "$(marks "$work/deal.bin" 4)" 1100
"$puma" run "$work/run.ini" --set network.transport=memory >"$work/out" 2>"$work/err" &
killed=$!
until [ "$(marks "$work/deal.bin" 4)" = 1110 ] || ! kill -0 $killed 2>"$work/null"; do :; done
kill -9 $killed 2>"$work/null"
wait $killed 2>"$work/null"
expect "killed" "$(marks "$work/deal.bin" 4)" 1110
run --set network.transport=memory
good "after a crash"
expect "the next one is taken" "$(marks "$work/deal.bin" 4)" 1111

# --- no mark, no run: the mark comes before the first message
deal "$work/deal.bin" 1 || fail "deal: $(cat "$work/err")"
text=$(trap '' XFSZ; ulimit -f 0; "$puma" run "$work/run.ini" --set network.transport=memory 2>&1; echo "exit $?")
if grep -q 'E1003: .*record 0 cannot be marked' <<<"$text" && grep -q 'exit 10' <<<"$text" && ! grep -q '^beaver2' <<<"$text"; then pass; else fail "no mark: $text"; fi
expect "no mark" "$(marks "$work/deal.bin" 1)" 0
# A run that never came about uses nothing.
timeout 20 "$puma" run "$work/run.ini" --party dealer --set network.transport=tcp --set network.connect_timeout_ms=300 --set network.party0=127.0.0.1:1 \
    --set network.party1=127.0.0.1:2 --set network.dealer=127.0.0.1:0 >"$work/out" 2>"$work/err"
expect "nobody came" "$(marks "$work/deal.bin" 1)" 0

# --- damaged, cut, foreign, open
flip() { # FILE OFFSET: another byte there
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\x$(printf %02x $((byte ^ 64)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
deal "$work/deal.bin" 2 || fail "deal: $(cat "$work/err")"
copy() { cp "$work/deal.bin" "$work/bad.bin" && chmod 600 "$work/bad.bin"; }
for at in 0 8 12 20 40 70 97 105 113 125 130 159; do
    copy
    flip "$work/bad.bin" $at
    bad "header, byte $at" "$work/bad.bin" 4 'E0430: .*bad.bin: '
done
copy
printf '\1' | dd of="$work/bad.bin" bs=1 seek=8 conv=notrunc status=none
bad "an earlier format" "$work/bad.bin" 4 'E0430: .*bad.bin: .*format 1, .*run puma deal again'
copy
flip "$work/bad.bin" $((HEADER + 1))
bad "a mark that is none" "$work/bad.bin" 4 'E0430: .*bad.bin: .*marks'
whole=$(stat -c %s "$work/deal.bin")
for cut in 0 1 8 100 159 160 161 162 1000 $((whole - 1)); do
    head -c "$cut" "$work/deal.bin" >"$work/bad.bin"
    bad "cut to $cut" "$work/bad.bin" 4 'E0430: .*bad.bin: '
done
copy
echo >>"$work/bad.bin"
bad "grown" "$work/bad.bin" 4 'E0430: .*bad.bin: .*cut or grown'
for at in 0 1 5 11 40 $((size / 2)) $((size - 33)) $((size - 1)); do
    copy
    flip "$work/bad.bin" $((HEADER + 2 + at))
    run --set "run.material=$work/bad.bin" --set network.transport=memory
    refused "record, byte $at" 4 'E0430: .*bad.bin: .*record 0 is damaged'
    expect "record, byte $at" "$(marks "$work/bad.bin" 2)" 00
done
# The records of one file in the other order, and those of another file.
{ head -c $((HEADER + 2)) "$work/deal.bin"; record "$work/deal.bin" 1; record "$work/deal.bin" 0; } >"$work/bad.bin"
run --set "run.material=$work/bad.bin" --set network.transport=memory
refused "records exchanged" 4 'record 0 is damaged'
{ head -c $((HEADER + 2)) "$work/deal.bin"; record "$work/a.bin" 0; record "$work/a.bin" 1; } >"$work/bad.bin"
run --set "run.material=$work/bad.bin" --set network.transport=memory
refused "another file's records" 4 'record 0 is damaged'
for set in numeric.fxp_fraction_bits=16 approximation.gelu=puma.gelu run.embedding=equality run.task=hidden; do
    bad "made for another run: $set" "$work/deal.bin" 9 'E0911: .*another run' --set "$set"
done
bad "other lengths" "$work/deal.bin" 9 'E0911: .*other lengths (got 1 inputs, 4 tokens, limit 1, 5)' --set "input.ids=2 7 11 3"
copy
chmod 640 "$work/bad.bin"
bad "readable by others" "$work/bad.bin" 3 'E0383: .*bad.bin: open to other users (mode 640)'
mkfifo -m 600 "$work/fifo"
bad "a pipe" "$work/fifo" 4 'E0430: .*not a regular file'
mkdir "$work/folder"
bad "a folder" "$work/folder" 4 'E0430: .*folder: '
bad "no file" "$work/none.bin" 4 'E0430: .*none.bin: '

# --- what does not go together
bad "rep3" "$work/deal.bin" 3 'E0317: .*protocol rep3 has no dealer' --set run.protocol=rep3
bad "a seed" "$work/deal.bin" 3 'E0317: .*excludes \[run\] seed' --set run.seed=insecure:7
refuses() { # NAME CODE PATTERN ARGUMENTS...: puma deal does, and leaves no file
    rm -f "$work/new.bin"
    timeout 60 "$puma" deal "$work/dealer.ini" "${@:4}" >"$work/out" 2>"$work/err"
    code=$?
    refused "$1" "$2" "$3"
    expect "$1: files" "$(ls "$work"/new.bin* 2>"$work/null")" ''
}
refuses "deal, rep3" 3 'E0317: .*rep3 has no dealer' --count 1 --out "$work/new.bin" --set run.protocol=rep3
refuses "deal, a seed" 3 'E0317: .*every record needs fresh randomness' --count 1 --out "$work/new.bin" --set run.seed=insecure:7
refuses "deal, nowhere" 3 'E0321: ' --count 1 --out "$work/missing/new.bin"
for count in 0 65537 x -1; do refuses "deal, $count" 2 'E0206: puma deal: --count' --count $count --out "$work/new.bin"; done
refuses "deal, no count" 2 'E0204: puma deal: --count is missing' --out "$work/new.bin"

# --- generate: steps and rounds are those of a live dealer
models=${PUMA_SRCDIR:-.}/tests/golden/models
printf '[run]\nmodel = %s\ntask = generate\nprotocol = beaver2\n[input]\nids = 5 6 7\n[generate]\nmax_new_tokens = 3\n[network]\ntransport = memory\n' "$models/gpt2-tiny" >"$work/gen.ini"
"$puma" run "$work/gen.ini" --report "$work/live.json" >"$work/out" 2>"$work/err" || fail "generate: $(cat "$work/err")"
"$puma" deal "$work/gen.ini" --count 1 --out "$work/gen.bin" >"$work/out" 2>"$work/err" || fail "deal, generate: $(cat "$work/err")"
"$puma" run "$work/gen.ini" --set "run.material=$work/gen.bin" --report "$work/ahead.json" >"$work/out" 2>"$work/err" || fail "generate ahead: $(cat "$work/err")"
tokens() { tr -d ' \n' <"$1" | sed 's/.*"tokens":\[\([0-9,]*\)\].*/\1/'; }
expect "tokens" "$(tokens "$work/ahead.json")" "$(tokens "$work/live.json")"
if diff <(counts "$work/live.json") <(counts "$work/ahead.json") >"$work/diff"; then pass; else fail "generate, counts: $(head -n 5 "$work/diff")"; fi
"$puma" run "$work/gen.ini" --set "run.material=$work/gen.bin" --set generate.stop_at_eos=yes >"$work/out" 2>"$work/err"
code=$?
refused "stop_at_eos" 3 'E0317: .*excludes \[generate\] stop_at_eos'

# --- several inputs in one pass: their lengths in order, and how they are divided, belong to the record
printf 'one two three\nfour\nfive six\n' >"$work/lines.txt"
printf '[run]\nmodel = %s\ntask = classify\nprotocol = beaver2\n[input]\nfile = lines.txt\n' "$source" >"$work/dealer.ini"
sed -e '/^ids/d' -e 's/^\[input\]/&\nfile = lines.txt/' -i "$work/run.ini"
deal "$work/deal.bin" 1 || fail "deal for several: $(cat "$work/err")"
bad "several, divided otherwise" "$work/deal.bin" 9 'E0911' --set run.batch_tokens=1
run --set network.transport=memory
good "several"

echo "material.sh: $passed passed, $failed failed"
[ $failed -eq 0 ]
