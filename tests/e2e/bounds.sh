#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# bounds.sh - what the weights bound behind the layers: the sum of a linear head, whose sign is the label; the vector of an
# encoder whose layers share their weights; and a dealer's material, which was made without any weights.
set -u
here=$(realpath "${PUMA_SRCDIR:-.}")/tests/golden
puma=$(realpath "${PUMA_BUILDDIR:?}/puma")
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
passed=0 failed=0

check() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then passed=$((passed + 1)); else echo "FAIL $what: $(head -c 300 err)"; failed=$((failed + 1)); fi
}
# run MODEL TASK PROTOCOL LINE...: its exit code in $code, its report in r.json
run() {
    printf '[run]\nmodel = %s\ntask = %s\nprotocol = %s\nthreads = 1\n' "$1" "$2" "$3" >run.ini
    printf '%b\n' "${@:4}" >>run.ini
    printf '[network]\ntransport = memory\n[input]\nids = 5 6 7 8 9\n' >>run.ini
    "$puma" run run.ini --report r.json >out 2>err
    code=$?
}
ends() { [ "$code" -eq "$1" ] && { [ -z "${2:-}" ] || grep -q -- "$2" err; }; }
label() { [ "$code" -eq 0 ] && tr -d ' \n' <r.json | grep -q "\"label\":$1[,}]"; }
# The embedding's signs times $1, as a head.
head_of() {
    tr -d '\n ' <embedding.json | sed 's/.*"embedding":\[\[*//; s/\].*//' | tr ',' '\n' |
        awk -v big="$1" 'BEGIN { printf "{\"w\": [" } { printf("%s%.10g", (NR > 1 ? ", " : ""), ($1 > 0 ? big : -big)) } END { print "], \"b\": 0}" }' >head.json
}

bert=$here/models/bert-tiny
run "$bert" embed plain
check "the embedding" ends 0
cp r.json embedding.json
for protocol in rep3 beaver2; do
    for big in 1 300 1000 3000 100000; do
        head_of $big
        run "$bert" classify $protocol "head = head.json\nreveal = label"
        check "$protocol, a head of $big" label 1
        head_of -$big
        run "$bert" classify $protocol "head = head.json\nreveal = label"
        check "$protocol, a head of -$big" label 0
    done
    head_of 30000000
    run "$bert" classify $protocol "head = head.json\nreveal = label"
    check "$protocol, a head that no ring holds" ends 11 E1101
done

# ALBERT's layers have the numbers of their groups, and the last norm is that of the last group.
cp -r "$here/families/albert-groups" albert
mkdir -p albert/1_Pooling
wide=$(sed -n 's/.*"hidden_size": *\([0-9]*\).*/\1/p' albert/config.json)
printf '{"word_embedding_dimension": %s, "pooling_mode_mean_tokens": true}' "$wide" >albert/1_Pooling/config.json
printf '[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}]' >albert/modules.json
awk -v n="$wide" 'BEGIN { printf "{\"w\": ["; for (i = 0; i < n; i++) printf("%s3e7", (i ? ", " : "")); print "], \"b\": 0}" }' >head.json
run "$work/albert" classify rep3 "head = head.json\nreveal = label"
check "a head behind shared layers" ends 11 "E1101: \[run\] head"

# Material is for the family's ranges; with ranges that are given, for those.
printf '[run]\nmodel = %s\ntask = classify\nprotocol = beaver2\n[network]\ntransport = memory\n[input]\nids = 5 6 7 8 9\n[numeric]\nranges = narrow\n' "$bert" >deal.ini
printf '[ranges]\nattention = 6\n' >narrow
check "deal" "$puma" deal deal.ini --count 1 --out deal.bin >out 2>err
"$puma" run deal.ini --set run.material=deal.bin >out 2>err
code=$?
check "material, with ranges" ends 0

echo "bounds: $passed passed, $failed failed"
[ $failed -eq 0 ]
