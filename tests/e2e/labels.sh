#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# labels.sh - what a classifier's logits say: names, probabilities, several labels at once, values; of every family
set -u
puma=${PUMA_BUILDDIR:?}/puma
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

verdict() { if "$@"; then passed=$((passed + 1)); else echo "FAIL $case: $*"; failed=$((failed + 1)); fi; }

# model FAMILY PROBLEM LABELS: a config.json; PROBLEM and LABELS are JSON
model() {
    cat >"$work/config.json" <<END2
{"model_type": "$1", "vocab_size": 40, "hidden_size": 16, "dim": 16, "num_attention_heads": 2, "n_heads": 2, "num_hidden_layers": 1,
 "n_layers": 1, "intermediate_size": 32, "hidden_dim": 32, "max_position_embeddings": 24, "type_vocab_size": 2, "hidden_act": "gelu",
 "activation": "gelu", "pad_token_id": 1, "image_size": 4, "patch_size": 2, "num_channels": 1, "initializer_range": 0.3,
 "problem_type": $2, "id2label": $3}
END2
}

# run [MORE]: $work/report.json, $work/out, $work/err, $code
run() {
    local input="ids = 2 5 9 3"
    [ "$family" = vit ] && input="pixels = $work/pixels.json"
    printf '[run]\nmodel = %s\ntask = classify\nprotocol = plain\n[input]\n%s\n[weights]\nsource = synthetic:7\n' "$work/config.json" "$input" >"$work/run.ini"
    rm -f "$work/report.json"
    "$puma" run "$work/run.ini" --report "$work/report.json" --set network.transport=memory "$@" >"$work/out" 2>"$work/err"
    code=$?
}
# has PROGRAM: does the report's output, named o in Python, answer yes?
has() { python3 - "$work/report.json" "$1" <<'END2'
import json, math, sys
o = json.load(open(sys.argv[1]))["output"]
x = o.get("logits")
sys.exit(0 if eval(sys.argv[2]) else 1)
END2
}

echo '[0.1, -0.4, 0.3, 0.9, 0.2, -0.7, 0.5, 0.6, 0, 0.1, 0.2, 0.3, -1, 1, 0.5, 0.25]' >"$work/pixels.json"
three='{"0": "calm", "1": "ang\u001bry \u0085", "2": "sad"}'
for family in bert roberta distilbert vit; do
    case="$family, one label"
    model $family null "$three"
    run
    verdict [ $code -eq 0 ]
    verdict has 'o["label"] == x.index(max(x)) and o["label_name"] == ["calm", "ang\x1bry \x85", "sad"][o["label"]]'
    verdict has 'all(abs(p - math.exp(v) / sum(map(math.exp, x))) < 1e-12 for p, v in zip(o["probabilities"], x)) and len(x) == 3'
    verdict has '"labels" not in o and "value" not in o'
    verdict [ "$(tr -d '\n' <"$work/out" | grep -c '[[:cntrl:]]')" -eq 0 ]
    run --set run.protocol=rep3 --set run.reveal=label
    verdict [ $code -eq 0 ]
    verdict has 'o["label_name"] == ["calm", "ang\x1bry \x85", "sad"][o["label"]] and x is None and "probabilities" not in o'

    case="$family, several labels"
    model $family '"multi_label_classification"' "$three"
    run --set compare.reference=plain
    verdict [ $code -eq 0 ]
    verdict has '"label" not in o and "label_name" not in o'
    verdict has 'all(abs(p - 1 / (1 + math.exp(-v))) < 1e-12 for p, v in zip(o["probabilities"], x)) and len(x) == 3'
    verdict has 'o["labels"] == [n for n, v in zip(["calm", "ang\x1bry \x85", "sad"], x) if v > 0]'
    verdict grep -q '^labels  ' "$work/out"
    run --set run.reveal=label
    verdict [ $code -eq 3 ]
    verdict grep -q 'E0332.*reveal.*multi_label' "$work/err"

    case="$family, a value"
    for type in null '"regression"'; do
        model $family "$type" '{"0": "LABEL_0"}'
        run
        verdict [ $code -eq 0 ]
        verdict has 'o["value"] == x[0] and len(x) == 1 and not {"label", "label_name", "labels", "probabilities"} & set(o)'
        verdict [ "$(grep -c '^label' "$work/out")" -eq 0 ]
    done
    echo 0 >"$work/labels.txt"
    run --set input.labels="$work/labels.txt"
    verdict [ $code -eq 3 ]
    verdict grep -q 'E0332.*labels.*regression' "$work/err"

    case="$family, half a list of names"
    model $family '"single_label_classification"' '{"0": "a", "2": "b"}'
    run
    verdict [ $code -eq 0 ]
    verdict has '"label" in o and "label_name" not in o'
    case="$family, an unknown problem"
    for type in '"ranking"' 3; do
        model $family "$type" "$three"
        run
        verdict [ $code -eq 4 ]
        verdict grep -q 'E0404.*problem_type' "$work/err"
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
