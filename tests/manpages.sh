#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# manpages.sh - the manuals are clean mdoc, and puma(1) has every subcommand that `puma --help` has
set -u
root=$(realpath "${PUMA_SRCDIR:-$(dirname "$0")/..}")
build=${PUMA_BUILDDIR:-$root/build}
bad=0

command -v mandoc >/dev/null || { echo "mandoc is not installed"; exit 77; }

# The manuals refer to each other and are not installed here; all else is a fault.
for page in "$root"/doc/*.[1-9]; do
    faults=$(mandoc -T lint -W style "$page" 2>/dev/null | grep -v 'referenced manual not found')
    [ -z "$faults" ] || { echo "$faults"; bad=1; }
done

if [ -x "$build/puma" ]; then
    text=$(mandoc -T ascii "$root/doc/puma.1" | sed 's/.\x08//g')
    commands=$("$build/puma" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
    [ -n "$commands" ] || { echo "puma --help lists no commands"; bad=1; }
    for command in $commands; do
        grep -qE "puma $command( |\$)" <<<"$text" || { echo "puma(1) does not have '$command'"; bad=1; }
        # Every long option of its help stands in the manual.
        for option in $("$build/puma" "$command" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u); do
            grep -qF -- "$option" <<<"$text" || { echo "puma(1) does not have 'puma $command $option'"; bad=1; }
        done
    done
fi
exit $bad
