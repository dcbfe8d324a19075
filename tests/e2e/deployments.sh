#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# deployments.sh - every role a process of its own, where hosts differ and time passes: strangers who speak another TLS, clocks
# that are days apart, certificates that expire while a run lasts, a party of another version, one with another build of a
# plugin; and no descriptor of a party is one that a program it might start would inherit.
set -u
export LC_ALL=C

puma=${PUMA_BUILDDIR:-.}/puma
built=$(realpath "${PUMA_BUILDDIR:-.}")
models=$(realpath "${PUMA_SRCDIR:-.}")/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/deployments.XXXXXX")
trap 'kill $(jobs -p) 2>"$work/null"; rm -rf "$work"' EXIT
passed=0
failed=0
block=$((RANDOM % 200 + 20))
round=0
mkfifo "$work/hold" # what is opened both ways never ends

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}
pass() { passed=$((passed + 1)); }
wait_for() { for _ in $(seq 400); do grep -q -- "$2" "$1" && return 0; read -rt 0.05 <> <(:) || true; done; return 1; }

# Another date for one command: as many days as the file says, once it is there.
clock=
if ! grep -q fsanitize "$built/config.log"; then clock=$built/tests/support/.libs/clock.so; fi
dated() { # FILE COMMAND...
    env LD_PRELOAD="$clock" CLOCK_DAYS="$1" "${@:2}"
}

roles='0 1 2 client'
declare -A extra certs program days code pid
# fresh: addresses that no earlier round has used
fresh() {
    round=$((round + 1))
    printf '[run]\nmodel = %s\ntask = classify\nprotocol = rep3\n[input]\ntext = In the beginning was the word\n' "$models/bert-tiny" >"$work/run.ini"
    printf '[network]\ntransport = tls\nconnect_timeout_ms = 8000\nio_timeout_ms = 8000\n' >>"$work/run.ini"
    printf 'party%d = 127.%d.%d.%d:7413\n' 0 $block $round 10 1 $block $round 11 2 $block $round 12 >>"$work/run.ini"
    extra=() certs=() program=() days=()
    for role in $roles; do : >"$work/$role.err"; done
    rm -f "$work/client.json"
}
start() { # ROLE
    local command=("${program[$1]:-$puma}")
    [ -z "${days[$1]:-}" ] || command=(env LD_PRELOAD="$clock" CLOCK_DAYS="${days[$1]}" "$puma")
    # shellcheck disable=SC2086
    timeout 40 "${command[@]}" run "$work/run.ini" --party "$1" --set "network.certificates=${certs[$1]:-$work/all}" ${extra[$1]:-} \
        --report "$work/$1.json" >"$work/$1.out" 2>"$work/$1.err" &
    pid[$1]=$!
}
finish() {
    for role in $roles; do
        wait "${pid[$role]}"
        code[$role]=$?
    done
}
works() { # NAME
    for role in $roles; do if [ "${code[$role]}" = 0 ]; then pass; else fail "$1, role $role: exit ${code[$role]}: $(tail -n 1 "$work/$role.err")"; fi; done
    if grep -q '"logits": \[' "$work/client.json"; then pass; else fail "$1: no answer"; fi
}
# ends NAME ROLE CODE WORDS: so, in one line, and without an answer
ends() {
    if [ "${code[$2]}" = "$3" ] && [ ! -s "$work/$2.out" ] && [ "$(grep -c '^puma: error E' "$work/$2.err")" = 1 ] &&
        tail -n 1 "$work/$2.err" | grep '^puma: error E' | grep -qF -- "$4" && [ ! -e "$work/client.json" ]; then pass; else
        fail "$1, role $2: exit ${code[$2]} (wanted $3, '$4'): $(tail -n 1 "$work/$2.err")"
    fi
}

"$puma" keygen --out "$work/all" --days 30 >"$work/out" || fail keygen

# --- E12: TLS 1.3 alone, and nothing of an earlier session
stranger() { # NAME OPTIONS...: what the server said lies in $work/said
    timeout 8 openssl s_client -connect "127.$block.$round.10:7413" -CAfile "$work/all/ca.pem" -cert "$work/all/party1.pem" -key "$work/all/party1.key" \
        "${@:2}" <>"$work/hold" >"$work/said" 2>&1
    if grep -qE 'alert (protocol version|handshake failure)|no protocols available|no ciphers available' "$work/said" &&
        grep -q 'Cipher is (NONE)' "$work/said"; then pass; else fail "E12, $1: $(head -c 600 "$work/said")"; fi
}
fresh
start 0
wait_for "$work/0.err" listening || fail "E12: $(cat "$work/0.err")"
stranger 'TLS 1.2' -tls1_2
stranger 'TLS 1.2, a null cipher' -tls1_2 -cipher eNULL:@SECLEVEL=0
stranger 'TLS 1.2, an anonymous cipher' -tls1_2 -cipher aNULL:@SECLEVEL=0
stranger 'TLS 1.1' -tls1_1 -cipher ALL:@SECLEVEL=0
stranger 'TLS 1.0' -tls1 -cipher ALL:@SECLEVEL=0
stranger 'another cipher of TLS 1.3' -tls1_3 -ciphersuites TLS_AES_128_CCM_8_SHA256
# A peer with everything right is let in to wait for its HELLO: it is given nothing to resume with, nor early data.
timeout 1 openssl s_client -connect "127.$block.$round.10:7413" -CAfile "$work/all/ca.pem" -cert "$work/all/client.pem" -key "$work/all/client.key" \
    -tls1_3 -comp -sess_out "$work/ticket" <>"$work/hold" >"$work/said" 2>&1
if grep -q 'New, TLSv1.3' "$work/said" && grep -q 'Compression: NONE' "$work/said" && ! grep -q 'New Session Ticket' "$work/said" && [ ! -s "$work/ticket" ] &&
    grep -q 'Early data was not sent' "$work/said"; then pass; else fail "E12, resumption: $(cat "$work/said")"; fi
for role in 1 2 client; do start $role; done
finish
works E12

# --- E14, H8: one party has another version
for odd in 1 client; do
    fresh
    program[$odd]=$built/puma-upgraded
    for role in $roles; do start $role; done
    finish
    name=P1
    [ $odd = 1 ] || name='client'
    for role in $roles; do ends "E14, H8, $odd is upgraded" $role 9 E0901; done
    if grep -qE "$name is puma 9.9.9, P[0-2] is puma|P[0-2] is puma [0-9.]+, $name is puma 9.9.9" "$work/0.err"; then pass; else fail "E14: no versions: $(cat "$work/0.err")"; fi
done

# --- D13: one party has another build of the protocol
mkdir -m 755 "$work/plugins"
{ cat "$built/.libs/rep3.so"; printf '\n'; } >"$work/plugins/rep3.so"
chmod 755 "$work/plugins/rep3.so"
fresh
extra[1]="--set plugins.directory=$work/plugins"
for role in $roles; do start $role; done
finish
for role in $roles; do ends 'D13, another build at P1' $role 9 'key plan.protocol'; done
rm "$work/plugins/rep3.so"
precise=$(basename "$(ls "$built"/.libs/precise.so)")
{ cat "$built/.libs/$precise"; printf '\n'; } >"$work/plugins/$precise"
chmod 755 "$work/plugins/$precise"
fresh
extra[2]="--set plugins.directory=$work/plugins"
for role in $roles; do start $role; done
finish
for role in $roles; do ends 'D13, another build of an approximation at P2' $role 9 'key plan.'; done

# --- E20: clocks that are days apart matter to certificates alone
if [ -n "$clock" ]; then
    for n in -2 -1 1 60; do echo $n >"$work/day$n"; done
    dated "$work/day-2" "$puma" keygen --out "$work/old" --days 32 >"$work/out" || fail keygen
    fresh
    for role in $roles; do certs[$role]=$work/old; done
    days=([1]="$work/day1" [2]="$work/day-1")
    for role in $roles; do start $role; done
    finish
    works E20
    fresh
    days=([1]="$work/day-1")
    for role in $roles; do start $role; done
    wait "${pid[1]}"
    code[1]=$?
    ends 'E20, a clock before the certificates' 1 8 'not valid before'
    kill "${pid[0]}" "${pid[2]}" "${pid[client]}" 2>"$work/null"
    finish
    fresh
    days=([2]="$work/day60")
    for role in $roles; do start $role; done
    wait "${pid[2]}"
    code[2]=$?
    ends 'E20, a clock behind the certificates' 2 8 'expired on'
    kill "${pid[0]}" "${pid[1]}" "${pid[client]}" 2>"$work/null"
    finish

    # --- E9: certificates expire while a run lasts: it goes on, the next is refused.  F14 is looked at meanwhile.
    fresh
    for role in $roles; do days[$role]=$work/later extra[$role]='--set network.round_trip_ms=10'; done
    for role in $roles; do start $role; done
    for role in $roles; do for peer in $roles; do
        [ $peer = $role ] || wait_for "$work/$role.err" "$([ $peer = client ] || echo party)$peer joined" || fail "E9: $peer did not join: $(cat "$work/$role.err")"
    done; done
    echo 60 >"$work/later"
    for role in $roles; do
        process=$(pgrep -P "${pid[$role]}")
        open=0 inherited=''
        for descriptor in /proc/"$process"/fdinfo/*; do
            number=${descriptor##*/}
            # What this test was started with goes down to all.
            [ "$number" -gt 2 ] && [ ! -e "/proc/$$/fd/$number" ] || continue
            flags=$(sed -n 's/^flags:[[:space:]]*//p' "$descriptor" 2>"$work/null")
            [ -n "$flags" ] || continue
            open=$((open + 1))
            [ $((flags & 02000000)) != 0 ] || inherited="$inherited $(readlink "/proc/$process/fd/$number")"
        done
        if [ $open -ge 3 ] && [ -z "$inherited" ]; then pass; else fail "F14, role $role: $open descriptors, of which not closed on exec:$inherited"; fi
    done
    finish
    works 'E9, expired during the run'
    rm -f "$work/client.json"
    for role in $roles; do start $role; done
    finish
    for role in $roles; do ends 'E9, the next run' $role 8 'expired on'; done
else
    echo 'note: no other clock in a build with a sanitizer'
fi

echo "deployments: $passed passed, $failed failed"
[ "$failed" = 0 ]
