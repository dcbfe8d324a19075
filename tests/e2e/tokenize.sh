#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# tokenize.sh - puma tokenize: texts to ids and back, as arguments and line by line, and what it refuses, by place
set -u
export LC_ALL=C
puma=${PUMA_BUILDDIR:?}/puma
models=${PUMA_SRCDIR:?}/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/tokenize.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
bert=$models/bert-tiny llama=$models/llama-tiny gpt=$models/gpt2-tiny

fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}

# is WANT ARGUMENTS...: exit 0, exactly WANT on standard output, nothing on the other; standard input is the caller's
is() {
    local want=$1 code
    shift
    timeout 20 "$puma" tokenize "$@" >"$work/out" 2>"$work/err"
    code=$?
    if [ $code -eq 0 ] && [ "$(cat "$work/out")" = "$want" ] && [ ! -s "$work/err" ]; then passed=$((passed + 1))
    else fail "$*: exit $code, '$(head -c 300 "$work/out" "$work/err")', not '$want'"; fi
}

# bad CODE PATTERN ARGUMENTS...: exit code CODE's class, one line with CODE and PATTERN, nothing on standard output
bad() {
    local want=$1 pattern=$2 code
    shift 2
    timeout 20 "$puma" tokenize "$@" >"$work/out" 2>"$work/err"
    code=$?
    if [ $code -eq $((want / 100)) ] && [ ! -s "$work/out" ] && grep -q "error E0*$want: .*$pattern" "$work/err"; then
        passed=$((passed + 1))
    else fail "$*: exit $code, '$(head -c 300 "$work/out" "$work/err")', not E$want $pattern"; fi
}

# --- one text, or two
is '2 85 68 550 75 47 87 3' "$bert" 'In the beginning'
is '85 68 550 75 47 87' "$bert" 'In the beginning' --no-special
is '2 3' "$bert" ''
is '2 85 3 68 3' "$bert" in the
is '{"ids": [2, 85, 3, 68, 3], "type_ids": [0, 0, 0, 1, 1], "tokens": ["[CLS]", "in", "[SEP]", "the", "[SEP]"]}' "$bert" in the --json
is '{"ids": [], "type_ids": [], "tokens": []}' "$bert" '' --no-special --json
plain=$("$puma" tokenize "$gpt" 'a<|endoftext|>')
special=$("$puma" tokenize "$gpt" 'a<|endoftext|>' --parse-special)
if [ "$(wc -w <<<"$special")" -eq 2 ] && [ "$(wc -w <<<"$plain")" -gt 2 ]; then passed=$((passed + 1)); else fail "--parse-special: '$special' and '$plain'"; fi

# --- and back: ids with blanks or as JSON
is 'in the beginning' "$bert" '2 85 68 550 75 47 87 3' --decode --no-special
is '[CLS] in the [SEP]' "$bert" '2 85 68 3' --decode
for ids in '[85,68]' ' [ 85 , 68 ]' '85,68' '  85   68 ' $'85\n68\n' $'85\t,68'; do is 'in the' "$bert" "$ids" --decode; done
is '"in the"' "$bert" '85 68' --decode --json
is '' "$bert" '' --decode
is '' "$bert" '[]' --decode
bad 509 'ids: entry 1: no such token (limit' "$bert" '85 -1' --decode
bad 509 'ids: entry 0: no such token (limit' "$bert" 4000000000 --decode
bad 510 'ids: entry 1: not a token id' "$bert" '[85, 6.5]' --decode
bad 510 'ids: entry 0: not a token id' "$bert" '["85"]' --decode
bad 510 'ids: byte' "$bert" '85 sixty' --decode
bad 510 'ids: byte' "$bert" '[85' --decode

# --- a line of standard input each
first='{"ids": [2, 85, 3], "type_ids": [0, 0, 0], "tokens": ["[CLS]", "in", "[SEP]"]}'
pair='{"ids": [2, 85, 3, 68, 3], "type_ids": [0, 0, 0, 1, 1], "tokens": ["[CLS]", "in", "[SEP]", "the", "[SEP]"]}'
is "$first"$'\n'"$pair"$'\n'"$first" "$bert" <<<$'"in"\n["in", "the"]\n["in"]'
is "$first" "$bert" < <(printf '"in"') # no end of line
is '' "$bert" </dev/null
is '"in the"'$'\n''""' "$bert" --decode <<<$'[85, 68]\n[]'
# A text of 5000 letters, so that the line's buffer grows; a zero byte is no end.
long=$(printf '%05000d' 0 | sed 's/0/a /g')
if [ "$("$puma" tokenize "$bert" --no-special <<<"\"$long\"" | grep -o '"a"' | wc -l)" -eq 5000 ]; then passed=$((passed + 1)); else fail 'a long line'; fi
if [ "$("$puma" tokenize "$bert" <<<'"a\u0000b"' | grep -c '"b"')" -eq 1 ] || [ "$("$puma" tokenize "$bert" <<<'"a\u0000b"')" != "$("$puma" tokenize "$bert" <<<'"a"')" ]; then
    passed=$((passed + 1)); else fail 'a zero byte ends the text'; fi
# What is wrong in one line leaves nothing of the lines before it, and is named by its number.
bad 510 '<stdin>:2: byte' "$bert" <<<$'"in"\n"the'
bad 510 '<stdin>:2: byte' "$bert" <<<$'"in"\n\n"the"'
bad 510 '<stdin>:1: neither a string' "$bert" <<<'7'
bad 510 '<stdin>:1: neither a string' "$bert" <<<'["a", "b", "c"]'
bad 510 '<stdin>:1: neither a string' "$bert" <<<'["a", 7]'
bad 510 '<stdin>:1: neither a string' "$bert" <<<'[]'
bad 510 '<stdin>:3: neither a string' "$bert" <<<$'"in"\n"the"\n{"text": "in"}'
bad 510 '<stdin>:1: not an array of ids' "$bert" --decode <<<'"in"'
bad 510 '<stdin>:2: entry 1: not a token id' "$bert" --decode <<<$'[85]\n[85, null]'
bad 509 '<stdin>:1: entry 0: no such token' "$bert" --decode <<<'[-7]'
bad 508 '<stdin>:2: longer than' "$bert" < <(printf '"in"\n"'; head -c 70000000 /dev/zero | tr '\0' a)
bad 1002 '<stdin>:1: ' "$bert" <"$work" # a folder

# --- conversations
printf '[{"role": "user", "content": "Who begot Isaac?"}]' >"$work/messages.json"
"$puma" tokenize "$llama" --messages "$work/messages.json" --template chatml >"$work/ids"
is "$(cat "$work/ids")" "$llama" --messages - --template chatml <"$work/messages.json"
text=$("$puma" tokenize "$llama" "$(cat "$work/ids")" --decode)
case $text in *'<|im_start|>user'*'Who begot Isaac?'*'<|im_start|>assistant'*) passed=$((passed + 1)) ;; *) fail "a conversation: '$text'" ;; esac
"$puma" tokenize "$llama" --messages "$work/messages.json" --template chatml --json | grep -q '^{"ids": \[.*"tokens": \[' && passed=$((passed + 1)) || fail '--messages --json'
bad 554 'absent.json' "$llama" --messages "$work/absent.json" --template chatml
printf '[{"role": "user"}]' >"$work/messages.json"
bad 566 'messages.json' "$llama" --messages "$work/messages.json" --template chatml

# --- what goes with what
bad 205 '--decode takes one text' "$bert" '85' '68' --decode
bad 205 '--messages takes the place of TEXT' "$llama" text --messages "$work/messages.json"
bad 205 '--messages takes the place of TEXT' "$llama" --messages "$work/messages.json" --decode
bad 205 '--messages takes the place of TEXT' "$llama" --messages "$work/messages.json" --no-special
bad 205 '--template goes with it' "$llama" text --template chatml
bad 205 '' "$bert" one two three
bad 401 'absent' "$work/absent" text

# --- an answer that cannot be written is no success
timeout 20 "$puma" tokenize "$bert" in >/dev/full 2>"$work/err"
code=$?
if [ $code -eq 10 ] && grep -q 'error E1004' "$work/err"; then passed=$((passed + 1)); else fail "a full disk: exit $code, $(cat "$work/err")"; fi

echo "tokenize: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
