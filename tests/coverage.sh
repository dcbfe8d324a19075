#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# coverage.sh [TABLE.csv] - what the tests of a coverage build reached, a folder a line, then the files that are low,
# then whether the bar holds: 90 % of the lines of every folder of framework/ but cli, 80 % of all branches. Exit 1: no.
#
# A branch is one way out of a condition as gcc compiles it, so `a && b` has four; those that gcc adds for exceptions
# and on lines without code are left out. Ways that only a failed allocation takes do count. TABLE.csv: a table that
# `gcovr --csv` wrote, in place of this build's counters.
set -u
export LC_ALL=C
source=${PUMA_SRCDIR:?}
build=${PUMA_BUILDDIR:?}
table=${1:-$build/coverage.csv}

if [ $# -eq 0 ]; then
    command -v gcovr >/dev/null || { echo "coverage.sh: needs gcovr (Debian: gcovr)" >&2; exit 99; }
    [ -n "$(find "$build" -name '*.gcda' -print -quit)" ] ||
        { echo "coverage.sh: no counters in $build: ../configure --enable-coverage, then make check" >&2; exit 99; }
    # A program that was killed while it wrote its counters leaves a file that gcov cannot read.
    gcovr -j 2 -r "$source" --filter "$source/framework/" --filter "$source/plugins/" --object-directory "$build" \
        --gcov-ignore-parse-errors --exclude-unreachable-branches --exclude-throw-branches --csv "$table" "$build" || exit 99
fi

awk -F, '
    function percent(part, all) { return all > 0 ? 100 * part / all : 100 }
    # A name, and its lines and branches.
    function row(name, l, lc, b, bc)
    {
        printf "%-40s %7d %6.1f %% %9d %6.1f %%\n", name, l, percent(lc, l), b, percent(bc, b)
    }
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    {
        file = $at["filename"]; folder = file; sub(/\/[^\/]*$/, "", folder)
        if (!(folder in lines)) folders[++n] = folder
        l = $at["line_total"]; lc = $at["line_covered"]; b = $at["branch_total"]; bc = $at["branch_covered"]
        lines[folder] += l; lines_hit[folder] += lc; branches[folder] += b; branches_hit[folder] += bc
        all += l; all_hit += lc; ways += b; ways_hit += bc
        if (percent(lc, l) < 90 || percent(bc, b) < 80) { low[++lows] = file; L[file] = l; LC[file] = lc; B[file] = b; BC[file] = bc }
    }
    END {
        if (n == 0) { print "coverage.sh: the table has no files" > "/dev/stderr"; exit 99 }
        for (i = 2; i <= n; i++) # by name; they come nearly so
            for (k = i; k > 1 && folders[k] < folders[k - 1]; k--) { t = folders[k]; folders[k] = folders[k - 1]; folders[k - 1] = t }
        printf "%-40s %7s %8s %9s %8s\n", "folder", "lines", "covered", "branches", "covered"
        for (i = 1; i <= n; i++) {
            f = folders[i]
            row(f, lines[f], lines_hit[f], branches[f], branches_hit[f])
            if (f ~ /^framework\// && f != "framework/cli" && percent(lines_hit[f], lines[f]) < 90) missed = missed " " f
        }
        row("all", all, all_hit, ways, ways_hit)
        if (lows) print "\nfiles below 90 % of lines or 80 % of branches"
        for (i = 1; i <= lows; i++) row(low[i], L[low[i]], LC[low[i]], B[low[i]], BC[low[i]])
        if (percent(ways_hit, ways) < 80) missed = missed sprintf(" branches %.1f %%", percent(ways_hit, ways))
        print ""
        if (missed) { print "the bar does not hold:" missed; exit 1 }
        print "the bar holds: 90 % of lines in each folder of framework but cli, 80 % of branches"
    }' "$table"
