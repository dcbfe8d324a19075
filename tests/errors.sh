#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# errors.sh - doc/errors.md is what framework/base/errors.def says; `errors.sh --write` makes it so
#
# It also keeps errors.def itself in order: sorted, no code twice, and every code that the sources name is in it.
set -u
root=$(realpath "${PUMA_SRCDIR:-$(dirname "$0")/..}")
def=$root/framework/base/errors.def
bad=0

entries() { sed -nE 's/^ERROR\(([0-9]+), "(.*)"\)$/\1 \2/p' "$def"; }

page() {
    cat <<'END'
# Errors

A failed run ends with one line on standard error,

    puma: error E0312: WHERE: reason (got X, limit Y)

and with the class of the code, its first two digits, as exit status. WHERE is what there is of file and line,
key, tensor, byte offset and party. A code keeps its meaning for ever. This page is made from
`framework/base/errors.def` by `tests/errors.sh --write`.

END
    local class= title code text
    while read -r code text; do
        if [ "$class" != $((code / 100)) ]; then
            class=$((code / 100))
            title=$(sed -nE "s/^    X\\([A-Z_]+, $class, \"(.*)\"\\).*/\\1/p" "$root/include/puma/status.h")
            printf '%s## %d %s\n\n| code | what is wrong |\n| --- | --- |\n' "${first-}" "$class" "$title"
            local first=$'\n'
        fi
        printf '| E%04d | %s |\n' "$code" "$text"
    done < <(entries)
}

if [ "${1-}" = --write ]; then
    page >"$root/doc/errors.md"
    exit
fi

entries | cut -d' ' -f1 | sort -n -u | diff - <(entries | cut -d' ' -f1) || { echo "errors.def is not sorted, or has a code twice"; bad=1; }
page | diff "$root/doc/errors.md" - || { echo "doc/errors.md is old: run tests/errors.sh --write"; bad=1; }

while read -r code; do
    entries | grep -q "^$code " || { echo "code $code is used and not in errors.def"; bad=1; }
done < <(find "$root/framework" -name '*.c' -exec grep -hoE 'error_set\([^,"]+, [0-9]+,' {} + | grep -oE '[0-9]+,$' | tr -d , | sort -un)
exit $bad
