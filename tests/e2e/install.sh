#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# install.sh - `make install` under another prefix: the installed tree is whole without the one it was built in, may be
# moved, and names no folder of that one
set -u

source=$(realpath "${PUMA_SRCDIR:-.}")
build=$(realpath "${PUMA_BUILDDIR:-.}")
work=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/install.XXXXXX")")
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
pass() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); echo "FAILED $*"; }
# expect NAME COMMAND...: the command succeeds
expect() { local name=$1; shift; if "$@" >"$work/out" 2>&1; then pass; else fail "$name: $(head -c 1000 "$work/out")"; fi; }

# What this make was told is not meant for the one that installs.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PUMA_SRCDIR PUMA_BUILDDIR
umask 022
prefix=/opt/elsewhere
stage=$work/stage
expect install make -C "$build" install prefix=$prefix DESTDIR="$stage"
[ $failed -eq 0 ] || { echo "$passed passed, $failed failed"; exit 1; }
tree=$stage$prefix

cp -r "$source/tests/golden/models/bert-tiny" "$work/model"
cat >"$work/run.ini" <<END
[run]
model = $work/model
task = classify
protocol = rep3
[input]
text = In the beginning
[network]
transport = tcp
END

# hidden COMMAND...: with nothing to be seen in the source and the build tree, where the kernel lets us hide them
hide=
if unshare --mount --map-root-user mount -t tmpfs none "$build" 2>/dev/null; then hide=yes; fi
case $work/ in "$build"/* | "$source"/*) hide= ;; esac
hidden() {
    if [ -z "$hide" ]; then "$@"; return; fi
    # shellcheck disable=SC2016  # for the inner shell
    (cd "$work" && unshare --mount --map-root-user sh -c '
        mount -t tmpfs none "$1" && { [ ! -d "$2" ] || mount -t tmpfs none "$2"; } && shift 2 && exec "$@"' \
        sh "$source" "$build" "$@")
}
[ -n "$hide" ] || echo "the build tree cannot be hidden here; the installed files are looked through for its path"

# runs NAME TREE: plugins and architectures are found, and all of them are TREE's
runs() {
    expect "$1" hidden "$2/bin/puma" run "$work/run.ini"
    hidden "$2/bin/puma" plugins >"$work/plugins" 2>&1
    expect "$1-plugins" grep -q '^rep3 ' "$work/plugins"
    cp "$2/share/puma/models/bert.ini" "$2/share/puma/models/only-$1.ini"
    hidden "$2/bin/puma" plan "$work/run.ini" --set run.architecture=nosuch >"$work/plan" 2>&1
    rm "$2/share/puma/models/only-$1.ini"
    expect "$1-models" grep -q "known: .*only-$1" "$work/plan"
}
runs staged "$tree"
mv "$tree" "$work/moved"
tree=$work/moved
runs moved "$tree"
ln -s "$tree/bin/puma" "$work/link"
expect link hidden "$work/link" run "$work/run.ini"

# A program alone uses what it was configured for, which need not be there: refused by name, never half found.
mkdir -p "$work/alone/bin"
cp "$tree/bin/puma" "$work/alone/bin/puma"
hidden "$work/alone/bin/puma" plugins >"$work/plugins" 2>&1
expect alone-elsewhere test -z "$(grep -F "$work/" "$work/plugins")"

# A folder of plugins that others can write to is refused wherever it is found.
chmod 777 "$tree/lib/puma"
hidden "$tree/bin/puma" run "$work/run.ini" >"$work/out" 2>&1
expect open-folder [ $? -eq 6 ]
chmod 755 "$tree/lib/puma"

# No folder of the tree it was built from, in no file.  The counters of a coverage build need theirs, and a prefix that
# lies in that tree, as distcheck's does, is what it was configured for.
configured=$(sed -n 's/^prefix = //p' "$build/Makefile")
case $configured/ in "$source"/* | "$build"/*) ;; *) configured=/nowhere ;; esac
names_tree() { LC_ALL=C sed "s|$configured||g" "$1" | grep -qaF -e "$source" -e "$build"; }
if grep -q -- --coverage "$build/config.status" && grep -q '^S\["PUMA_CFLAGS"\].*--coverage' "$build/config.status"; then
    echo "a coverage build: its files name this tree"
else
    find "$tree" -type f | while read -r file; do names_tree "$file" && echo "$file"; done >"$work/naming"
    expect "tree-paths in $(head -n 3 "$work/naming" | tr '\n' ' ')" [ ! -s "$work/naming" ]
fi
for file in "$tree/bin/puma" "$tree"/lib/puma/*.so; do
    expect "runpath of ${file##*/}" test -z "$(readelf -d "$file" | grep -E 'RPATH|RUNPATH')"
done

# pkg-config says what make install was told.
pc=$tree/lib/pkgconfig/puma.pc
expect pc-cflags [ "$(pkg-config --cflags "$pc" | tr -d ' ')" = "-I$prefix/include" ]
expect pc-plugins [ "$(pkg-config --variable=plugindir "$pc")" = "$prefix/lib/puma" ]
expect pc-models [ "$(pkg-config --variable=modeldir "$pc")" = "$prefix/share/puma/models" ]
expect pc-headers test -e "$tree/include/puma/plugin.h"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
