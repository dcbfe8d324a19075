#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# misdeeds.sh - a plugin that ends the process, crashes, hangs or changes the process while it is loaded or opened: exit 6, one line
# that names it, nothing printed, nothing left behind (rows D11 and G14)
set -u
puma=${PUMA_BUILDDIR:?}/puma
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/plugins" "$work/tmp"
cp "$PUMA_BUILDDIR/tests/unit/plugins/.libs/misbehaves.so" "$work/plugins/" || exit 99
cat >"$work/run.ini" <<END
[run]
model = config.json
task = hidden
protocol = misbehaves
[plugins]
directory = plugins
[input]
ids = 1 2 3
[weights]
source = synthetic:1
[network]
connect_timeout_ms = 3000
io_timeout_ms = 3000
END
printf '{"model_type":"bert","hidden_size":16,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":32,"vocab_size":32,"max_position_embeddings":32,"type_vocab_size":2,"layer_norm_eps":1e-12,"hidden_act":"gelu","initializer_range":0.2}' >"$work/config.json"
passed=0 failed=0
verdict() { if "$@"; then passed=$((passed + 1)); else echo "FAIL $name: $*: $(cat "$work/$name.err")"; failed=$((failed + 1)); fi; }

# start NAME COMMAND... - in the background; check NAME CODE TEXT - what it must have come to
declare -A pid
start() {
    local name=$1
    shift
    (cd "$work" && TMPDIR=$work/tmp exec env "$@" >"$work/$name.out" 2>"$work/$name.err") &
    pid[$name]=$!
}
check() {
    name=$1
    wait "${pid[$name]}"
    verdict [ $? -eq 6 ]
    verdict [ "$(grep -c '^puma: error ' "$work/$name.err")" -eq 1 ]
    verdict grep -q "^puma: error $2: .*misbehaves.*$3" "$work/$name.err"
    verdict [ ! -s "$work/$name.out" ]
}
constructor() { start "load-$1" PUMA_TEST_CONSTRUCTOR="$1" "$puma" plugins plugins/misbehaves.so; }
opening() { start "open-$1" PUMA_TEST_OPEN="$1" "$puma" run run.ini --set network.transport=memory; }
party() { start "party-$1" PUMA_TEST_$2="child-$1" "$puma" run run.ini --set network.transport=tcp --set network.allow_insecure=yes; }

sanitized=$(nm "$puma" | grep -c __asan_init)
slow='spin pause'
ends='exit quick_exit abort segv trap fpe stack deaf'
[ "$sanitized" -gt 0 ] || ends="$ends _exit _Exit"
changes='rounding traps mask handler crash-handler locale'
[ "$(uname -m)" != x86_64 ] || changes="$changes denormals zero x87"

start good "$puma" plugins plugins/misbehaves.so
wait "${pid[good]}"
name=good
verdict [ $? -eq 0 ]
for what in $slow; do constructor "$what"; opening "$what"; done
for what in $ends; do
    constructor "$what"; check "load-$what" E0616 'while loading it, it '
    opening "$what"; check "open-$what" E0616 'while opening a session, it '
done
constructor thread; check load-thread E0616 'while loading it, it aborted'
for what in $changes; do
    constructor "$what"; check "load-$what" E0611 'loading it changed'
    opening "$what"; check "open-$what" E0611 'opening a session changed'
done
for what in replaced; do constructor "$what"; check "load-$what" E0611 'loading it closed or replaced descriptor'; done
# The parent of a party says what the party died of.
for what in exit segv; do
    party "$what" OPEN; check "party-$what" E0616 'while opening a session, it '
    party "$what" CONSTRUCTOR; check "party-$what" E0616 'while loading it, it '
done
for what in $slow; do
    check "load-$what" E0616 'while loading it, it took more than 10 s'
    check "open-$what" E0616 'while opening a session, it took more than 10 s'
done
name=rest
: >"$work/rest.err"
verdict [ -z "$(ls -A "$work/tmp")" ]
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
