#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# circles.sh - which files of framework/ call each other in a circle: those named below, with the reason, and no others.
#
# Taken from the objects of the build: file A depends on file B when A uses a function or an object that B defines.
set -u
export LC_ALL=C
build=$(realpath "${PUMA_BUILDDIR:-.}")
work=$(mktemp -d "${TMPDIR:-/tmp}/circles.XXXXXX")
trap 'rm -rf "$work"' EXIT

# One circle a line: its files in order of the alphabet, then the reason.
cat >"$work/allowed" <<'END'
END

# SYMBOL FILE of what is defined, and of what is used.  By the sources: a build folder may hold objects of files that are gone.
root=$(realpath "${PUMA_SRCDIR:-$(dirname "$0")/..}")
count=0
while IFS= read -r file; do
    folder=$(dirname "$file") stem=$(basename "$file" .c)
    object=$(find "$build/framework/$folder" \( -name "$stem.o" -o -name "*-$stem.o" \) -print | sort | head -1)
    [ -n "$object" ] || continue
    count=$((count + 1))
    nm -P "$object" | awk -v f="$folder/$stem" -v d="$work/defined" -v u="$work/used" \
        '$2 ~ /[TDRBCV]/ { print $1, f >>d } $2 == "U" { print $1, f >>u }'
done < <(cd "$root/framework" && find . -name '*.c' | sed 's|^\./||' | sort)
[ "$count" -gt 50 ] || { echo "circles: no objects below $build/framework"; exit 1; }
sort -o "$work/defined" "$work/defined"
sort -o "$work/used" "$work/used"
# user definer: an edge
join "$work/used" "$work/defined" | awk '$2 != $3 { print $2, $3 }' | sort -u >"$work/edges"

# tsort says on stderr which files are in loops; what is left when files without an edge in or out are taken away, again and
# again, falls apart into the circles by reachability.
awk '
{ edge[$1, $2] = 1; node[$1]; node[$2]; out[$1] = out[$1] " " $2 }
function reach(from, seen,    n, list, i, stack, top, x) {
    stack[1] = from; top = 1
    while (top > 0) {
        x = stack[top--]
        n = split(out[x], list, " ")
        for (i = 1; i <= n; i++) if (!(list[i] in seen)) { seen[list[i]]; stack[++top] = list[i] }
    }
}
END {
    for (a in node) { delete seen; reach(a, seen); for (b in seen) path[a, b] = 1 }
    for (a in node) {
        if (!((a, a) in path) || a in done) continue
        line = ""
        for (b in node) if (((a, b) in path) && ((b, a) in path)) { done[b]; line = line " " b }
        print line
    }
}' "$work/edges" | while read -r line; do tr ' ' '\n' <<<"$line" | sort | paste -sd ' '; done | sort >"$work/found"

bad=0
while IFS= read -r circle; do
    cut -d: -f1 "$work/allowed" | grep -qxF "$circle" && continue
    echo "circles: $circle call each other and are not named in tests/circles.sh"
    bad=$((bad + 1))
done <"$work/found"
while IFS=: read -r circle _; do
    grep -qxF "$circle" "$work/found" && continue
    echo "circles: $circle is named in tests/circles.sh and is no circle"
    bad=$((bad + 1))
done <"$work/allowed"
if [ "${1:-}" = --edges ]; then # who uses what of whom, inside of the circles
    while IFS= read -r circle; do
        join "$work/used" "$work/defined" | awk -v c=" $circle " '$2 != $3 && index(c, " " $2 " ") && index(c, " " $3 " ") { print $2 " -> " $3 ": " $1 }' | sort
    done <"$work/found"
fi
echo "circles: $(wc -l <"$work/edges") edges, $(wc -l <"$work/found") circles, $bad complaints"
[ "$bad" -eq 0 ]
