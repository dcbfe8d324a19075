#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# input.sh - the ways to give a text, through the program: the same text gives the same answer whichever way it comes,
# byte order marks count for nothing, what cannot be served is refused by name.
set -u
export LC_ALL=C

puma=${PUMA_BUILDDIR:-.}/puma
models=${PUMA_SRCDIR:-.}/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/input.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
mark=$'\xef\xbb\xbf'

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}
ok() { passed=$((passed + 1)); }

# run_file MODEL TASK INPUT: writes run.ini
run_file() {
    printf '[run]\nmodel = %s\ntask = %s\nprotocol = plain\n[network]\ntransport = memory\n[approximation]\ndefault = exact\n[input]\n%s\n' \
        "$1" "$2" "$3" >"$work/run.ini"
}

# answer NAME ARGUMENTS...: the report's answer in $work/NAME; standard input is the caller's
answer() {
    local name=$1
    shift
    rm -f "$work/report.json"
    if ! timeout 20 "$puma" run "$work/run.ini" --report "$work/report.json" "$@" >/dev/null 2>"$work/err"; then
        fail "$name: $(tail -n 1 "$work/err")"
        return
    fi
    tr -d '\n ' <"$work/report.json" | grep -o '"sequence_length":[0-9]*\|"\(logits\|embedding\|tokens\)":\[[^]]*\]' | sort -u >"$work/$name"
    [ -s "$work/$name" ] || fail "$name: no answer in the report"
}

# same A B: both answers are there and equal
same() { if cmp -s "$work/$1" "$work/$2"; then ok; else fail "$1 and $2 differ"; fi; }
differ() { if cmp -s "$work/$1" "$work/$2"; then fail "$1 and $2 are equal"; else ok; fi; }

# refused NAME CODE PATTERN ARGUMENTS...
refused() {
    local name=$1 code=$2 pattern=$3 got
    shift 3
    timeout 20 "$puma" run "$work/run.ini" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got = "$code" ] && [ ! -s "$work/out" ] && [ "$(grep -c '^puma: error E' "$work/err")" = 1 ] && grep -qF -- "$pattern" "$work/err" &&
        ! grep -q SECRET "$work/err"; then ok; else
        fail "$name: exit $got (wanted $code, '$pattern'): $(tail -n 1 "$work/err")"
    fi
}

# ---- a text of several lines, whichever way it comes ------------------------------------------------
text=$'the first line\nthe second one\n\n\tand a fourth '
run_file "$models/llama-tiny" logits ''
printf '%s' "$text" >"$work/prompt.txt"
printf '%s%s' "$mark" "$text" >"$work/marked.txt"
printf 'prompt_file = prompt.txt\n' >>"$work/run.ini"
answer set --set "input.text=$text"
answer prompt
answer marked --set "input.prompt_file=$work/marked.txt"
answer piped --set input.prompt_file=- <"$work/marked.txt"
answer escapes --set 'input.text=the first line\nthe second one\n\n\tand a fourth '
same set prompt
same set marked
same set piped
differ set escapes
printf '%s\n' "$text" >"$work/prompt.txt"
answer newline
differ set newline

# ---- marks in front of files ------------------------------------------------------------------------
printf 'one text\nanother\n' >"$work/texts.txt"
printf '%sone text\nanother\n' "$mark" >"$work/marked.txt"
answer texts --set "input.file=$work/texts.txt"
answer texts-marked --set "input.file=$work/marked.txt"
same texts texts-marked
printf '\xff\xfeo\0n\0e\0' >"$work/wide.txt"
refused 'UTF-16 texts' 5 'UTF-16' --set "input.file=$work/wide.txt"
refused 'UTF-16 prompt' 5 'UTF-16' --set "input.prompt_file=$work/wide.txt"
printf '\0\0\xfe\xff\0\0\0o' >"$work/wide.txt"
refused 'UTF-32 prompt' 5 'UTF-32' --set "input.prompt_file=$work/wide.txt"
printf 'SECRET \xff' >"$work/bad.txt"
refused 'no UTF-8' 5 'not UTF-8' --set "input.prompt_file=$work/bad.txt"
run_file "$models/bert-tiny" classify 'file = texts.txt'
printf '%s0\n1\n' "$mark" >"$work/labels.txt"
answer labels --set "input.labels=$work/labels.txt"
answer no-labels
same labels no-labels
printf '\xfe\xff\0000' >"$work/labels.txt"
refused 'UTF-16 labels' 5 'UTF-16' --set "input.labels=$work/labels.txt"

# ---- texts that are too long ------------------------------------------------------------------------
cp -r "$models/bert-tiny" "$work/left"
chmod -R u+w "$work/left"
letters=$(printf 'a b c d e f g h i j %.0s' {1..30})
limit=$(tr -d '\n ' <"$work/left/config.json" | sed -E 's/.*"max_position_embeddings":([0-9]+).*/\1/')
run_file "$work/left" classify "text = $letters"
refused 'too long' 5 'truncate = yes'
answer right --set input.truncate=yes
answer right-cut --set "input.text=${letters:0:2*(limit-2)}"
sed -i 's/^{/{"truncation_side": "left",/' "$work/left/tokenizer_config.json"
answer left-all --set input.truncate=yes
answer left-cut --set "input.text=${letters:${#letters}-2*(limit-2)}"
same right right-cut
cp "$work/left/tokenizer_config.json" "$work/config.json"
sed -i 's/"truncation_side": "left",//; s/"model_max_length": *[0-9]*/"model_max_length": 21/' "$work/left/tokenizer_config.json"
answer limited --set input.truncate=yes
answer limited-cut --set "input.text=${letters:0:2*(21-2)}"
answer pair --set input.truncate=yes --set "input.text_pair=x y z"
answer pair-cut --set "input.text=${letters:0:2*(21-3-3)}" --set "input.text_pair=x y z"
answer pair-even --set input.truncate=yes --set "input.text_pair=$letters"
answer pair-even-cut --set "input.text=${letters:0:2*9}" --set "input.text_pair=${letters:0:2*9}"
same limited limited-cut
same pair pair-cut
same pair-even pair-even-cut
differ limited right
# no limit, as transformers writes it: an integer beyond 64 bits
sed -i 's/"model_max_length": *[0-9]*/"model_max_length": 1000000000000000019884624838656/' "$work/left/tokenizer_config.json"
answer unlimited --set input.truncate=yes
same unlimited right
mv "$work/config.json" "$work/left/tokenizer_config.json"
same left-all left-cut
differ left-all right

# ---- which input it is ------------------------------------------------------------------------------
run_file "$models/llama-tiny" logits 'text = a word'
answer given
printf 'a word' >"$work/prompt.txt"
answer replaced --set "input.prompt_file=$work/prompt.txt"
same given replaced
refused 'two on the command line' 3 'given too' --set input.text=x --set input.ids=1
mkfifo "$work/fifo"
refused 'a FIFO' 5 'not a regular file' --set "input.prompt_file=$work/fifo"
refused 'no such file' 5 'No such file' --set "input.prompt_file=$work/nothing"
refused 'an empty file' 5 'empty' --set input.prompt_file=-
refused 'line end in another key' 3 'not one line' --set $'run.protocol=plain\n'

# ---- conversations ----------------------------------------------------------------------------------
printf '[{"role": "user", "content": "a word"}]' >"$work/messages.json"
answer inline --set 'input.messages=[{"role": "user", "content": "a word"}]' --set chat.template=chatml
answer file --set "input.messages=$work/messages.json" --set chat.template=chatml
answer messages-piped --set input.messages=- --set chat.template=chatml <"$work/messages.json"
answer prompt-chat --set "input.prompt_file=$work/prompt.txt" --set chat.template=chatml
answer text-chat --set chat.template=chatml
answer system --set chat.template=chatml --set $'chat.system=two\nlines'
same inline file
same inline messages-piped
same inline prompt-chat
same inline text-chat
differ inline given
differ inline system
refused 'no template' 5 'no chat template' --set "input.messages=$work/messages.json"
refused 'no such template' 3 'no "nonesuch"' --set chat.template=nonesuch
refused 'a path for a template' 3 'not the name' --set chat.template=../chatml
refused 'ids are no conversation' 3 'not with [input] ids' --set input.ids=1 --set chat.template=chatml
refused 'a system message alone' 3 'goes with [chat] template' --set chat.system=x
refused 'broken messages' 5 'E0566' --set 'input.messages=[{"role": "user", "content": "SECRET"' --set chat.template=chatml
refused 'a tool' 5 'role tool' --set 'input.messages=[{"role": "tool", "content": "SECRET"}]' --set chat.template=chatml
long=$(printf 'word %.0s' {1..200})
refused 'too long' 5 'a conversation is not cut' --set "input.text=$long" --set chat.template=chatml --set input.truncate=yes
if "$puma" plan "$work/run.ini" --set chat.template=chatml 2>&1 | grep -q '^chat template chatml$'; then ok; else fail 'plan names no template'; fi
if [ "$("$puma" tokenize "$models/llama-tiny" --messages "$work/messages.json" --template chatml | wc -w)" -gt 10 ]; then ok; else fail 'tokenize --messages'; fi
printf '%s"a word"\n' "$mark" | "$puma" tokenize "$models/llama-tiny" >"$work/with" 2>&1
printf '"a word"\n' | "$puma" tokenize "$models/llama-tiny" >"$work/without" 2>&1
same with without

# ---- what is on the command lines of the parties ----------------------------------------------------
run_file "$models/bert-tiny" classify 'text = x'
sed -i 's/^protocol = .*/protocol = rep3/; s/exact/precise/; s/memory/tcp/' "$work/run.ini"
timeout 60 "$puma" run "$work/run.ini" --set 'input.text=SECRET words' --set network.round_trip_ms=10 >/dev/null 2>"$work/err" &
job=$!
seen=no
while kill -0 $job 2>/dev/null; do
    for line in /proc/[0-9]*/cmdline; do
        words=$({ tr '\0' ' ' <"$line"; } 2>/dev/null)
        case $words in
        *"$work/run.ini"*SECRET*--party*) seen=secret ;;
        *"$work/run.ini"*--party*) [ $seen = no ] && seen=party ;;
        esac
    done
done
if ! wait $job; then fail "the run over tcp: $(tail -n 1 "$work/err")"; elif [ $seen = secret ]; then fail 'a party has the text on its command line'; else ok; fi
[ $seen != no ] || echo 'note: no party was seen while it ran'

echo "input: $passed passed, $failed failed"
[ $failed = 0 ]
