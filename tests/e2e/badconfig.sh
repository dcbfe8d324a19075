#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# badconfig.sh - wrong command lines and run files: exit code, one line that says where, nothing on standard output.
# Every run file goes through `run` and `plan`, which must agree.
set -u

puma=${PUMA_BUILDDIR:-.}/puma
models=$(realpath "${PUMA_SRCDIR:-.}")/tests/golden/models
work=$(mktemp -d "${TMPDIR:-/tmp}/badconfig.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# check NAME CODE PATTERN COMMAND...: the program ends with CODE within 5 s; standard error is the one line.
check() {
    local name=$1 code=$2 pattern=$3 got class
    shift 3
    timeout 5 "$@" >"$work/.out" 2>"$work/.err"
    got=$?
    class=$(printf 'E%02d' "$code")
    if [ "$got" = "$code" ] && [ ! -s "$work/.out" ] && [ "$(wc -l <"$work/.err")" = 1 ] &&
        grep -q "^puma: error $class[0-9][0-9]: " "$work/.err" && grep -qF -- "$pattern" "$work/.err" &&
        [ "$(wc -c <"$work/.err")" -le 330 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name: exit $got (wanted $code, '$pattern'): $(head -c 600 "$work/.err") $(head -c 200 "$work/.out")"
    fi
}

# good NAME PATTERN COMMAND...: exit 0 and PATTERN on standard output.
good() {
    local name=$1 pattern=$2
    shift 2
    if timeout 5 "$@" >"$work/.out" 2>"$work/.err" && grep -qF -- "$pattern" "$work/.out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name: $(head -c 300 "$work/.err") $(head -c 200 "$work/.out")"
    fi
}

# both NAME CODE PATTERN ARGUMENTS...: `run` and `plan` say the same.
both() {
    local name=$1 code=$2 pattern=$3
    shift 3
    check "$name, run" "$code" "$pattern" "$puma" run "$@"
    cp "$work/.err" "$work/.first"
    check "$name, plan" "$code" "$pattern" "$puma" plan "$@"
    if ! cmp -s "$work/.first" "$work/.err"; then
        failed=$((failed + 1))
        echo "FAILED $name: run and plan differ: $(cat "$work/.first" "$work/.err")"
    fi
}

# file TEXT: the run file of the next checks; \n, \t and \xHH are read as printf does.
ini=$work/run.ini
file() { printf "$1" >"$ini"; }
run='[run]\nmodel = m\ntask = embed\nprotocol = rep3\n'
input='[input]\ntext = canary-prompt\n'
# bad NAME CODE PATTERN TEXT: TEXT behind a good start (line 7 on).
bad() {
    file "$run$input$4"
    both "$1" "$2" "$3" "$ini"
    if grep -q canary-prompt "$work/.err"; then
        failed=$((failed + 1))
        echo "FAILED $1: the prompt is in the error"
    fi
}
bad_set() {
    file "$run$input"
    both "$1" "$2" "$3" "$ini" --set "$4"
}

# --- A1: the command line
check A1-none 2 'usage: puma' "$puma"
check A1-command 2 'nearest: plan' "$puma" paln
check A1-option 2 "'--jsno'" "$puma" --jsno
for command in run plan tokenize plugins keygen; do
    good "A1-help-$command" "usage: puma $command" "$puma" "$command" --help
    check "A1-unknown-$command" 2 "unknown option --nonsense" "$puma" "$command" --nonsense
done
check A1-nearest 2 'nearest: --report' "$puma" run x.ini --reprot f
check A1-abbreviated 2 'unknown option --rep' "$puma" run x.ini --rep f
check A1-twice 2 '--report is given twice' "$puma" run x.ini --report a --report b
check A1-set-twice 2 '--set run.task is given twice' "$puma" run x.ini --set run.task=embed --set run.task=hidden
check A1-missing 2 '--report needs a value' "$puma" run x.ini --report
check A1-missing-before 2 '--report needs a value' "$puma" run x.ini --report --json
check A1-flag-value 2 '--json takes no value' "$puma" run x.ini --json=yes
check A1-argument 2 'an argument is missing' "$puma" run
check A1-too-many 2 'one argument too many' "$puma" plan a b
check A1-keygen 2 '--out is missing' "$puma" keygen
check A1-days 2 '--days' "$puma" keygen --out "$work/certs" --days 1x
check A1-single-dash 2 'unknown option -report (nearest: --report)' "$puma" run x.ini -report f
bad_set A1-set-form 2 'expected section.key=value' task
good A1-version 'puma ' "$puma" --version
good A1-top-help 'commands:' "$puma" --help

# --- A2: no file there
both A2-absent 3 'absent.ini: No such file' "$work/absent.ini"
both A2-directory 3 'directory' "$work"
mkfifo "$work/fifo"
both A2-fifo 3 'not a regular file' "$work/fifo"
if [ "$(id -u)" != 0 ]; then
    file "$run$input"
    chmod 000 "$ini"
    both A2-unreadable 3 'Permission denied' "$ini"
    chmod 600 "$ini"
fi

# --- A3: nothing in it
file ''
both A3-empty 3 '[run] model is missing' "$ini"
file '# only\n; comments\n'
both A3-comments 3 '[run] model is missing' "$ini"
file "$run"
both A3-input 3 '[input] is missing' "$ini"

# --- A4, A5: names
bad A4-key 3 ':8: [numeric] fracton_bits: no such key (nearest: fxp_fraction_bits)' '[numeric]\nfracton_bits = 18\n'
bad A4-section 3 ':7: no such section [numric] (nearest: [numeric])' '[numric]\nring_bits = 64\n'
bad A4-empty-section 3 ':7: no such section [numric]' '[numric]\n'
bad_set A4-set 3 '--set numeric.ringbits: no such key (nearest: ring_bits)' numeric.ringbits=64
bad A4-not-built 3 ':8: [weights] source: shares:DIR is not built yet' '[weights]\nsource = shares:x\n'
bad A5-key 3 ':9: [numeric] ring_bits is given twice, first in line 8' '[numeric]\nring_bits = 64\nring_bits = 64\n'
bad A5-section 3 ':8: [run] task is given twice, first in line 3' '[run]\ntask = hidden\n'

# --- A6: long lines whose tail looks like a key
for size in 150 199 200 201 65535 65536; do
    tail=$(printf '\tallow_insecure=yes')
    pad=$(head -c $((size - ${#tail} - 10)) /dev/zero | tr '\0' x)
    # The whole is one value: were the tail a key of [run], it would be named in the error, and the next line not.
    printf "[run]\nmodel = %s%s%s\ntask = embed\nnosuchkey = 1\n" "$pad" "$tail" 'yz' >"$ini"
    both "A6-$size" 3 '' "$ini"
    if grep -q insecure "$work/.err"; then
        failed=$((failed + 1))
        echo "FAILED A6-$size: the tail became a key: $(cat "$work/.err")"
    fi
done
{ printf '[input]\ntext = '; head -c 65537 /dev/zero | tr '\0' x; printf '\n'; } >"$ini"
both A6-over 3 ':2: the line is too long' "$ini"
bad A6-section 3 ':7: the section' "[$(head -c 50 /dev/zero | tr '\0' s)]\n"

# --- A7, A8: bytes
bad A7-nul 3 ':8: a NUL byte' '[numeric]\nring_bits = \x00 64\n'
bad A7-utf8 3 ':8: invalid UTF-8' '[numeric]\nring_bits = \xc3(\n'
bad A7-escape 3 '\x1b[31m' '[numeric]\nring_bits = \x1b[31m\n'
bad A7-continued 3 ':9: ' '[numeric]\nring_bits = 64\n\tcontinued\n'
bad A8-semicolon 3 "got '64 ; comment'" '[numeric]\nring_bits = 64 ; comment\n'
file '\xef\xbb\xbf[run]\r\nmodel = m\r\ntask = embed\r\nprotocol = rep3\r\n[input]\r\ntext = x\r\n[numeric]\r\nring_bits = 65'
both A7-bom-crlf 3 "32 <= ring_bits <= 64 (got '65')" "$ini"

# --- A9, A12: values
for value in '' 1x 0x10 ' 1' +1 -1 1e3 2147483648 9223372036854775808 18446744073709551616 \
    "$(head -c 300 /dev/zero | tr '\0' 9)"; do
    bad_set "A9-'${value:0:24}'" 3 '1 <= io_timeout_ms <= 86400000' "network.io_timeout_ms=$value"
done
for value in 1 TRUE on maybe Yes ''; do
    bad_set "A12-'$value'" 3 'needs yes or no' "run.normalize=$value"
done

# --- A11: rings
bad A11-31 3 ':8: [numeric] ring_bits: needs an integer, 32 <= ring_bits <= 64' '[numeric]\nring_bits = 31\n'
bad A11-65 3 '32 <= ring_bits <= 64' '[numeric]\nring_bits = 65\n'
bad A11-f0 3 '1 <= fxp_fraction_bits <= 30' '[numeric]\nfxp_fraction_bits = 0\n'
bad A11-f31 3 '1 <= fxp_fraction_bits <= 30' '[numeric]\nfxp_fraction_bits = 31\n'
bad A11-2f 3 '2 * fxp_fraction_bits < ring_bits - 2' '[numeric]\nring_bits = 48\nfxp_fraction_bits = 23\n'

# --- A13: parties
file "$run$input"
check A13-role8 2 '--party' "$puma" run "$ini" --party 8
check A13-party-1 2 '--party' "$puma" run "$ini" --party -1
bad A13-party8 3 ':8: [network] party8: no such key' '[network]\nparty8 = 127.0.0.1:4\n'
bad A13-party3 3 ':11: [network] party3: protocol rep3 has 3 parties' '[network]\nparty0 = h:1\nparty1 = h:2\nparty2 = h:3\nparty3 = h:4\nparty4 = h:5\nparty5 = h:6\n'
bad A13-same 3 ':9: [network] party1: another party has the same address' '[network]\nparty0 = 127.0.0.1:4\nparty1 = 127.0.0.1:4\n'
bad A13-port 3 '1 <= PORT <= 65535' '[network]\nparty0 = 127.0.0.1:65536\n'
bad A13-some 3 'party1 is missing' '[network]\nparty0 = 127.0.0.1:4\nparty2 = 127.0.0.1:5\n'
bad A13-insecure 3 'off loopback needs allow_insecure = yes' '[network]\ntransport = tcp\nparty0 = 10.0.0.1:1\nparty1 = 10.0.0.2:1\n'
bad_set A13-seed 3 'insecure:N' run.seed=7

# --- A14: paths
long=$(head -c 5000 /dev/zero | tr '\0' p)
both A14-long 3 'File name too long' "$long"
bad_set A14-long-model 3 'File name too long' "run.model=$long"
ln -s loop "$work/loop"
file '[run]\nmodel = loop\ntask = embed\nprotocol = rep3\n[input]\ntext = x\n'
both A14-loop 3 ':2: [run] model: loop: Too many levels of symbolic links' "$ini"

# --- A16: size
truncate -s 100M "$work/large.ini"
both A16-100MB 3 'too large' "$work/large.ini"
seq -f '[s%.0f]' 1 1000000 >"$work/large.ini"
both A16-sections 3 'too large' "$work/large.ini"

# --- A17: outputs
file "$run$input"
check A17-missing 3 'No such file' "$puma" run "$ini" --report "$work/absent/report.json"
check A17-input 3 'is an input' "$puma" run "$ini" --report "$ini"
check A17-directory 3 'directory' "$puma" run "$ini" --report "$work"

# --- token ids are the prompt: told by position
file "${run}[input]\nids = 777 8888x\n"
both ids-malformed 3 'entry 2 is not an integer' "$ini"
for value in -1 4294967296; do
    file "${run}[input]\nids = 777 $value\n"
    both "C13-$value" 5 'entry 2 is out of range' "$ini"
done

# --- D1: plugins are names
for value in ../evil /tmp/evil.so rep3.so; do
    bad_set "D1-$value" 6 "not a plugin's name" "run.protocol=$value"
done
bad_set D1-function 6 'needs PLUGIN or PLUGIN.VARIANT' approximation.gelu=/tmp/evil.gelu

# --- a key of [generate] out of its bounds, and more new tokens than a model has room for
bad_set generate-none 3 'generate.max_new_tokens: needs an integer, 1 <= max_new_tokens <= 65536' generate.max_new_tokens=0
bad_set generate-decoding 3 "no such value 'beam' (one of greedy, client)" generate.decoding=beam
bad_set generate-temperature 3 'needs a number, 0 < temperature <= 1000' generate.temperature=0
bad_set generate-top-k 3 'needs an integer, 1 <= top_k' generate.top_k=-1
bad_set generate-top-p 3 'needs a number, 0 < top_p <= 1' generate.top_p=1.5
bad_set generate-eos 3 'needs yes or no' generate.stop_at_eos=perhaps
file "[run]\nmodel = $models/gpt2-tiny\ntask = generate\nprotocol = rep3\n[input]\ntext = In the beginning\n[generate]\n"
both generate-room 5 '7 > 5, which leave room for 124 new ones' "$ini" --set generate.max_new_tokens=124
both generate-too-many 3 'max_new_tokens: the model has no room for them (got 129, limit 128)' "$ini" --set generate.max_new_tokens=129
both generate-encoder 4 '' "$ini" --set run.model="$models/bert-tiny" --set run.task=generate

# --- E0613: a protocol that cannot do what the run asks
both D-no-dpf 6 '[run] embedding: protocol beaver2 looks up no ids of the client' "$ini" --set run.protocol=beaver2 --set run.embedding=dpf

# --- F12: standard files
if [ -e /dev/full ]; then
    timeout 5 "$puma" --help >/dev/full 2>"$work/.err"
    got=$?
    : >"$work/.out"
    if [ $got = 10 ] && grep -q 'error E1004' "$work/.err"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "FAILED F12-full: exit $got: $(cat "$work/.err")"
    fi
fi
for closed in '>&-' '<&- >&-'; do
    eval "timeout 5 \"\$puma\" --help $closed" 2>"$work/.err"
    got=$?
    if [ $got = 10 ] && grep -q 'error E1004' "$work/.err"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "FAILED F12 $closed: exit $got: $(cat "$work/.err")"
    fi
done
good F12-stderr 'puma ' sh -c '"$0" --version 2>&-' "$puma"

echo "badconfig: $passed passed, $failed failed"
[ "$failed" = 0 ]
