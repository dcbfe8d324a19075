#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# parties.sh - every role a process of its own, started by hand, with keys from `puma keygen`: the answer is that of a local run; wrong
# certificates end with 8, roles that were configured differently with 9.
set -u

puma=${PUMA_BUILDDIR:-.}/puma
models=${PUMA_SRCDIR:-.}/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/parties.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}
pass() { passed=$((passed + 1)); }

"$puma" keygen --out "$work/all" >"$work/out" || fail "keygen"
"$puma" keygen --out "$work/foreign" >"$work/out" || fail "keygen"
if [ "$(find "$work/all" -name '*.key' -perm 600 | wc -l)" = "$(find "$work/all" -name '*.key' | wc -l)" ]; then pass; else fail "keys can be read by others"; fi
# Every role its own folder, with its own key alone.
for role in party0 party1 party2 dealer client; do
    mkdir "$work/$role"
    cp "$work/all/ca.pem" "$work/all/$role.pem" "$work/all/$role.key" "$work/$role/"
done

# Each round has an address block of its own in 127/8, so that no port of the last can be in its way.
round=0
block=$((RANDOM % 200 + 20))
third=party2
run_file() {
    round=$((round + 1))
    printf '[run]\nmodel = %s\ntask = classify\nprotocol = %s\nseed = insecure:7\n[input]\ntext = In the beginning was the word\n' \
        "$models/bert-tiny" "$([ $third = dealer ] && echo beaver2 || echo rep3)" >"$work/run.ini"
    printf '[network]\ntransport = tls\nconnect_timeout_ms = 8000\nio_timeout_ms = 8000\n' >>"$work/run.ini"
    printf '%s = 127.%d.%d.%d:7411\n' party0 $block $round 10 party1 $block $round 11 $third $block $round 12 >>"$work/run.ini"
}

# launch: all roles, ROLE's arguments from extra[ROLE], certificates from certs[ROLE]; codes in code[ROLE].
declare -A extra certs code pid
launch() {
    local role name
    for role in "${third#party}" 0 1 client; do
        name=party$role
        case $role in client | dealer) name=$role ;; esac
        # shellcheck disable=SC2086
        timeout 30 "$puma" run "$work/run.ini" --party $role --set "network.certificates=${certs[$role]:-$work/$name}" \
            ${extra[$role]:-} --report "$work/$role.json" >"$work/$role.out" 2>"$work/$role.err" &
        pid[$role]=$!
    done
    for role in 0 1 "${third#party}" client; do
        wait "${pid[$role]}"
        code[$role]=$?
    done
    extra=()
    certs=()
}

# ends NAME ROLE CODE PATTERN: that role ended so, said so in one error line, and nothing on standard output.
ends() {
    local name=$1 role=$2 want=$3 pattern=$4
    if [ "${code[$role]}" = "$want" ] && [ ! -s "$work/$role.out" ] && [ "$(grep -c '^puma: error E' "$work/$role.err")" = 1 ] &&
        tail -n 1 "$work/$role.err" | grep -q '^puma: error E' && grep -q -- "$pattern" "$work/$role.err"; then
        pass
    else
        fail "$name, role $role: exit ${code[$role]} (wanted $want, '$pattern'): $(head -c 400 "$work/$role.err") $(head -c 100 "$work/$role.out")"
    fi
}

logits() { sed -n '/"logits": \[/,/\]/p' "$1"; }

# --- the answer of a local run
run_file
"$puma" run "$work/run.ini" --set network.transport=memory --report "$work/local.json" >"$work/out" 2>"$work/err" || fail "local: $(cat "$work/err")"
rm -f "$work"/[012].json "$work/client.json"
launch
for role in 0 1 2 client; do
    if [ "${code[$role]}" = 0 ]; then pass; else fail "deployment, role $role: exit ${code[$role]}: $(head -c 400 "$work/$role.err")"; fi
done
if [ -n "$(logits "$work/local.json")" ] && [ "$(logits "$work/local.json")" = "$(logits "$work/client.json")" ]; then pass; else
    fail "deployment: answers differ"
fi
for role in 0 1 2; do
    if [ ! -s "$work/$role.out" ] && [ -s "$work/$role.json" ] && ! grep -q '"logits": \[' "$work/$role.json"; then pass; else
        fail "deployment: role $role shows what is the client's"
    fi
done

# --- the log of each role: when it listens, who joins, the end; nothing of the run's data
for role in 0 1 2 client; do
    name=party$role joins='party0 party1 party2 client' listens=1
    [ $role != client ] || { name=client listens=0; }
    joins=$(tr ' ' '\n' <<<"$joins" | grep -vx "$name" | sort | tr '\n' ' ')
    if [ "$(grep -cE "^20[0-9-]{8}T[0-9:]{8}Z puma: $name: listening on 127\.$block\.$round\.1$role:7411\$" "$work/$role.err")" = $listens ] &&
        [ "$(sed -nE "s/^20[0-9TZ:-]+ puma: $name: ([a-z0-9]+) joined from [0-9.:]+\$/\1/p" "$work/$role.err" | sort | tr '\n' ' ')" = "$joins" ] &&
        [ "$(tail -n 1 "$work/$role.err" | grep -cE "puma: $name: done in [0-9.]+ s: sent [0-9.]+ MB, received [0-9.]+ MB\$")" = 1 ] &&
        ! grep -qi beginning "$work/$role.err"; then pass; else fail "log of $role: $(cat "$work/$role.err")"; fi
done
run_file
extra=([0]=--log-json [1]=--quiet [2]=--log-json [client]=--quiet)
launch
for role in 0 2; do
    if python3 - "$work/$role.err" party$role <<'END'; then pass; else fail "log of $role as JSON: $(cat "$work/$role.err")"; fi
import json, re, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", l["time"]) and l["role"] == sys.argv[2] for l in lines)
assert [l["event"] for l in lines] == ["listening", "joined", "joined", "joined", "done"], lines
assert {l["peer"] for l in lines[1:4]} == {"party0", "party1", "party2", "client"} - {sys.argv[2]}
assert lines[4]["sent_bytes"] > 0 and lines[4]["seconds"] > 0 and ":7411" in lines[0]["address"]
END
done
if [ ! -s "$work/1.err" ] && ! grep -q joined "$work/client.err"; then pass; else fail "--quiet: $(cat "$work/1.err" "$work/client.err")"; fi
for wrong in --quiet --log-json '--party 0 --quiet --log-json'; do
    # shellcheck disable=SC2086
    "$puma" run "$work/run.ini" $wrong >"$work/out" 2>"$work/err"
    if [ $? = 2 ]; then pass; else fail "$wrong: $(cat "$work/err")"; fi
done

# --- a stray is logged with the reason, and what it sends cannot forge a line; a party that waits ends with 0 when it is told to
# wait_for FILE PATTERN: up to ten seconds
wait_for() { for _ in $(seq 200); do grep -q -- "$2" "$1" && return 0; read -rt 0.05 <> <(:) || true; done; return 1; }
for signal in TERM INT; do
    run_file
    env --default-signal=INT "$puma" run "$work/run.ini" --party 0 --set network.transport=tcp --log-json >"$work/0.out" 2>"$work/0.err" &
    idle=$!
    wait_for "$work/0.err" listening || fail "idle: $(cat "$work/0.err")"
    exec 9<>"/dev/tcp/127.$block.$round.10/7411" && printf '%-99s' $'\x1b[31m\nputs lines into a log' >&9
    if wait_for "$work/0.err" '"event":"refused","address":"127[^"]*","reason":"[^"]*does not speak'; then pass; else fail "a stray: $(cat "$work/0.err")"; fi
    exec 9>&-
    kill -s $signal $idle
    wait $idle
    code[0]=$?
    if [ "${code[0]}" = 0 ] && tail -n 1 "$work/0.err" | grep -q '"event":"stopped"' && ! grep -q 'error E' "$work/0.err" &&
        ! grep -q $'\x1b' "$work/0.err" && [ ! -s "$work/0.out" ]; then pass; else fail "SIG$signal, idle: ${code[0]}: $(cat "$work/0.err")"; fi
done
# with a client there it is a failure, as before: the others never come
run_file
"$puma" run "$work/run.ini" --party 0 --set "network.certificates=$work/party0" >"$work/0.out" 2>"$work/0.err" &
idle=$!
timeout 20 "$puma" run "$work/run.ini" --party client --set "network.certificates=$work/client" >"$work/client.out" 2>"$work/client.err" &
client=$!
wait_for "$work/0.err" 'client joined' || fail "a client: $(cat "$work/0.err")"
kill -s TERM $idle
wait $idle
code[0]=$?
ends 'SIGTERM with a client there' 0 10 'E1005'
wait $client

# --- certificates
run_file
certs[1]=$work/foreign
launch
ends 'wrong CA' 1 8 'error E08'
ends 'wrong CA' client 8 'error E08'

run_file
mkdir -p "$work/stolen"
cp "$work/all/ca.pem" "$work/stolen/"
cp "$work/all/party2.pem" "$work/stolen/party1.pem"
cp "$work/all/party2.key" "$work/stolen/party1.key"
timeout 5 "$puma" run "$work/run.ini" --party 1 --set "network.certificates=$work/stolen" >"$work/1.out" 2>"$work/1.err"
code[1]=$?
ends "P2's certificate used by P1" 1 8 'party1.pem: party1 is needed, and this is the certificate of party2'
if grep -q listening "$work/1.err"; then fail "P2's certificate used by P1: it listens"; else pass; fi

# --- one role renewed: the others need nothing new
cp -r "$work/all" "$work/renewed"
if "$puma" keygen --out "$work/renewed" --role party1 >"$work/out" && grep -q 'party1' "$work/out" &&
    [ "$(cd "$work/all" && for f in *; do cmp -s "$f" "../renewed/$f" || echo "$f"; done | tr '\n' ' ')" = 'party1.key party1.pem ' ]; then pass; else
    fail "keygen --role: $(cat "$work/out")"
fi
run_file
certs[1]=$work/renewed
launch
for role in 0 1 2 client; do if [ "${code[$role]}" = 0 ]; then pass; else fail "renewed: role $role: $(cat "$work/$role.err")"; fi; done
rm "$work/renewed/ca.key"
"$puma" keygen --out "$work/renewed" --role party1 >"$work/out" 2>"$work/err"
if [ $? = 3 ] && grep -q 'E0385: .*ca.key' "$work/err"; then pass; else fail "keygen --role without a CA: $(cat "$work/err")"; fi
"$puma" keygen --out "$work/all" --role party9 >"$work/out" 2>"$work/err"
if [ $? = 2 ]; then pass; else fail "keygen --role party9: $(cat "$work/err")"; fi
"$puma" keygen --out "$work/five" --parties 5 >"$work/out" 2>"$work/err"
if [ "$(cd "$work/five" && ls ./*.pem | tr '\n' ' ')" = './ca.pem ./client.pem ./dealer.pem ./party0.pem ./party1.pem ./party2.pem ./party3.pem ./party4.pem ' ] &&
    grep -q 'party4, dealer and client' "$work/out"; then pass; else fail "keygen --parties 5: $(cat "$work/out" "$work/err")"; fi
"$puma" keygen --out "$work/nine" --parties 9 >"$work/out" 2>"$work/err"
if [ $? = 2 ] && grep -q -- '--parties needs' "$work/err"; then pass; else fail "keygen --parties 9: $(cat "$work/err")"; fi
run_file
printf '[run]\nmodel = %s\ntask = classify\nprotocol = beaver2\n[network]\nparty0 = 127.0.0.1:1\nparty1 = 127.0.0.1:2\ndealer = 127.0.0.1:3\n[input]\ntext = no\n' \
    "$models/bert-tiny" >"$work/dealer.ini"
if "$puma" run "$work/dealer.ini" --json >"$work/out" 2>"$work/err"; then pass; else fail "a local run of a file with a dealer's address: $(cat "$work/err")"; fi
"$puma" run "$work/run.ini" --party 3 >"$work/out" 2>"$work/err"
if [ $? = 2 ] && grep -q 'protocol rep3 has 3 parties' "$work/err"; then pass; else fail "--party 3: $(cat "$work/err")"; fi

run_file
mkdir -p "$work/mixed"
cp "$work/all/ca.pem" "$work/mixed/"
cp "$work/all/party0.pem" "$work/mixed/party0.pem"
cp "$work/all/party1.key" "$work/mixed/party0.key"
for role in 0; do
    timeout 5 "$puma" run "$work/run.ini" --party $role --set "network.certificates=$work/mixed" >"$work/$role.out" 2>"$work/$role.err"
    code[$role]=$?
    ends "a key that is not the certificate's" $role 8 'error E08'
done
rm "$work/mixed/party0.key"
timeout 5 "$puma" run "$work/run.ini" --party 0 --set "network.certificates=$work/mixed" >"$work/0.out" 2>"$work/0.err"
code[0]=$?
ends 'no key' 0 8 'party0.key'

# --- roles configured differently: everybody says which key
for row in '1 numeric.ring_bits=60 ring_bits' '0 plugin.puma.fxp_exp_iters=6 fxp_exp_iters' '2 run.embedding=equality embedding' \
    'client run.seed=insecure:8 seed' '1 numeric.fxp_fraction_bits=17 fxp_fraction_bits' '2 run.reveal=label reveal'; do
    read -r odd set key <<<"$row"
    run_file
    extra[$odd]="--set $set"
    launch
    for role in 0 1 2 client; do ends "$set at $odd only" $role 9 "$key"; done
done

# --- two parties and a dealer
third=dealer
run_file
"$puma" run "$work/run.ini" --set network.transport=memory --report "$work/local.json" >"$work/out" 2>"$work/err" || fail "local: $(cat "$work/err")"
rm -f "$work"/[01].json "$work/dealer.json" "$work/client.json"
launch
for role in 0 1 dealer client; do
    if [ "${code[$role]}" = 0 ]; then pass; else fail "with a dealer, role $role: exit ${code[$role]}: $(head -c 400 "$work/$role.err")"; fi
    if [ $role = client ] || ! grep -q '"logits": \[' "$work/$role.json"; then pass; else fail "with a dealer: role $role shows what is the client's"; fi
done
if [ -n "$(logits "$work/local.json")" ] && [ "$(logits "$work/local.json")" = "$(logits "$work/client.json")" ]; then pass; else
    fail "with a dealer: answers differ"
fi
# nobody plays the dealer with a party's key
run_file
certs[dealer]=$work/party0
launch
ends "the dealer with party 0's key" dealer 8 'dealer.pem'
# all of them notice a dealer of another configuration
run_file
extra[dealer]="--set numeric.fxp_fraction_bits=17"
launch
for role in 0 1 dealer client; do ends "another fraction at the dealer only" $role 9 fxp_fraction_bits; done
third=party2

# --- off loopback TLS is a must, and nobody is called before that is said
run_file
for role in 0 client; do
    start=$(date +%s%N)
    timeout 5 "$puma" run "$work/run.ini" --party $role --set network.transport=tcp --set network.party1=192.0.2.1:7411 \
        >"$work/$role.out" 2>"$work/$role.err"
    code[$role]=$?
    ends 'tcp off loopback' $role 3 'allow_insecure'
    if [ $((($(date +%s%N) - start) / 1000000)) -le 1000 ]; then pass; else fail "tcp off loopback: refused after more than a second"; fi
done

# --- sentence encoders: a party needs config.json, modules.json and what it lists, and no weights; without the list it
# would make another vector
for folder in whole listed bare; do
    mkdir -p "$work/$folder/1_Pooling"
    cp "$models/bert-tiny/config.json" "$work/$folder/"
    echo '[{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}, {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]' >"$work/$folder/modules.json"
    echo '{"word_embedding_dimension": 64, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}' >"$work/$folder/1_Pooling/config.json"
done
cp "$models/bert-tiny/"{model.safetensors,tokenizer.json,tokenizer_config.json,vocab.txt} "$work/whole/"
rm "$work/bare/modules.json"
for last in listed bare; do
    run_file
    sed -i "s|^model = .*|model = $work/listed|; s|^task = .*|task = embed|" "$work/run.ini"
    extra[client]="--set run.model=$work/whole"
    extra[2]="--set run.model=$work/$last"
    rm -f "$work/client.json"
    launch
    if [ $last = listed ]; then
        if [ "${code[client]}" = 0 ] && grep -q '"embedding": \[' "$work/client.json"; then pass; else
            fail "sentence encoder: exit ${code[client]}: $(head -c 400 "$work/client.err")"
        fi
    else
        ends 'no modules.json at P2' client 9 'model.pooling'
        ends 'no modules.json at P2' 2 9 'model.pooling'
    fi
done

echo "parties: $passed passed, $failed failed"
[ "$failed" = 0 ]
