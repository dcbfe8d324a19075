#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# badfiles.sh - damaged model files, tokenizers, inputs and plugins through the program: the class of the exit code, one
# error line, nothing on standard output and no report; `plan` says the same as `run`.  The files are made here from bert-tiny.
set -u
export LC_ALL=C

puma=${PUMA_BUILDDIR:-.}/puma
source=${PUMA_SRCDIR:-.}/tests/golden/models/bert-tiny
work=$(mktemp -d "${TMPDIR:-/tmp}/badfiles.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
model=$work/model
weights=$model/model.safetensors
config=$model/config.json
tokenizer=$model/tokenizer.json

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}

input='text = In the beginning'
more=''
# fresh: an intact copy to damage, and its run file
fresh() {
    rm -rf "$model" "$work/report.json"
    mkdir "$model"
    cp "$source"/*.json "$source/vocab.txt" "$source/model.safetensors" "$model/"
    chmod -R u+w "$model"
    rm -f "$model/golden.json"
    printf '[run]\nmodel = model\ntask = classify\nprotocol = rep3\n[network]\ntransport = memory\n[input]\n%b\n%b' "$input" "$more" >"$work/run.ini"
}

one() {
    local command=$1 name=$2 code=$3 pattern=$4 got class
    shift 4
    timeout 10 "$puma" "$command" "$work/run.ini" "$@" >"$work/out" 2>"$work/$command.err"
    got=$?
    class=$(printf 'E%02d' "$code")
    if [ $got = "$code" ] && [ ! -s "$work/out" ] && [ ! -e "$work/report.json" ] && [ "$(grep -c '^puma: error' "$work/$command.err")" = 1 ] &&
        tail -n 1 "$work/$command.err" | grep -q "^puma: error $class[0-9][0-9]: " && grep -qF -- "$pattern" "$work/$command.err" &&
        ! grep -q '[^[:print:][:space:]]' "$work/$command.err" && [ "$(tail -n 1 "$work/$command.err" | wc -c)" -le 330 ]; then
        passed=$((passed + 1))
    else
        fail "$name, $command: exit $got (wanted $code, '$pattern'): $(head -c 500 "$work/$command.err") $(head -c 100 "$work/out")"
    fi
}

# bad NAME CODE PATTERN ARGUMENTS...: both commands refuse, in the same words
bad() {
    local name=$1 code=$2 pattern=$3
    shift 3
    one run "$name" "$code" "$pattern" --report "$work/report.json" "$@"
    one plan "$name" "$code" "$pattern" "$@"
    if ! cmp -s "$work/run.err" "$work/plan.err"; then fail "$name: run and plan differ: $(cat "$work/run.err" "$work/plan.err")"; fi
}

good() {
    if timeout 10 "$puma" run "$work/run.ini" >"$work/out" 2>"$work/run.err" && [ -s "$work/out" ]; then passed=$((passed + 1)); else
        fail "$1: $(cat "$work/run.err")"
    fi
}

# little SIZE: eight bytes, least significant first
little() {
    local n=$1 i
    for ((i = 0; i < 8; i++)); do
        # shellcheck disable=SC2059
        printf "\\x$(printf %02x $((n >> 8 * i & 255)))"
    done
}

length=$(od -An -tu8 -N8 "$source/model.safetensors" | tr -d ' ')
tail -c +9 "$source/model.safetensors" | head -c "$length" >"$work/header"
tail -c +$((9 + length)) "$source/model.safetensors" >"$work/data"
# header: standard input becomes the header of the model's file, with its data behind it
header() {
    cat >"$work/new"
    { little "$(wc -c <"$work/new")"; cat "$work/new" "${1:-$work/data}"; } >"$weights"
}
# tensor NAME: where its data begin in the file
tensor() { sed "s/.*\"$1\":{[^}]*\"data_offsets\":\[\([0-9]*\),.*/\1/" "$work/header"; }
# small HEADER DATA_BYTES: a file with nothing else
small() {
    head -c "$2" /dev/zero >"$work/zeros"
    printf %s "$1" | header "$work/zeros"
}
entry() { printf '{"a":{"dtype":"%s","shape":%s,"data_offsets":%s}}' "$1" "$2" "$3"; }

fresh
good intact
header <"$work/header"
good 'the same header written by this test'

# --- B: safetensors
for size in 0 1 7 8; do
    fresh
    head -c $size "$source/model.safetensors" >"$weights"
    bad "B1-$size" 4 model.safetensors
done
for prefix in '\xff\xff\xff\xff\xff\xff\xff\xff' '\x00\x00\x00\x00\x00\x00\x00\x80' '\x01\xe1\xf5\x05\x00\x00\x00\x00' '\xf8\xff\xff\xff\xff\xff\xff\xff'; do
    fresh
    # shellcheck disable=SC2059
    printf "$prefix" | dd of="$weights" conv=notrunc status=none
    bad "B2-$prefix" 4 model.safetensors
done
for text in '{' '[]' 'null' '{"a":' '{"a":1}' 'x' '{"a":"\xff"}' '{}x'; do
    fresh
    small "$text" 8
    bad "B4-$text" 4 model.safetensors
done
fresh
{ printf '{"__metadata__":'; head -c 10000 /dev/zero | tr '\0' '['; } | header
bad B6-nested 4 model.safetensors
fresh
small '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}' 8
bad B7-name 4 model.safetensors
fresh
small '{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}' 4
bad B7-key 4 model.safetensors
fresh
small '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}' 12
bad B8-overlap 4 model.safetensors
fresh
small '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}' 12
bad B9-hole 4 model.safetensors
fresh
printf PK >>"$weights"
bad B9-trailing 4 model.safetensors
fresh
truncate -s -2 "$weights"
bad B9-missing 4 model.safetensors
for offsets in '[4,0]' '[-4,0]' '[0,4.5]' '[0,4e0]' '["0",4]' '[0,18446744073709551616]' '[0,2,4]' '[0]' '{}'; do
    fresh
    small "$(entry F32 '[1]' "$offsets")" 4
    bad "B10-$offsets" 4 model.safetensors
done
for shape in '[2,18446744073709551614]' '[2,9223372036854775807]' '[1000000]' '[2,2]' '[-1]' '[1.0]' '"1"'; do
    fresh
    small "$(entry F32 "$shape" '[0,4]')" 4
    bad "B11-$shape" 4 model.safetensors
done
for dtype in f32 F8_E4M3 BOOL X ''; do
    fresh
    small "$(entry "$dtype" '[1]' '[0,4]')" 4
    bad "B13-$dtype" 4 model.safetensors
done
fresh
sed 's/"bert.encoder.layer.0.output.dense.bias":{"dtype":"F32"/"bert.encoder.layer.0.output.dense.bias":{"dtype":"I32"/' "$work/header" | header
bad B13-integers 4 bert.encoder.layer.0.output.dense.bias
fresh
small '{"__metadata__":{"a":1}}' 0
bad B16 4 model.safetensors
fresh
sed 's/bert.encoder.layer.1.output.dense.weight/bert.encoder.layer.1.output.dense.w\\u001b[31m/' "$work/header" | header
bad B18-B20-missing 4 layer.1.output.dense.weight
fresh
shape=$(sed 's/.*"bert.encoder.layer.0.intermediate.dense.weight":{[^}]*"shape":\[\([0-9,]*\)\].*/\1/' "$work/header")
sed "s/\(\"bert.encoder.layer.0.intermediate.dense.weight\":{[^}]*\"shape\":\)\[$shape\]/\1[${shape#*,},${shape%,*}]/" "$work/header" | header
bad B20-transposed 4 layer.0.intermediate.dense.weight
for row in 'nan \x00\x00\xc0\x7f 4' 'inf \x00\x00\x80\x7f 4' '-inf \x00\x00\x80\xff 4' 'large \x76\x96\x96\x7e 11'; do
    read -r name bytes code <<<"$row"
    fresh
    at=$((8 + length + $(tensor bert.encoder.layer.0.output.dense.weight) + 40))
    # shellcheck disable=SC2059
    printf "$bytes" | dd of="$weights" bs=1 seek=$at conv=notrunc status=none
    bad "B29-$name" "$code" bert.encoder.layer.0.output.dense.weight
done
fresh
printf 'GGUF\x03\x00\x00\x00\x00\x00\x00\x00' >"$weights"
bad B24-gguf 4 model.safetensors
fresh
printf 'PK\x03\x04%0100d' 0 >"$weights"
bad B24-zip 4 model.safetensors
fresh
rm "$weights"
bad B-absent 4 model
rm -f "$weights"
mkfifo "$weights"
bad B-fifo 4 model.safetensors
# B35: five gigabytes and a terabyte in front of the first tensor that is read, a terabyte behind the last, and asked for
python3 - "$work/header" "$work" <<'END'
import json, sys
head = json.load(open(sys.argv[1]))
head.pop("__metadata__", None)
for gap in 5 << 30, 1 << 40:
    moved = {"beside": {"dtype": "F32", "shape": [gap // 4], "data_offsets": [0, gap]}}
    for name, tensor in head.items():
        moved[name] = dict(tensor, data_offsets=[at + gap for at in tensor["data_offsets"]])
    text = json.dumps(moved)
    open(f"{sys.argv[2]}/{gap}", "w").write(text + " " * (-len(text) % 8))
END
for gap in 5368709120 1099511627776; do
    fresh
    header /dev/null <"$work/$gap"
    if truncate -s $(($(wc -c <"$weights") + gap)) "$weights" && cat "$work/data" >>"$weights"; then good "B35-$gap"; else echo "note: no file of $gap bytes here"; fi
done
fresh
if truncate -s 1T "$weights"; then bad B35-behind 4 'not fully covered'; fi
fresh
sed -i 's/"vocab_size": [^,]*/"vocab_size": 16000000000/' "$config"
bad B35-memory 4 'predicted memory'
for index in '{' '{"weight_map":{"a":"../../etc/passwd"}}' '{"weight_map":{"a":"none.safetensors"}}' '{"weight_map":[]}' '{"weight_map":{}}'; do
    fresh
    rm "$weights"
    printf %s "$index" >"$model/model.safetensors.index.json"
    bad "B22-$index" 4 "$model"
done

# --- B25 to B28: config.json
config_row() {
    fresh
    sed -i "s/\"$1\": [^,]*/\"$1\": $2/" "$config"
    grep -qF "\"$1\": $2" "$config" || fail "config.json has no $1"
    bad "$1 = $2" 4 "$3"
}
for value in 0 -1 2147483648 768.5 '"768"' null '[]' 1e2; do config_row hidden_size "$value" hidden_size; done
for value in 0 -2 null; do config_row num_attention_heads "$value" num_attention_heads; done
config_row num_attention_heads 7 'multiple of the number of heads'
config_row num_hidden_layers 1000000000 'layers 1000000000'
for value in 0 -1 null; do config_row num_hidden_layers "$value" num_hidden_layers; done
for value in 0 -1; do config_row vocab_size "$value" vocab_size; done
config_row intermediate_size 1099511627776 'intermediate 1099511627776'
config_row model_type '"nonsense"' nonsense
config_row hidden_act '"nonsense"' nonsense
for value in -1 '"x"' '[]'; do config_row layer_norm_eps "$value" layer_norm_eps; done
for text in '' '{' '[]' '{"hidden_size": 64, "hidden_size": 64}' '\xff' '{} x'; do
    fresh
    printf "%b" "$text" >"$config"
    bad "config.json: $text" 4 config.json
done
fresh
rm "$config"
bad 'no config.json' 4 config.json

# --- C: tokenizer and input
for text in '' '{' '[]' '{}' '{"version":"1.0","model":{"type":"Magic"}}'; do
    fresh
    printf %s "$text" >"$tokenizer"
    bad "C1: $text" 5 tokenizer.json
done
fresh
sed -i 's/"type": *"WordPiece"/"type": "WordPeace"/' "$tokenizer"
bad C1-model 5 WordPeace
fresh
sed -i 's/"type": *"BertNormalizer"/"type": "Bert\\u001bNormalizer"/' "$tokenizer"
bad C1-normalizer 5 'Bert'
fresh
sed -i 's/"the": *[0-9]*/"the": -1/' "$tokenizer"
bad C2-negative 5 tokenizer.json
fresh
sed -i 's/"the": *[0-9]*/"the": 5/' "$tokenizer"
bad C2-double 5 tokenizer.json
fresh
rm "$model"/tokenizer* "$model/vocab.txt"
bad C-none 5 model
# C8: the tokenizer knows three words more than the embedding has rows; that is no fault until one of them is used, and then its place is said
python3 - "$source/tokenizer.json" "$work/larger.json" <<'END'
import json, sys
tokenizer = json.load(open(sys.argv[1]))
vocabulary = tokenizer["model"]["vocab"]
for word in "zebra", "quagga", "okapi":
    vocabulary[word] = len(vocabulary)
json.dump(tokenizer, open(sys.argv[2], "w"))
END
fresh
cp "$work/larger.json" "$tokenizer"
good C8-unused
input='text = the quagga'
fresh
cp "$work/larger.json" "$tokenizer"
bad C8-used 5 "entry 3 is not in the model's vocabulary (limit 999)"
if grep -q quagga "$work/run.err"; then fail "C8: the prompt is in the error: $(cat "$work/run.err")"; fi
# C11: a hundred megabytes and five gigabytes, of one word and of many: refused in little memory, before anything is made of them
for kind in word words lines sparse; do
    case $kind in
    word) head -c 100000000 /dev/zero | tr '\0' w ;;
    words) yes 'w w w w' | tr '\n' ' ' | head -c 100000000 ;;
    lines) yes w | head -c 100000000 ;;
    sparse) : ;;
    esac >"$work/large.txt"
    if [ $kind = sparse ] && ! truncate -s 5G "$work/large.txt"; then continue; fi
    for key in file prompt_file; do
        input="$key = large.txt"
        fresh
        (
            ulimit -v 400000
            "$puma" run "$work/run.ini" >"$work/out" 2>"$work/run.err"
        )
        got=$?
        # A build with a sanitizer has no room under a limit.
        if [ $got != 5 ] && grep -q fsanitize "${PUMA_BUILDDIR:-.}/config.log"; then got=5; fi
        if [ $got = 5 ]; then bad "C11-$kind-$key" 5 'large.txt'; else fail "C11-$kind-$key: exit $got: $(tail -n 1 "$work/run.err")"; fi
    done
done
rm "$work/large.txt"
for id in 1000 -777 4294967296 99999999999999999999; do
    input="ids = 2 5 $id 3"
    fresh
    bad "C13-$id" 5 'run.ini:8'
    if grep -qF -- "$id" "$work/run.err"; then fail "C13-$id: the prompt is in the error: $(cat "$work/run.err")"; fi
done
input="ids = $(head -c 1200 /dev/zero | tr '\0' 5 | sed 's/./5 /g')"
fresh
bad C12-ids 5 'tokens 1200 >'
input='file = lines.txt'
printf 'In the beginning\n%s\n' "$(head -c 5000 /dev/zero | tr '\0' w | sed 's/./w /g')" >"$work/lines.txt"
fresh
bad C12-file 5 'lines.txt:2'
printf 'In the beginning\n\xff\xfe\n' >"$work/lines.txt"
fresh
bad C10-utf8 5 'lines.txt:2'
: >"$work/lines.txt"
fresh
bad C9-file 5 'lines.txt'
rm "$work/lines.txt"
bad C-absent 5 'lines.txt'
input='text = In the beginning'

# --- D: plugins, in a folder of the run's
plugins=$work/plugins
more='[plugins]\ndirectory = plugins\n'
plugin() {
    fresh
    rm -rf "$plugins"
    mkdir -m 755 "$plugins"
}
built=${PUMA_BUILDDIR:-.}/.libs/rep3.so
plugin
: >"$plugins/rep3.so"
bad D4-empty 6 rep3
plugin
echo 'not a plugin' >"$plugins/rep3.so"
bad D4-text 6 rep3
for size in 10 64 1000 8000; do
    plugin
    head -c $size "$built" >"$plugins/rep3.so"
    bad "D4-cut-$size" 6 rep3
done
plugin
cp "$built" "$plugins/rep3.so"
chmod 777 "$plugins/rep3.so"
bad D2-file 6 rep3
chmod 755 "$plugins/rep3.so"
good 'a copy of the plugin in a folder of ours'
chmod 777 "$plugins"
bad D2-directory 6 plugins
plugin
ln -s "$(readlink -f "$built")" "$plugins/rep3.so"
bad D2-link 6 rep3
more="[plugin.rep3]\nsha256 = $(printf '%064d' 0)\n"
fresh
bad D3-pin 6 SHA-256
more="[plugin.rep3]\nsha256 = $(sha256sum "$built" | cut -c1-64)\n"
fresh
good 'the pin of the built plugin'
more=''
fresh
bad D-absent 6 nonsense --set run.protocol=nonsense
fresh
bad D12-kind 6 puma --set run.protocol=puma
bad D14-exact 6 exact --set approximation.default=exact
bad D14-function 6 gelu --set approximation.gelu=puma.nonsense

echo "badfiles: $passed passed, $failed failed"
[ "$failed" = 0 ]
