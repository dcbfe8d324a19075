#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# check.sh - the fault table: every row has a test whose case is really there, is of a feature that is absent, or has its reason in
# doc/faults.md.
#
#     check.sh              the table against the tree
#     check.sh --tests      the tests that it names, one line each
#     check.sh --results    the table with what the last run of each test gave, from PUMA_BUILDDIR
#
# `make check-faults` runs the tests and then prints the table.
set -u
root=$(realpath "${PUMA_SRCDIR:-$(dirname "$0")/../..}")
rows=$root/tests/faults/rows.txt
reasons=$root/doc/faults.md
passed=0
failed=0
mode=${1-}

complain() {
    failed=$((failed + 1))
    echo "FAILED $*"
}

# ROW|TEST|CASE, without blanks around them
table() { sed -E '/^(#|$)/d; s/ *\| */|/g; s/ *$//' "$rows"; }
contract() {
    local group
    for group in A:18 B:35 C:14 D:18 E:36 F:15 G:14 H:8; do seq -f "${group%:*}%.0f" "${group#*:}"; done
}

# A test's sources: its own file; those beside it too for a script that runs programs, and in tests/faults, whose programs are
# made of several.
has_case() { # TEST CASE
    local source=$root/$1
    [ -f "$source" ] || source=$source.c
    [ -f "$source" ] || return 1
    grep -qF -- "$2" "$source" && return
    case $1 in *.sh | tests/faults/*) grep -rqF --include='*.c' -- "$2" "$(dirname "$source")" ;; *) return 1 ;; esac
}
# What the makefiles run, one name a line: programs of check_PROGRAMS, scripts of TESTS.
run_names() {
    find "$root/framework" "$root/tests" "$root/plugins" -name '*.mk' -exec cat {} + | sed -e :a -e '/\\$/N; s/\\\n//; ta' |
        sed -nE 's/^(check_PROGRAMS|TESTS|HOST_TESTS|[A-Za-z_]*_tests) *\+?= *//p' | tr ' ' '\n' | sed 's|.*/||' | sort -u
}
names=$(run_names)
is_run() { grep -qxF -- "$(basename "$1")" <<<"$names"; }
# result TEST CASE: what the last run gave.  A program of cmocka, or a test with a line for each check, says so for the case itself.
result() {
    local log=$PUMA_BUILDDIR/${1%.sh} state
    [ -e "$log.trs" ] || { echo 'not run'; return; }
    state=$(sed -n 's/^:test-result: //p' "$log.trs")
    if grep -qF "[  FAILED  ] $2" "$log.log" || grep -qF "FAILED $2" "$log.log"; then
        echo failed
    elif [ "$state" = PASS ] && grep -q '^\[==========\] Running' "$log.log" && ! grep -qF "[       OK ] $2" "$log.log"; then
        echo 'not in the log'
    else
        case $state in PASS) echo passed ;; SKIP) echo skipped ;; *) echo failed ;; esac
    fi
}

if [ "$mode" = --tests ]; then
    table | awk -F'|' '$2 != "absent" && $2 != "reason" { print $2 }' | sort -u | sed 's/\.sh$//'
    exit
fi

covered=0 absent=0 reasoned=0 open=0
while read -r row; do
    entries=$(table | awk -F'|' -v row="$row" '$1 == row')
    [ -n "$entries" ] || { complain "$row: no entry"; open=$((open + 1)); continue; }
    kind=covered
    before=$failed
    while IFS='|' read -r _ test case; do
        case $test in
        absent)
            kind=absent
            got='feature absent'
            [ -n "$case" ] || complain "$row: which feature?"
            ;;
        reason)
            kind=reasoned
            case=$(sed -nE "s/^\| $row \| (.*) \|\$/\1/p" "$reasons")
            got='doc/faults.md'
            [ -n "$case" ] || complain "$row: no reason in doc/faults.md"
            ;;
        *)
            got=
            if [ -z "$case" ] || ! has_case "$test" "$case"; then
                complain "$row: $test has no '$case'"
            elif ! is_run "$test"; then
                complain "$row: make check does not run $test"
            elif [ "$mode" = --results ]; then
                got=$(result "$test" "$case")
                case $got in passed | skipped) ;; *) complain "$row: $test, $case: $got" ;; esac
            fi
            ;;
        esac
        if [ "$mode" = --results ]; then printf '%-4s %-34s %-62.62s %s\n' "$row" "$test" "$case" "$got"; fi
        passed=$((passed + 1))
    done <<<"$entries"
    [ $failed = $before ] || kind=open
    printf -v "$kind" %d $((${!kind} + 1))
done < <(contract)
# Nothing else stands in it, nor in the list of reasons.
while read -r row; do contract | grep -qx "$row" || complain "$row is no row of the table"; done < <(table | cut -d'|' -f1 | sort -u)
while read -r row; do table | grep -q "^$row|reason" || complain "doc/faults.md has a reason for $row, which the table does not use"; done \
    < <(sed -nE 's/^\| ([A-H][0-9]+) \|.*/\1/p' "$reasons")
if [ -f "$root/../shared/reliability.md" ]; then
    diff <(contract | sort) <(sed -nE 's/^\| ([A-H][0-9]+) \|.*/\1/p' "$root/../shared/reliability.md" | sort) || complain 'the contract has other rows'
fi

passed=$((passed > failed ? passed - failed : 0))
echo "$(contract | wc -l) rows: $covered covered, $absent absent, $reasoned with a reason, $open open"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
