#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# memcheck.sh - the short form of a run under valgrind: no invalid access, no use of undefined values, no definite leak
#
# The tiny models on plain (float and fixed) and on rep3 with its parties as threads; every kernel of this CPU that valgrind knows.
set -u
puma=${PUMA_BUILDDIR:?}/puma
models=${PUMA_SRCDIR:?}/tests/golden/models
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
if grep -q fsanitize "$PUMA_BUILDDIR/config.log"; then echo "a sanitizer is built in: no valgrind"; exit 77; fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() { # name option...
    local name=$1; shift
    if valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --track-fds=no "$puma" "$@" >"$work/out" 2>"$work/log"; then
        echo "ok   $name"; passed=$((passed + 1))
    else
        echo "FAIL $name"; tail -n 30 "$work/log"; failed=$((failed + 1))
    fi
}

cat >"$work/run.ini" <<END
[run]
model = $models/bert-tiny
task = classify
protocol = plain
[input]
text = In the beginning was the word
[network]
transport = memory
END

check "plain float"            run "$work/run.ini" --set approximation.default=exact
check "plain fixed, precise"   run "$work/run.ini" --set numeric.arithmetic=fixed
check "rep3, precise"          run "$work/run.ini" --set run.protocol=rep3 --report "$work/report.json"
check "rep3, puma, BPE"        run "$work/run.ini" --set run.protocol=rep3 --set approximation.default=puma --set "run.model=$models/roberta-tiny"
check "rep3, equality, label"  run "$work/run.ini" --set run.protocol=rep3 --set run.embedding=equality --set run.reveal=label
check "plan"                   plan "$work/run.ini" --json
check "plan of a link"         plan "$work/run.ini" --set run.protocol=rep3 --link wan
check "a page"                 run "$work/run.ini" --html "$work/page.html"
check "tokenize"               tokenize "$models/bert-tiny" "And God said, Let there be light"
check "plugins"                plugins --json

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
