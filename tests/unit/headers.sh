#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# headers.sh - every public header compiles alone, as C and as C++, without a warning; and a plugin in C++ is one that
# the host takes.  Without a C++ compiler the test is skipped.
set -u
root=$(realpath "${PUMA_SRCDIR:-$(dirname "$0")/../..}")
puma=$(realpath "${PUMA_BUILDDIR:-.}")/puma
work=$(mktemp -d "${TMPDIR:-/tmp}/headers.XXXXXX")
trap 'rm -rf "$work"' EXIT
cc=${CC:-cc}
cxx=${CXX:-g++}
passed=0
failed=0
command -v "${cxx%% *}" >/dev/null 2>&1 || { echo "no C++ compiler ($cxx)"; exit 77; }

check() {
    if "${@:2}" >"$work/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1"
        head -20 "$work/out"
    fi
}

warnings='-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror'
for header in "$root"/include/puma/*.h; do
    name=$(basename "$header")
    # As somebody would use it: nothing before it.
    printf '#include <puma/%s>\nint main(void) { return 0; }\n' "$name" >"$work/one.c"
    cp "$work/one.c" "$work/one.cc"
    # shellcheck disable=SC2086
    check "$name as C17" $cc -std=c17 $warnings -I"$root/include" -c -o "$work/one.o" "$work/one.c"
    for standard in c++11 c++17; do
        # shellcheck disable=SC2086
        check "$name as $standard" $cxx -std=$standard $warnings -I"$root/include" -c -o "$work/one.o" "$work/one.cc"
    done
done
# shellcheck disable=SC2086
check "a plugin in C++" $cxx -std=c++11 $warnings -fPIC -shared -fvisibility=hidden -I"$root/include" -o "$work/cpp.so" \
    "$root/tests/unit/plugins/cpp.cc"
listing() { chmod 755 "$work" "$work/cpp.so" && "$puma" plugins "$work/cpp.so" >"$work/listed"; }
check "the plugin in C++ is vetted" listing
check "its function is found" grep -q relu "$work/listed"

echo "headers: $passed passed, $failed failed"
[ "$failed" = 0 ]
