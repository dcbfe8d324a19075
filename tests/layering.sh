#!/bin/bash
# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# layering.sh - who may include whom (one direction; doc/architecture.md)
#
#   include/puma   C headers and itself
#   plugins        <puma/...>, their own folder, protocol/masked or approx/pieces, libc and third-party libraries; never framework/ or a sibling
#   approximations <puma/ops.h> and what it brings: no protocol's name, no OpenSSL
#   framework      a folder includes itself and folders below it
#   framework/exec what its local.mk lists on lines above the file's own; never net/, which is the session's
#   libraries      (framework below cli) print nothing; below run they end no process; a .c file declares nothing that another file
#                  defines: it includes the header, so that the rule above sees it
#   models         no C
set -u
root=$(realpath "${PUMA_SRCDIR:-$(dirname "$0")/..}")
bad=0

complain() { echo "layering: $1"; bad=$((bad + 1)); }

# FILE TARGET for every #include of the sources below $1; TARGET keeps its quotes or brackets.
includes() {
    find "$root/$1" -name '*.[ch]' -exec grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+[>"]' {} + |
        sed -E 's/^([^:]+):[[:space:]]*#[[:space:]]*include[[:space:]]*/\1 /'
}

# The folders of framework/, lowest first.  A folder may include those on its own line and on lines above.
order='base
ini ring net token weights image
model plugin
host
exec report
plan
input
run
cli'
# A folder without a place has rank 0; that is complained about once, below.
rank() { awk -v want="$1" '{ for (i = 1; i <= NF; i++) if ($i == want) found = NR } END { print found + 0 }' <<<"$order"; }

while read -r file target; do
    case $target in
    \<puma/*) ;;
    *\"*|\<framework/*) complain "$file includes $target: public headers include C headers and <puma/...>" ;;
    esac
done < <(includes include)

while read -r file target; do
    name=${target:1:-1}
    case $target in
    \"*) # quotes are for the plugin's own folder (or protocol/masked and approx/pieces, which two share)
        real=$(realpath -m "$(dirname "$file")/$name")
        case $real in
        "$(dirname "$file")"/*|"$root"/plugins/protocol/masked/*|"$root"/plugins/approx/pieces/*) ;;
        *) complain "$file includes $target, which is not in its folder" ;;
        esac
        [ -e "$real" ] || complain "$file includes $target, which is not in its folder" ;;
    \<puma/*) ;;
    *) first=${name%%/*}
       if [ -d "$root/framework/$first" ] && [ "$first" != "$name" ]; then
           complain "$file includes $target: a plugin knows nothing of the host's sources"
       fi ;;
    esac
done < <(includes plugins)

while read -r file target; do
    case $target in
    \<openssl/*|\<sys/socket.h\>|\<pthread.h\>) complain "$file includes $target: an approximation computes, no more" ;;
    esac
done < <(includes plugins/approx)

if grep -rnwE 'rep3|beaver2|plain_[a-z]+' "$root"/plugins/approx --include='*.[ch]' |
       grep -vE ':[[:space:]]*(/\*|\*|//)|/\*.*(rep3|beaver2).*\*/'; then
    complain "an approximation names a protocol (above)"
fi

while read -r file target; do
    name=${target:1:-1}
    from=${file#"$root"/framework/}; from=${from%%/*}
    to=${name%%/*}
    case $target in
    \"*) ;;
    *) continue ;;
    esac
    [ "$to" = "$name" ] && continue                      # a header of the same folder
    if [ ! -d "$root/framework/$to" ]; then
        complain "$file includes $target: not a folder of framework/"
    elif [ "$from" != "$to" ] && [ "$(rank "$from")" -lt "$(rank "$to")" ]; then
        complain "$file includes $target: $to is above $from"
    fi
done < <(includes framework)

# FILE LINE for each file of framework/exec, without its ending: the how-manieth line of local.mk names it.
exec_lines=$(awk '/%D%/ { n++; for (i = 1; i <= NF; i++) if (sub("^%D%/", "", $i)) { sub(/[.][ch]$/, "", $i); print $i, n } }' \
    "$root/framework/exec/local.mk" | sort -u)
exec_line() { awk -v want="$1" '$1 == want { found = $2 } END { print found + 0 }' <<<"$exec_lines"; }

while read -r file target; do
    name=${target:1:-1}
    from=$(basename "${file%.[ch]}")
    to=${name#exec/}; to=${to%.h}
    case $name in
    net/*) complain "$file includes $target: the executor knows the wire only through its session" ;;
    exec/"$from".h) ;;
    exec/*) [ "$(exec_line "$to")" -gt 0 ] && [ "$(exec_line "$to")" -lt "$(exec_line "$from")" ] ||
                complain "$file includes $target, which its local.mk does not list above it" ;;
    esac
done < <(includes framework/exec)

while read -r file target; do
    name=${target:1:-1}
    case $target in
    \"*) case $name in
         base/*|ring/*|net/*|plugin/*|host/*) ;;
         */*) complain "$file includes $target: the host knows protocols, kernels and the wire, no model" ;;
         esac ;;
    esac
done < <(includes framework/host)

for folder in "$root"/framework/*/; do
    name=$(basename "$folder")
    [ "$(rank "$name")" -gt 0 ] || complain "framework/$name has no place in the order"
done

# Below cli nothing prints but the final error line: what there is to say goes back as data, or on a FILE of the caller's.
if grep -rnE '(^|[^a-z_])(v?printf|puts|putchar|perror)[[:space:]]*\(|(^|[^a-z_])(stdout|stderr)([^a-z_]|$)' "$root"/framework \
       --include='*.[ch]' | grep -vE "^$root/framework/(cli/|base/error\.c)|:[[:space:]]*(/\*|\*)|/\*.*(stdout|stderr|printf)"; then
    complain "a library prints (above)"
fi

# FILE:LINE:TEXT of the code of all C files of framework/, without comments; text in quotes becomes "".
code=$(find "$root/framework" -name '*.[ch]' -exec awk '
    FNR == 1 { inside = 0 }
    {
        line = $0; out = ""
        while (line != "") {
            if (inside) {
                if (!(i = index(line, "*/"))) break
                line = substr(line, i + 2); inside = 0
            } else if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"/)) {
                out = out substr(line, 1, RSTART - 1); mark = substr(line, RSTART, 2); line = substr(line, RSTART + RLENGTH)
                if (mark == "//") break
                if (mark == "/*") inside = 1; else out = out "\"\""
            } else { out = out line; break }
        }
        if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
    }' {} + | sed "s|^$root/framework/||")

# Errors go back to the caller, who alone knows what else there is to undo.
if grep -vE '^(run|cli)/' <<<"$code" |
       grep -E '(^|[^A-Za-z0-9_])(exit|_exit|_Exit|quick_exit|abort|assert|error_print)[[:space:]]*\(' | grep -vE '^base/error\.[ch]:[0-9]+:void error_print\('; then
    complain "a library ends the process, or prints its error (above)"
fi

# What other files define comes from their headers: no `extern` in a .c file, and no prototype but of a function of its own.
if grep -E '^[^:]*\.c:[0-9]+:(.*[^A-Za-z0-9_])?extern([^A-Za-z0-9_]|$)' <<<"$code"; then
    complain "a .c file declares what another file defines (above)"
fi
if awk -F: '
    { text = $0; sub(/^[^:]*:[0-9]*:/, "", text) }
    $1 !~ /\.c$/ { next }
    text ~ /^[A-Za-z_].*\(/ && text !~ /^(static|typedef|_Static_assert)[^A-Za-z0-9_]/ && text !~ /=/ { start = $1 ":" $2 ": " text; open = 1 }
    open && text ~ /\{/ { open = 0 }
    open && text ~ /\)[^()]*;[ \t]*$/ { print start; found = 1; open = 0 }
    END { exit !found }' <<<"$code"; then
    complain "a .c file has a prototype that is not static (above)"
fi

[ -z "$(find "$root/models" -name '*.[ch]')" ] || complain "models/ holds data, no C"

[ "$bad" -eq 0 ]
