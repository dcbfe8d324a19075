#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh SOURCE SECONDS TARGET... - runs fuzz targets one after the other from the build folder, and prints a table.
# fuzz.sh SOURCE merge TARGET...   - adds the inputs that reach most to the corpora of the source tree.
#
# What a run learns goes into tests/fuzz/work/TARGET of the build folder, which the next one begins with; an input
# that fails, or takes more than a second, into tests/fuzz/findings/TARGET.  FUZZ_OPTIONS is given to libFuzzer as it
# stands.  Fails when there is a finding.
src=$1 what=$2
shift 2
here=tests/fuzz
corpora=$src/tests/fuzz/corpus
# Bytes of one target's corpus, its seeds apart.
room=10000
failed=0

# What is freed lies in wait for a late use, but not in so much memory that it looks like the target's.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=32}

dictionary() {
    case $1 in
    ini | runfile | architecture | chat) echo "-dict=$src/tests/fuzz/ini.dict" ;;
    gguf) echo "-dict=$src/tests/fuzz/gguf.dict" ;;
    config | index | safetensors | tokenizer | bpe | wordpiece | messages | report) echo "-dict=$src/tests/fuzz/json.dict" ;;
    esac
}

# Of all that was found, as few inputs as reach every edge; the smallest of them, as far as there is room.
merge() {
    local target=$1 few=$here/few/$1 old=$corpora/$1 size used=0
    rm -rf "$few" && mkdir -p "$few" "$here/work/$target" "$old"
    "$here/fuzz_$target" -set_cover_merge=1 -use_counters=0 -max_len=3000 -rss_limit_mb=512 "$few" "$old" "$here/work/$target" \
        >"$here/$target.merge.log" 2>&1 || { tail -n 5 "$here/$target.merge.log" >&2; return 1; }
    # By name: seed-* are seeds.py's, what has a name is a finding; the rest are from here and make room.
    find "$old" -type f -name '????????????????????????????????????????' -delete
    while read -r size file; do
        used=$((used + size))
        test "$used" -le "$room" || break
        find "$old" -type f -exec cmp -s "$few/$file" {} \; -print | grep -q . || cp "$few/$file" "$old/"
    done < <(find "$few" -type f -printf '%s %f\n' | sort -n)
    printf '%-14s %5s inputs, %7s bytes\n' "$target" "$(find "$old" -type f | wc -l)" "$(find "$old" -type f -printf '%s\n' | awk '{ s += $1 } END { print s }')"
}

# The last value of a statistic that libFuzzer prints at the end.
stat() { sed -n "s/^stat::$1: *//p" "$2" | tail -n 1; }
# cov: or ft: of its last line of progress.
progress() { sed -n "s/^#.*[[:blank:]]$1: \([0-9]*\).*/\1/p" "$2" | tail -n 1; }

run() {
    local target=$1 work=$here/work/$1 findings=$here/findings/$1 log=$here/$1.log begin=$SECONDS options
    options="-max_total_time=$what -rss_limit_mb=512 -timeout=10 -report_slow_units=1 -print_final_stats=1"
    options="$options -artifact_prefix=$findings/ $(dictionary "$target")"
    test "$what" -gt 0 || options="$options -runs=0"
    mkdir -p "$work" "$findings"
    # shellcheck disable=SC2086 # words on purpose
    "$here/fuzz_$target" $options $FUZZ_OPTIONS "$work" "$corpora/$target" >"$log" 2>&1 ||
        test -n "$(ls "$findings")" || { tail -n 30 "$log" >&2; failed=1; }
    # A machine with much else to do makes any input look slow: such ones are looked at again, alone.
    for slow in "$findings"/slow-unit-* "$findings"/timeout-*; do
        test ! -f "$slow" || ! "$here/fuzz_$target" -timeout=1 "$slow" >"$log.slow" 2>&1 || rm "$slow"
    done
    test -z "$(ls "$findings")" || failed=1
    printf '%-14s %12s %9s %7s %9s %8s %9s\n' "$target" "$(stat number_of_executed_units "$log")" \
        "$(stat average_exec_per_sec "$log")" "$(progress cov "$log")" "$(progress ft "$log")" "$((SECONDS - begin))" \
        "$(find "$findings" -type f | wc -l)"
}

test "$what" = merge || printf '%-14s %12s %9s %7s %9s %8s %9s\n' target executions exec/s edges features seconds findings
for target; do
    if test "$what" = merge; then merge "$target" || failed=1; else run "$target"; fi
done
exit $failed
