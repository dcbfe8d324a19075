#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# setup.sh - what keeps a run from beginning is said at once and for what it is: too few descriptors, files of certificates that are
# no files or that others can change, more inputs than the parties can be told of
set -u
puma=${PUMA_BUILDDIR:?}/puma
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
verdict() { if "$@"; then passed=$((passed + 1)); else echo "FAIL $what: $* $(tail -c 300 "$work/err" 2>/dev/null)"; failed=$((failed + 1)); fi; }
took() { # MOST-MS COMMAND...: its exit code in $code
    local most=$1 before=${EPOCHREALTIME/./}; shift
    timeout 20 "$@" >"$work/out" 2>"$work/err"; code=$?
    verdict [ $(((${EPOCHREALTIME/./} - before) / 1000)) -le "$most" ]
}

printf '{"model_type":"bert","hidden_size":16,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":32,"vocab_size":32,"max_position_embeddings":32,"type_vocab_size":2,"layer_norm_eps":1e-12,"hidden_act":"gelu"}' >"$work/config.json"
printf '[run]\nmodel = config.json\ntask = hidden\nprotocol = rep3\n[weights]\nsource = synthetic:1\n[input]\nids = 1 2 3\n[network]\ntransport = memory\n' >"$work/memory.ini"
refused=0
for command in run plan; do
    for n in 10 12 13 14 15 16 17 18 19 24; do
        what="$command with $n descriptors"
        took 2000 prlimit --nofile="$n" "$puma" "$command" "$work/memory.ini"
        [ $code -eq 0 ] && continue
        refused=$((refused + 1))
        verdict [ $code -eq 10 ]
        verdict [ "$(grep -c '^puma: error E1002: ' "$work/err")" -eq 1 ]
    done
done
what=descriptors
verdict [ $refused -ge 10 ]

{ sed 's/^transport.*/transport = tls/' "$work/memory.ini"
  printf 'certificates = certs\nparty0 = 127.0.0.1:1\nparty1 = 127.0.0.1:2\nparty2 = 127.0.0.1:3\n'; } >"$work/tls.ini"
"$puma" keygen --out "$work/certs" >"$work/out" || exit 99
for name in ca.pem client.pem client.key; do
    what="$name"
    cp -a "$work/certs/$name" "$work/kept"
    rm "$work/certs/$name"; mkfifo -m 600 "$work/certs/$name"
    took 1000 "$puma" run "$work/tls.ini" --party client
    verdict [ $code -eq 8 ]
    verdict grep -q "E0801: .*/$name: not a regular file" "$work/err"
    rm "$work/certs/$name"; cp -a "$work/kept" "$work/certs/$name"; chmod g+w "$work/certs/$name"
    took 1000 "$puma" run "$work/tls.ini" --party client
    verdict [ $code -eq 3 ]
    verdict grep -q "E038[01]: .*/$name: .*mode 06" "$work/err"
    rm "$work/certs/$name"; truncate -s 2M "$work/certs/$name"; chmod 600 "$work/certs/$name"
    took 1000 "$puma" run "$work/tls.ini" --party client
    verdict [ $code -eq 8 ]
    verdict grep -q "$name: too large" "$work/err"
    rm "$work/certs/$name"; cp -a "$work/kept" "$work/certs/$name"; rm "$work/kept"
done

what="many inputs"
printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n' >"$work/vocab.txt"; printf '{}' >"$work/tokenizer_config.json"
yes a | head -n 2200000 >"$work/lines.txt"
sed 's/^ids.*/file = lines.txt/; s/^model.*/model = ./' "$work/memory.ini" >"$work/many.ini"
for command in run plan; do
    took 1000 "$puma" "$command" "$work/many.ini"
    verdict [ $code -eq 5 ]
    verdict grep -q 'E0571: .*lines.txt: .*limit' "$work/err"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
