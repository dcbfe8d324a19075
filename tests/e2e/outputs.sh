#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# outputs.sh - no result replaces what was read to make it, nor another result (row A17)
set -u
puma=${PUMA_BUILDDIR:?}/puma
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
passed=0 failed=0
mkdir m
cp -r "${PUMA_SRCDIR:?}/tests/golden/models/bert-tiny/." m
chmod -R u+w m
"$puma" keygen --out certs >out || exit 99
cat >run.ini <<END
[run]
model = m
task = hidden
protocol = rep3
threads = 1
[input]
file = ids.txt
[network]
transport = tls
certificates = certs
END
echo "1 2 3" >ids.txt

# refused OUTPUT-OPTIONS... : exit 3, E0321, and every file as it was
refused() {
    local before code
    before=$(find . -name out -prune -o -name err -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
    "$puma" "$@" >out 2>err
    code=$?
    if [ $code -eq 3 ] && grep -q '^puma: error E0321: ' err && [ ! -s out ] &&
        [ "$before" = "$(find . -name out -prune -o -name err -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)" ]; then
        passed=$((passed + 1))
    else
        echo "FAIL $*: exit $code: $(cat err)"
        failed=$((failed + 1))
    fi
}
for file in run.ini m/config.json m/model.safetensors certs/ca.pem certs/client.pem certs/client.key; do
    refused run run.ini --report $file
    refused run run.ini --html $file
done
refused run run.ini --report new.json --html ./new.json
refused plan run.ini --measure m/config.json
refused deal run.ini --count 1 --out m/config.json --set run.protocol=beaver2
if "$puma" run run.ini --report new.json --html new.html >out 2>err && [ -s new.json ] && [ -s new.html ]; then passed=$((passed + 1)); else
    echo "FAIL two files: $(cat err)"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
