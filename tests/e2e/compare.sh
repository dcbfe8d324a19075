#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# compare.sh - `puma compare`: every combination a row, errors taken apart, a failing variant costs its row alone
set -u

puma=${PUMA_BUILDDIR:-.}/puma
models=$(realpath "${PUMA_SRCDIR:-.}")/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/compare.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
pass() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); echo "FAILED $*"; }
# expect NAME TEST...: the command succeeds
expect() { local name=$1; shift; if "$@"; then pass; else fail "$name: $(head -c 400 "$work/out" "$work/err" 2>/dev/null)"; fi; }

cat >"$work/run.ini" <<END
[run]
model = $models/bert-tiny
task = classify
protocol = rep3
[input]
text = In the beginning, "quoted"
[network]
transport = tcp
END

compare() { "$puma" compare "$@" >"$work/out" 2>"$work/err"; code=$?; }

compare "$work/run.ini" --vary run.protocol=rep3,plain --vary approximation.default=precise,mpcformer --json
expect json-code [ $code = 0 ]
python3 - "$work/out" "$work/run.ini" >"$work/said" <<'END' && pass || fail "json: $(cat "$work/said")"
import json, sys
rows = json.load(open(sys.argv[1]))
wanted = [(p, a) for p in ("rep3", "plain") for a in ("precise", "mpcformer")]
assert [(r["variant"]["run.protocol"], r["variant"]["approximation.default"]) for r in rows] == wanted, rows
for r in rows:
    f = r["report"]["fidelity"]
    assert r["run"] == sys.argv[2] and r["report"]["protocol"] == r["variant"]["run.protocol"]
    for key in "max_abs_error", "cosine", "top1_agreement", "fixed_point_error", "approximation_error":
        assert isinstance(f[key], (int, float)), (key, f)
    assert f["fixed_point_error"] < 2e-3, f
    # plaintext has no protocol that could be off
    assert f["protocol_error"] < 2e-3 if r["report"]["protocol"] != "plain" else "protocol_error" not in f, f
    assert r["report"]["layers"] and r["report"]["wall_s"] >= 0
rep3, quad, plain, plain_quad = (r["report"] for r in rows)
assert "cautions" not in rep3 and set(quad["cautions"]) == {"mpcformer.quad", "mpcformer.2quad"}, quad["cautions"]
assert rep3["total_bytes"] > quad["total_bytes"] > 0 == plain["total_bytes"]
assert rep3["fidelity"]["approximation_error"] < 1e-3 < 0.1 < quad["fidelity"]["approximation_error"]
# of the plaintext run with the same functions the distance is that of the functions
assert plain_quad["fidelity"]["max_abs_error"] == quad["fidelity"]["approximation_error"]
END

# plaintext has no protocol error: "-" in the table, nothing in CSV
compare "$work/run.ini" --vary run.protocol=rep3,plain
expect no-protocol-error [ "$(awk '$1 == "variant" { for (i = 1; i <= NF; i++) if ($i == "protocol") at = i }
    $1 == "plain" { print $at } $1 == "rep3" { print ($at > 0) }' "$work/out" | tr '\n' ' ')" = '1 - ' ]
compare "$work/run.ini" --vary run.protocol=rep3,plain --csv
expect csv-no-protocol-error [ "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "protocol") at = i } $2 == "plain" { print "<" $at ">" }' "$work/out")" = '<>' ]

compare "$work/run.ini" --vary approximation.default=exact,precise --csv
expect csv-code [ $code = 6 ]
expect csv-lines [ "$(wc -l <"$work/out")" = 3 ]
expect csv-head grep -q '^run,approximation.default,cosine,max_error,protocol,fixed_point,approximation,top1,' "$work/out"
expect csv-error grep -q '^.*,exact,,,,,,,,,,,,,,"\{0,1\}error E0615: ' "$work/out"
expect csv-good grep -Eq ',precise,[01]\.[0-9]+,' "$work/out"

compare "$work/run.ini" --set run.protocol=plain
expect table-code [ $code = 0 ]
expect table-row grep -q "run.ini" "$work/out"
compare "$work/run.ini" "$work/none.ini" --set run.protocol=plain
expect missing-code [ $code = 3 ]
expect missing-row grep -q 'none.ini.*error E03' "$work/out"

# the page: whole, closed tags, nothing fetched, no script, texts of others escaped
cp "$work/run.ini" "$work/<b>&'.ini"
compare "$work/<b>&'.ini" --vary run.protocol=rep3,plain --vary approximation.default=precise,exact --html "$work/page.html"
expect html-code [ $code = 6 ]
python3 - "$work/page.html" >"$work/said" 2>&1 <<'END' && pass || fail "html: $(cat "$work/said")"
import html.parser, sys
text = open(sys.argv[1]).read()
assert "<b>" not in text and "://" not in text and "<script" not in text
class Reader(html.parser.HTMLParser):
    open, seen = [], []
    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        if tag not in ("meta",): self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
reader = Reader(); reader.feed(text); reader.close()
assert not reader.open, reader.open
# four variants and their heading, one input and its heading
assert reader.seen.count("tr") == 7, reader.seen
assert "e+0" not in text and " MB" in text  # bytes as people read them
# three bars of all variants and three of one by layer, error by layer, and gelu, tanh, softmax; its one point
plots = text.count('<svg class="plot"')
assert plots == 11, plots
# of the three that ran a line with embedding and two layers; two variants of three functions
assert text.count("<polyline class=") == 9, text.count("<polyline class=")
assert text.count('<p class="note">Left out, ') == 5 and "as they send nothing and the axis is logarithmic: plain precise" in text
for part in "Where it goes", "Error by layer", "The functions", "Inputs and their labels", "&quot;quoted&quot;":
    assert part in text, part
END

# 24 variants of two inputs: each has its own colour and marker in the key, and stands in the diagram or is named
# as left out; inputs stand with the answers to them
cat >"$work/embed.ini" <<END
[run]
model = $models/bert-tiny
task = embed
protocol = rep3
[input]
text = x
[network]
transport = memory
END
compare "$work/embed.ini" --vary run.protocol=rep3,beaver2,plain --vary approximation.default=puma,mpcformer,crypten,precise \
    --vary "input.text=In the <i>beginning</i>,And the earth" --html "$work/many.html"
expect many-code [ $code = 0 ]
python3 - "$work/many.html" >"$work/said" 2>&1 <<'END' && pass || fail "24 variants: $(cat "$work/said")"
import re, sys
text = open(sys.argv[1]).read()
assert "<i>" not in text.split("<body>")[1].replace('<i class', '')
names = [f"{p} {a} {t}" for p in ("rep3", "beaver2", "plain") for a in ("puma", "mpcformer", "crypten", "precise")
         for t in ("In the &lt;i&gt;beginning&lt;/i&gt;", "And the earth")]
scatter = text[text.index("Bytes against error"):text.index("Where it goes")]
key = dict((name, (shape, colour)) for shape, colour, name in
           re.findall(r'<(circle|rect|path)[^>]*class="mark (c\d+)"></\1></svg>([^<]*)</span>', scatter))
left = re.search(r"as they send nothing and the axis is logarithmic: (.*)\.</p>", scatter).group(1).split("; ")
assert sorted(list(key) + left) == sorted(names), (key, left)
growth = text[text.index("Error by layer"):text.index("The functions")]
lines = re.findall(r'<line class="(c\d+)"[^/]*/><(circle|rect|path)[^>]*class="mark c\d+"></\2></svg>([^<]*)</span>', growth)
assert sorted(name for _, _, name in lines) == sorted(names)
assert len(set(colour for colour, _, _ in lines)) == 24 and all(key[n] == (s, c) for c, s, n in lines if n in key)
colours = re.findall(r"[.]c\d+{color:(#\w+)}", text)  # on light ground, then on dark
assert len(colours) == 48 and len(set(colours[:24])) == len(set(colours[24:])) == 24, colours
for given, answers in zip(("In the &lt;i&gt;beginning&lt;/i&gt;", "And the earth"),
                          text[text.index("Inputs and answers"):].split("<blockquote>")[1:]):
    assert answers.startswith(given + "</blockquote>") and answers.count('<svg class="spark"') == 12, given
    assert answers.count("64 numbers") == 12 and all(n in answers for n in names if n.endswith(given))
END

# what was generated, beside its prompt; a variant that failed has a place too
cat >"$work/tokens.ini" <<END
[run]
model = $models/gpt2-tiny
task = generate
protocol = rep3
[input]
file = $work/prompts
[generate]
max_new_tokens = 3
[network]
transport = memory
END
printf 'In the beginning\nAnd <b>\n' >"$work/prompts"
compare "$work/tokens.ini" --vary run.protocol=rep3,plain,none --html "$work/tokens.html" --json
expect generate-html [ $code = 6 ]
python3 - "$work/out" "$work/tokens.html" >"$work/said" 2>&1 <<'END' && pass || fail "generate: $(cat "$work/said")"
import html, json, sys
rows, text = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
inputs = text[text.index("Inputs and answers"):].split("<blockquote>")[1:]
assert [i.split("</blockquote>")[0] for i in inputs] == ["In the beginning", "And &lt;b&gt;"]
for row in rows[:2]:
    for output, shown in zip(row["report"]["outputs"], inputs):
        assert output["text"].strip() and html.escape(output["text"]).replace("&#x27;", "&#39;") in shown, output
assert "Left out, having failed: none" in text and "as no numbers were revealed that could be compared: rep3; plain" in text
END

# a name that is not UTF-8 is no text of JSON's, and ends nothing
cp "$work/embed.ini" "$work/"$'n\xffme.ini'
compare "$work/"$'n\xffme.ini' --set run.protocol=plain --html "$work/bytes.html" --csv
expect bytes-code [ $code = 0 ]
expect bytes-row grep -q 'n?me.ini,' "$work/out"
expect bytes-page grep -q 'Inputs and answers' "$work/bytes.html"

# pictures, and what functions warn of
cat >"$work/picture.ini" <<END
[run]
model = $models/vit-fashion
task = classify
protocol = plain
[input]
image = $work/picture.pgm
[compare]
reference = plain
layers = yes
END
{ printf 'P5 28 28 255\n'; head -c 784 "$puma"; } >"$work/picture.pgm"
compare "$work/picture.ini" --vary approximation.default=precise,mpcformer --html "$work/pictures.html"
expect picture-code [ $code = 0 ]
expect picture-shown [ "$(grep -c 'src="data:image/png;base64,' "$work/pictures.html")" = 1 ]
expect picture-curves [ "$(grep -o 'mpcformer.2quad</span>' "$work/pictures.html" | wc -l)" = 1 ]
expect warning grep -q 'warning: mpcformer.2quad: .*trained with it' "$work/err"
expect warning-page grep -q 'mpcformer.2quad: made for models' "$work/pictures.html"

# a run's own page; the growth is in the report
"$puma" run "$work/picture.ini" --set run.protocol=rep3 --set network.transport=tcp --set approximation.softmax=mpcformer \
    --report "$work/picture.json" --html "$work/run.html" >"$work/out" 2>"$work/err"
expect run-html [ $? = 0 ]
expect run-page grep -q 'Error by layer' "$work/run.html"
expect run-warns grep -q 'warning: mpcformer.2quad: ' "$work/err"
expect run-layers [ "$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["fidelity"]["layers"]))' "$work/picture.json")" = 3 ]
expect run-states grep -q 'the client learns the hidden states' "$work/err"
"$puma" run "$work/picture.ini" --html "$work/picture.ini" >"$work/out" 2>"$work/err"
expect run-html-input [ $? = 3 ]
"$puma" run "$work/picture.ini" --set run.reveal=label >"$work/out" 2>"$work/err"
expect layers-label grep -q 'E0317.*layers' "$work/err"
"$puma" plugins >"$work/out" 2>"$work/err"
expect plugins-caution grep -q 'made for models that were trained with it' "$work/out"
compare "$work/run.ini" --html "$work/run.ini"
expect html-input [ $code = 3 ]

cat >"$work/generate.ini" <<END
[run]
model = $models/gpt2-tiny
task = perplexity
protocol = plain
[input]
text = In the beginning God created the heaven and the earth.
END
compare "$work/generate.ini" --vary approximation.default=precise,puma
expect perplexity-code [ $code = 0 ]
expect perplexity-column grep -q ' perplexity ' "$work/out"
# of several texts all together, each variant's and plaintext's: the latter is the same in all rows
printf 'In the beginning God created the heaven and the earth.\nAnd the earth was without form, and void.\n' >"$work/texts"
sed "s|^text = .*|file = $work/texts|" "$work/generate.ini" >"$work/texts.ini"
compare "$work/texts.ini" --vary approximation.default=precise,mpcformer --csv
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "perplexity") own = i; if ($i == "plaintext") plain = i } }
    NR > 1 { print $own, $plain }' "$work/out" >"$work/said"
expect perplexity-both awk '{ own[NR] = $1; plain[NR] = $2 }
    END { exit !(NR == 2 && plain[1] > 1 && plain[1] == plain[2] && own[1] != own[2] && (own[1] / plain[1] - 1) ^ 2 < 1e-4) }' "$work/said"

for wrong in "--vary=run.protocol" "--vary=protocol=rep3" "--vary=run.protocol=rep3,,plain" "--csv --json" "--vary=run.task=embed --set=run.task=hidden"; do
    # shellcheck disable=SC2086  # several options
    compare "$work/run.ini" $wrong
    expect "usage $wrong" [ $code = 2 ]
done

echo "compare: $passed passed, $failed failed"
[ "$failed" = 0 ]
