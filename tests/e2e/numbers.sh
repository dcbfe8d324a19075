#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# numbers.sh - products of 3072 terms up to and beyond what the ring holds; and the spread of an answer over fresh randomness,
# which is that of truncations that err by a coin alone, whoever tosses it
set -u
export LC_ALL=C

puma=${PUMA_BUILDDIR:-.}/puma
source=${PUMA_SRCDIR:-.}/tests/golden/models/bert-tiny
work=$(mktemp -d "${TMPDIR:-/tmp}/numbers.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}
pass() { passed=$((passed + 1)); }

cat >"$work/tools.py" <<'END'
import array, json, math, struct, sys

def wide(source, to, terms, weight):
    """The checkpoint with `terms` inner numbers in each MLP, and every weight of the products over them the same."""
    raw = open(source + "/model.safetensors", "rb").read()
    size, = struct.unpack("<Q", raw[:8])
    config = json.load(open(source + "/config.json"))
    times, config["intermediate_size"] = terms // config["intermediate_size"], terms
    json.dump(config, open(to + "/config.json", "w"))
    head, body = {}, bytearray()
    for name, old in json.loads(raw[8:8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = old["data_offsets"]
        part, shape = raw[8 + size + begin:8 + size + end], old["shape"]
        if "intermediate.dense" in name:
            part, shape = part * times, [terms] + shape[1:]
        elif name.endswith(".output.dense.weight") and "attention" not in name:
            part, shape = array.array("f", [weight] * (shape[0] * terms)).tobytes(), [shape[0], terms]
        head[name] = {"dtype": old["dtype"], "shape": shape, "data_offsets": [len(body), len(body) + len(part)]}
        body += part
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    open(to + "/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + body)

def samples(path):
    return [output["logits"][0] for output in json.load(open(path))["outputs"]]

def same_source(a, b):
    """Kolmogorov and Smirnov: how likely two samples of one distribution are to differ as much."""
    a, b, most = sorted(a), sorted(b), 0
    i = j = 0
    for value in sorted(set(a + b)):
        while i < len(a) and a[i] <= value:
            i += 1
        while j < len(b) and b[j] <= value:
            j += 1
        most = max(most, abs(i / len(a) - j / len(b)))
    root = math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    t = (root + 0.12 + 0.11 / root) * most
    return min(1, max(0, 2 * sum((-1) ** (k - 1) * math.exp(-2 * k * k * t * t) for k in range(1, 101))))

if sys.argv[1] == "wide":
    wide(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
elif sys.argv[1] == "error":
    print(json.load(open(sys.argv[2]))["fidelity"]["max_abs_error"])
elif sys.argv[1] == "spread":
    (x, y), truth = map(samples, sys.argv[2:4]), samples(sys.argv[4])[0]
    middle = lambda s: sum(s) / len(s)
    deviation = math.sqrt(sum((v - middle(x)) ** 2 for v in x) / len(x))
    moved = [v + deviation for v in y]
    print(f"{len(x)} and {len(y)} answers, {len(set(x))} different: from {min(x):.6f} to {max(x):.6f}, deviation {deviation:.2g}; "
          f"truth {truth:.6f}; p {same_source(x, y):.3g}, moved by one deviation {same_source(x, moved):.3g}")
    assert len(x) == len(y) == 100
    assert len(set(x)) > 30, "no fresh randomness"
    assert max(abs(v - truth) for v in x + y) < 1e-3, "beyond the bound"
    assert same_source(x, y) > 1e-3, "two distributions"
    assert same_source(x, moved) < 1e-3, "this test sees nothing"
END
tool() { python3 "$work/tools.py" "$@"; }
below() { awk "BEGIN { exit !($1 < $2) }"; }

# --- G3: 3072 terms, each as large as weights and ranges allow: right, or refused before anything is computed, never wrong
mkdir "$work/model"
cp "$source"/*.json "$source/vocab.txt" "$work/model/"
chmod u+w "$work/model"/*
printf '[run]\nmodel = model\ntask = classify\nprotocol = rep3\n[network]\ntransport = memory\n[compare]\nreference = plain\n[input]\ntext = In the beginning\n' \
    >"$work/run.ini"
for row in '0.001 0' '1 0' '1000 0' '3000 11' '30000 11' '1e6 11'; do
    read -r weight code <<<"$row"
    tool wide "$source" "$work/model" 3072 "$weight" || fail "making $weight"
    for protocol in rep3 beaver2; do
        rm -f "$work/report.json"
        "$puma" run "$work/run.ini" --set run.protocol=$protocol --report "$work/report.json" >"$work/out" 2>"$work/err"
        got=$?
        if [ $got = "$code" ]; then pass; else fail "G3, weights of $weight, $protocol: exit $got: $(tail -n 1 "$work/err")"; fi
        if [ "$code" = 0 ]; then
            if below "$(tool error "$work/report.json")" 0.001; then pass; else fail "G3, weights of $weight, $protocol: off by $(tool error "$work/report.json")"; fi
        elif grep -qE 'E1101: .*the largest product before truncation needs [67][0-9] bits .*limit 64' "$work/err" && [ ! -s "$work/out" ] && [ ! -e "$work/report.json" ]
        then pass; else fail "G3, weights of $weight, $protocol: $(tail -n 1 "$work/err")"; fi
    done
done

# --- G11: one text a hundred times.  The seeds are fixed, so that a test of one in a thousand does not fail one time in a
# thousand; every one of the answers draws its own.
for _ in $(seq 100); do echo 'In the beginning was the word'; done >"$work/lines.txt"
printf '[run]\nmodel = %s\ntask = classify\nprotocol = rep3\n[network]\ntransport = memory\n[input]\nfile = lines.txt\n' "$(realpath "$source")" >"$work/run.ini"
for run in 'x rep3 insecure:1' 'y rep3 insecure:2' 'z beaver2 insecure:3' 'fresh rep3 '; do
    read -r name protocol seed <<<"$run"
    "$puma" run "$work/run.ini" --set run.protocol="$protocol" ${seed:+--set run.seed=$seed} --report "$work/$name.json" >"$work/out" 2>"$work/err" ||
        fail "G11, $name: $(tail -n 1 "$work/err")"
done
"$puma" run "$work/run.ini" --set run.protocol=plain --set approximation.default=exact --set input.limit=1 --report "$work/truth.json" >"$work/out" 2>"$work/err" ||
    fail "G11, truth: $(tail -n 1 "$work/err")"
for other in y z; do
    if tool spread "$work/x.json" "$work/$other.json" "$work/truth.json"; then pass; else fail "G11, x and $other"; fi
done
if python3 - "$work/fresh.json" "$work/x.json" <<'END'; then pass; else fail 'G11, fresh'; fi
import json, sys
fresh, fixed = ([o["logits"][0] for o in json.load(open(path))["outputs"]] for path in sys.argv[1:])
assert len(set(fresh)) > 30 and fresh != fixed
assert min(fixed) - 1e-3 < min(fresh) and max(fresh) < max(fixed) + 1e-3
END

echo "numbers: $passed passed, $failed failed"
[ "$failed" = 0 ]
