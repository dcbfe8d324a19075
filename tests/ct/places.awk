# SPDX-FileCopyrightText: 2026 The Puma authors
# SPDX-License-Identifier: Apache-2.0
# places.awk - memcheck's log in, the functions that it complains of out, each once: "file.c:function".
#
# A report counts for the innermost function of the backend's sources, whose names are in `sources`; what it calls
# (libm, the host's kernels) is its doing, and so are the inline `helpers` of masked.h.  Without one, for the innermost
# function there is.  Reports of another kind than a branch, an address or a system call come out as they are.  Where a
# compiler has joined code of two files it may name the function and the wrong file: then its caller's file counts.
function report() {
    if (kind == "") return
    place = ours != "" ? ours : first
    if (kind == "other") place = text " in " place
    if (!(place in said)) { said[place] = 1; print place }
    kind = ours = first = text = stray = ""
}
BEGIN { count = split(sources, names, " "); for (i = 1; i <= count; i++) own[names[i]] = 1
        count = split(helpers, names, " "); for (i = 1; i <= count; i++) helper[names[i]] = 1 }
{ sub(/^==[0-9]+== ?/, "") }
/^[^ ]/ {
    report()
    # Between reports: which thread, and that there are many.
    if (/^Thread [0-9]+/ || /^More than 100 errors/ || /^will still be recorded/) next
    kind = /^Conditional jump or move depends/ || /^Use of uninitialised value/ || /^Syscall param/ ? "secret" : "other"
    text = $0
    next
}
/^   (at|by) 0x/ {
    name = $3; sub(/\.(isra|constprop|part|cold|llvm).*/, "", name)
    file = $NF; gsub(/[()]/, "", file); sub(/:[0-9]+$/, "", file); sub(/.*\//, "", file)
    if (first == "") first = file ":" name
    if (ours == "" && file in own) ours = file ":" (stray != "" ? stray : name)
    if (file == "masked.h" && !(name in helper) && stray == "") stray = name
}
END { report() }
