# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# seeded.sh - sourced: bugs planted into copies of a backend, a test run on each, as many at once as there are cores.
#
# The clean sources are compiled once; a bug costs the files it changes.  Before sourcing: `runner PLUGIN CHECK` runs the test, `digit` is
# MASKED_DIGIT, `backend` is rep3 unless set, `own` the backend's own flags, `parts` its folders: masked and its own unless set.
set -u
src=${PUMA_SRCDIR:?}/plugins/protocol
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
jobs_at_once=$(nproc) number=0
flags="-std=c17 -D_GNU_SOURCE -O1 -fPIC -DMASKED_DIGIT=$digit ${own-} -I$PUMA_SRCDIR/include"
backend=${backend-rep3}

mkdir "$work/clean" "$work/results"
for part in ${parts-masked $backend}; do cp -r "$src/$part" "$work/clean"; done
# shellcheck disable=SC2086
(cd "$work/clean" && printf '%s\n' */*.c | xargs -P "$jobs_at_once" -n 2 ${CC:-cc} $flags -c && ${CC:-cc} -shared *.o -o plugin.so -lcrypto -lm) || exit 99

room() { while [ "$(jobs -rp | wc -l)" -ge "$jobs_at_once" ]; do wait -n; done; }

plant() { # name files expression check reason
    local dir=$work/$number.bug file
    mkdir "$dir"
    cp -rp "$work/clean"/. "$dir"
    for file in $2; do
        file=$(cd "$dir" && printf '%s' */"$file")
        sed -i "$3" "$dir/$file"
        if cmp -s "$src/$file" "$dir/$file"; then echo "FAIL $1: the bug could not be planted in $file"; return; fi
        # shellcheck disable=SC2086
        if ! (cd "$dir" && ${CC:-cc} $flags -c "$file") 2>"$dir/log"; then echo "FAIL $1: does not compile"; cat "$dir/log"; return; fi
    done
    ${CC:-cc} -shared "$dir"/*.o -o "$dir/plugin.so" -lcrypto -lm || { echo "FAIL $1: does not link"; return; }
    if runner "$dir/plugin.so" "$4" >"$dir/log" 2>&1; then
        echo "FAIL $1: not seen by \"$4\""
    elif ! grep -qE "$5" "$dir/log"; then
        echo "FAIL $1: ended for another reason than \"$5\""; tail -8 "$dir/log"
    else
        echo "ok   $1: seen by \"$4\""
    fi
    rm -rf "$dir"
}

bug() { # name files expression check [reason]
    number=$((number + 1))
    room
    plant "$1" "$2" "$3" "$4" "${5:-$reason}" >"$work/results/$(printf %03d $number)" &
}

clean() { # check
    number=$((number + 1))
    room
    {
        if runner "$work/clean/plugin.so" "$1" >"$work/$number.log" 2>&1; then echo "ok   clean: \"$1\""
        else echo "FAIL clean: \"$1\""; tail -5 "$work/$number.log"; fi
    } >"$work/results/$(printf %03d $number)" &
}

finish() {
    local passed failed
    wait
    cat "$work/results"/*
    passed=$(cat "$work/results"/* | grep -c '^ok') failed=$(cat "$work/results"/* | grep -c '^FAIL')
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -eq "$number" ]
}
