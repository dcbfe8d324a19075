#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# signals.sh - SIGTERM, SIGINT and SIGHUP end a local run within two seconds: exit 10, one line, no temporary folder, no party left
set -u
puma=${PUMA_BUILDDIR:?}/puma
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp"
passed=0 failed=0
cat >"$work/run.ini" <<END
[run]
model = ${PUMA_SRCDIR:?}/models/shapes/bert-base.json
task = hidden
protocol = rep3
[input]
ids = 1 2 3 4 5 6 7 8
[weights]
source = synthetic:1
END

verdict() { if "$@"; then passed=$((passed + 1)); else echo "FAIL $signal: $*"; failed=$((failed + 1)); fi; }

for signal in TERM INT HUP; do
    # A shell starts background jobs with SIGINT ignored; env gives it back.
    TMPDIR=$work/tmp env --default-signal=INT "$puma" run "$work/run.ini" >"$work/out" 2>"$work/err" &
    run=$!
    # Its parties are there when the folder with their certificates is.
    for _ in $(seq 200); do compgen -G "$work/tmp/puma-run-*/client.key" >/dev/null && break; read -rt 0.05 <> <(:) || true; done
    kill -s "$signal" "$run"
    before=$SECONDS
    wait "$run"
    verdict [ $? -eq 10 ]
    verdict [ $((SECONDS - before)) -le 2 ]
    verdict [ "$(grep -c '^puma: error E1005: ' "$work/err")" -eq 1 ]
    verdict [ ! -s "$work/out" ]
    verdict [ -z "$(ls -A "$work/tmp")" ]
    for _ in $(seq 40); do pgrep -f "$work/run.ini" >/dev/null || break; read -rt 0.05 <> <(:) || true; done
    verdict [ -z "$(pgrep -f "$work/run.ini")" ]
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
