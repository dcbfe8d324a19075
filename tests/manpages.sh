#!/bin/bash
# manpages.sh - the manuals are clean mdoc, and puma(1) has every subcommand that `puma --help` has
set -u
root=${PUMA_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}
build=${PUMA_BUILDDIR:-$root/build}
bad=0

command -v mandoc >/dev/null || { echo "mandoc is not installed"; exit 77; }

for page in "$root"/doc/*.[1-9]; do
    # Names of sections and other manuals outside the tree are the style level's business.
    mandoc -T lint -W warning "$page" || bad=1
done

if [ -x "$build/puma" ]; then
    text=$(mandoc -T ascii "$root/doc/puma.1" | sed 's/.\x08//g')
    commands=$("$build/puma" --help | sed -nE 's/^  ([a-z][a-z-]+)( .*)?$/\1/p')
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
