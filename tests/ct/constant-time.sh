#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# constant-time.sh - no branch, address or division of rep3 and beaver2 depends on a secret, as valgrind and objdump see it (ct.c)
#
#   constant-time.sh               the plugins as they were built
#   constant-time.sh --all         the same sources by gcc and clang with -O2 and -O3, and without AVX2 (make check-ct)
#   constant-time.sh FILE.so RUN   one plugin, one of secrets, masks, opened, div
#
# What is found must be what allowed.txt says, no more and no less.  Which divisions a compiler leaves is its own
# choice, so an entry of theirs must be needed by one of --all.
set -u
here=${PUMA_SRCDIR:?}/tests/ct
protocols=$PUMA_SRCDIR/plugins/protocol
ct=${PUMA_BUILDDIR:?}/tests/ct/ct
for tool in valgrind objdump addr2line; do command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }; done
if grep -q fsanitize "$PUMA_BUILDDIR/config.log"; then echo "a sanitizer is built in: no valgrind"; exit 77; fi
"$ct" >/dev/null 2>&1; [ $? -ne 77 ] || { echo "valgrind's headers were not there when ct was built"; exit 77; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
sources=$(cd "$protocols" && echo masked/*.c rep3/*.c beaver2/*.c | sed 's/[a-z0-9]*\///g')
helpers=$(sed -nE 's/^static inline .*[ *]([a-z0-9_]+)\(.*/\1/p' "$protocols/masked/masked.h" | paste -sd ' ')
passed=0 failed=0
: >"$work/divisions"

ok()   { echo "ok   $1"; passed=$((passed + 1)); }
fail() { echo "FAIL $1: $2"; failed=$((failed + 1)); }

# The functions that a run may name.
allowed() { # run
    awk -F ' *[|] *' -v run="$1" '!/^#/ && $1 == run { print $2 }' "$here/allowed.txt" | sort -u
}

# Functions with a division or a square root, the innermost that was put in line.
divisions() { # plugin
    local place
    objdump -d --no-show-raw-insn "$1" | awk '$2 ~ /^(v?(div|sqrt)[sp][sd]|i?div[bwlq]?|[us]div|f(div|sqrt))$/ { sub(":", "", $1); print $1 }' |
        while read -r address; do
            place=$(addr2line -fi -e "$1" "$address" | head -n 2 | paste -sd ' ')
            sed -E 's/^([^ .]*)[^ ]* ([^ ]*\/)?([^:]*):.*/\3:\1/' <<<"$place"
        done | sort -u
}

check() { # name plugin run
    local found=$work/found extra missing
    if [ "$3" = div ]; then
        divisions "$2" >"$found"
        cat "$found" >>"$work/divisions"
        extra=$(comm -23 "$found" <(allowed div)) missing=
    else
        if ! valgrind -q --error-limit=no --num-callers=16 --log-file="$work/log" "$ct" "$2" "$3" >"$work/out" 2>&1; then
            fail "$1" "the program did not end well"
            cat "$work/out"; tail -n 5 "$work/log"
            return
        fi
        awk -v sources="$sources" -v helpers="$helpers" -f "$here/places.awk" "$work/log" | sort -u >"$found"
        extra=$(comm -23 "$found" <(allowed "$3")) missing=$(comm -13 "$found" <(allowed "$3"))
    fi
    if [ -n "$extra" ]; then fail "$1" "outside of the list: $(echo $extra)"
    elif [ -n "$missing" ]; then fail "$1" "an entry is not needed: $(echo $missing)"
    else ok "$1: $(wc -l <"$found") places, all listed"; fi
}

check_all() { # name plugin
    for run in secrets masks opened div; do check "$1, $run" "$2" "$run"; done
}

# -gdwarf-4: what clang writes by itself is too new for some valgrinds.
variant() { # name compiler flag edit
    local backend dir=$work/variant own
    for backend in rep3 beaver2; do
        rm -rf "$dir"; mkdir "$dir"
        cp -r "$protocols"/{masked,$backend} "$dir"
        [ -z "$4" ] || sed -i "$4" "$dir"/masked/table.c
        own=; [ $backend = rep3 ] || own=-DMASKED_DEALER
        # shellcheck disable=SC2086
        "$2" -std=c17 -D_GNU_SOURCE -gdwarf-4 "$3" -fPIC -shared -fvisibility=hidden -fstack-protector-strong $own -I"$PUMA_SRCDIR/include" \
            "$dir"/*/*.c -o "$dir/$backend.so" -lcrypto -lm || { fail "$1" "does not compile"; continue; }
        check_all "$backend, $1" "$dir/$backend.so"
    done
}

case ${1-} in
--all)
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || { echo "     $compiler is not installed"; continue; }
        for level in -O2 -O3; do variant "$compiler $level" $compiler $level ''; done
        variant "$compiler -O3 without AVX2" $compiler -O3 's/__builtin_cpu_supports("avx2")/0/'
    done
    missing=$(comm -13 <(sort -u "$work/divisions") <(allowed div))
    if [ -n "$missing" ]; then fail "divisions" "an entry is not needed: $(echo $missing)"; else ok "every division that is listed is there"; fi
    ;;
'')
    for backend in rep3 beaver2; do
        plugin=$PUMA_BUILDDIR/.libs/$backend.so
        # Places are read off gcc's debug information; clang's own form is too new for some valgrinds.
        readelf --debug-dump=info --dwarf-depth=1 "$plugin" 2>/dev/null | grep -q 'DW_AT_producer.*GNU C' ||
            { echo "built without -g, or not by gcc: make check-ct compiles its own"; exit 77; }
        check_all "$backend" "$plugin"
    done
    ;;
*)
    check "$2" "$1" "$2"
    ;;
esac
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
