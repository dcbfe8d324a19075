#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# syscalls.sh - the k-th call of one kind fails: the answer, 10 or 7 (rows F3, F11: getrandom); and storms of EINTR, of reads and writes cut
# short, of EAGAIN: the same output (rows F4 to F6)
. "$(dirname "$0")/starved.sh"
# Storms mostly wait, so they go on beside the rest.
storms=()
storm() { # KIND OPTIONS -- COMMAND
    "$starve" --kind "$1" --timeout 90000 "${@:2}" >"$work/storm.${#storms[@]}" 2>&1 &
    storms+=($!)
}
for kind in eintr short eagain; do # EINTR, short, EAGAIN
    storm $kind --answer -- "$puma" run run.ini
    storm $kind --answer -- "$puma" run run.ini --set network.transport=tls
    storm $kind -- "$puma" tokenize . aab
done

step=${FAULTS_LONG:+1}
some() { count "$starve" --codes 0,7,10 --answer --step "${step:-$1}" --kind "${@:2}"; }
for kind in open read pread mmap pthread_create poll write; do
    case $kind in mmap | pthread_create | write) every=1 ;; *) every=23 ;; esac
    some "$every" "$kind" -- "$puma" run run.ini
done
for kind in socket connect accept poll write rename fsync; do
    # A report gets its name when the answer is out: by then what could fail has been done.
    case $kind in poll | write) every=(41) ;; rename) every=(1 --printed) ;; *) every=(1) ;; esac
    some "${every[0]}" "$kind" "${every[@]:1}" -- "$puma" run run.ini --set network.transport=tls --report report.json
done
some 1 getrandom --fresh "$work/keys" -- "$puma" keygen --out "$work/keys"
for i in "${!storms[@]}"; do
    count wait "${storms[$i]}"
    cat "$work/storm.$i"
done
summary
