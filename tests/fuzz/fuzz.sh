#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh SOURCE SECONDS TARGET... - runs fuzz targets one after the other from the build folder, and prints a table.
#
# What a run learns goes into tests/fuzz/work/TARGET of the build folder, which the next one begins with; an input
# that fails, or takes more than a second, into tests/fuzz/findings/TARGET.  FUZZ_OPTIONS is given to libFuzzer as it
# stands.  Fails when there is a finding.
src=$1 seconds=$2
shift 2
here=tests/fuzz
failed=0

# The last value of a statistic that libFuzzer prints at the end.
stat() { sed -n "s/^stat::$1: *//p" "$2" | tail -n 1; }
# cov: or ft: of its last line of progress.
progress() { sed -n "s/^#.*[[:blank:]]$1: \([0-9]*\).*/\1/p" "$2" | tail -n 1; }

printf '%-14s %12s %9s %7s %9s %8s %9s\n' target executions exec/s edges features seconds findings
for target; do
    work=$here/work/$target findings=$here/findings/$target log=$here/$target.log
    options="-max_total_time=$seconds -rss_limit_mb=512 -timeout=10 -report_slow_units=1 -print_final_stats=1 -artifact_prefix=$findings/"
    mkdir -p "$work" "$findings"
    test ! -f "$src/tests/fuzz/$target.dict" || options="$options -dict=$src/tests/fuzz/$target.dict"
    test "$seconds" -gt 0 || options="$options -runs=0"
    begin=$SECONDS bad=0
    # shellcheck disable=SC2086 # words on purpose
    if ! "$here/fuzz_$target" $options $FUZZ_OPTIONS "$work" "$src/tests/fuzz/corpus/$target" >"$log" 2>&1; then
        bad=1
        test -n "$(ls "$findings")" || tail -n 30 "$log" >&2
    fi
    # A machine with much else to do makes any input look slow: such ones are looked at again, alone.
    for slow in "$findings"/slow-unit-* "$findings"/timeout-*; do
        test ! -f "$slow" || ! "$here/fuzz_$target" -timeout=1 "$slow" >"$log.slow" 2>&1 || { rm "$slow" && bad=0; }
    done
    test $bad = 0 && test -z "$(ls "$findings")" || failed=1
    printf '%-14s %12s %9s %7s %9s %8s %9s\n' "$target" "$(stat number_of_executed_units "$log")" \
        "$(stat average_exec_per_sec "$log")" "$(progress cov "$log")" "$(progress ft "$log")" "$((SECONDS - begin))" \
        "$(find "$findings" -type f | wc -l)"
done
exit $failed
