#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# resources.sh - a table of limits and commands: each works, or ends with 10 and one line (rows F1, F7, F9, F10, F8's file sizes)
#
# FAULTS_LONG=1, `make check-resources`: more limits.  127: the system's loader, before the program's first line.
. "$(dirname "$0")/starved.sh"
names=(plan memory tls tokenize keygen compare bench)
command_of() { # NAME: sets cmd
    case $1 in
    plan) cmd=("$puma" plan run.ini) ;;
    memory) cmd=("$puma" run run.ini --report report.json) ;;
    tls) cmd=("$puma" run run.ini --set network.transport=tls) ;;
    tokenize) cmd=("$puma" tokenize . aab) ;;
    keygen) cmd=("$puma" keygen --out keys) ;;
    compare) cmd=("$puma" compare run.ini) ;;
    bench) cmd=("$puma" bench --op less --n 128) ;;
    esac
}
head_of() { sed '/^$/,$d' "$1"; }

# What may differ from run to run: all but the answers.
for name in "${names[@]}"; do
    rm -rf keys report.json
    command_of "$name"
    "${cmd[@]}" >"$name.ref" 2>"$name.err" || { cat "$name.err"; exit 99; }
done

cell() { # LIMIT NAME: runs it under $limits, prints its code
    local code text
    rm -rf keys report.json
    command_of "$2"
    # Through pipes: a limit on files' sizes is none of these two.
    { (eval "$limits"; exec timeout -k 2 40 "${wrap[@]}" "${cmd[@]}"; ) 2>&3 3>&- | cat >out; code=${PIPESTATUS[0]}; } 3> >(cat >err)
    wait $!
    printf '%9s' "$code"
    text=
    case $code in
    0) case $2 in memory | tls) head_of out | cmp -s - <(head_of "$2.ref") || text='another answer' ;;
       tokenize) cmp -s out "$2.ref" || text='another answer' ;;
       *) [ -s out ] || [ ! -s "$2.ref" ] || text='no output' ;;
       esac ;;
    # What these two have found by then is worth having: rows, of which one says what was lacking.
    10) case $2 in compare | bench) return ;; esac
        [ "$(grep -c '^puma: error E10' err)" -eq 1 ] || text='not one line of error'
        [ ! -s out ] || text='output in spite of the error' ;;
    127) grep -q 'error while loading shared libraries' err || text='not the loader' ;;
    *) text='wrong class' ;;
    esac
    [ -z "$text" ] || { faults+=("FAIL $1, $2: exit $code: $text: $(head -c 300 err)"); return 1; }
}

faults=()
wrap=()
printf '%-16s' limit
printf '%9s' "${names[@]}"
echo
row() { # LIMIT SHELL-COMMANDS
    limits=$2
    printf '%-16s' "$1"
    for name in "${names[@]}"; do count cell "$1" "$name"; done
    echo
}
files='4 8 12 16 20 24 32'
spaces='24 48 96 160 256 400'
stacks='64'
sizes='0 1'
threads='1 3 6'
if [ -n "${FAULTS_LONG-}" ]; then
    files=$(seq 3 32)
    spaces=$(seq 16 12 640)
    stacks='20 32 64 128 256 512'
    sizes='0 1 2 4 8 16'
    threads=$(seq 1 12)
fi
row none :
for n in $files; do row "ulimit -n $n" "ulimit -n $n"; done
for n in $spaces; do row "ulimit -v ${n}M" "ulimit -v $((n * 1024))"; done
for n in $stacks; do row "ulimit -s $n" "ulimit -s $n"; done
row "ulimit -l 0" "ulimit -l 0"
for n in $sizes; do row "ulimit -f $n" "ulimit -f $n"; done
if command -v taskset >/dev/null; then wrap=(taskset -c 0); row "one CPU" :; wrap=(); fi
# Root has as many processes as it wants; a user of no other process is counted from nothing.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chown -R 61234:61234 "$work"
    wrap=(setpriv --reuid=61234 --regid=61234 --clear-groups)
    if "${wrap[@]}" "$puma" tokenize . aab >/dev/null 2>&1; then
        for n in $threads; do row "ulimit -u $n" "ulimit -u $n"; done
    else
        echo "ulimit -u: skipped, another user cannot run $puma"
    fi
fi
printf '%s\n' "${faults[@]}"
summary
