#!/bin/bash
# Every #include "…" below src/ goes to the own folder or to a lower floor, and the command line sees only busbar.h.
cd "$(dirname "$0")/.." || exit 1
find src include -name '*.[ch]' | sort | xargs awk '
BEGIN {
    floor["base"] = 0
    floor["csv"] = floor["time"] = floor["io"] = floor["table"] = 1
    floor["markets"] = floor["sort"] = floor["parquet"] = floor["lake"] = floor["generate"] = 2
    floor["convert"] = 3
    floor["cli"] = floor["arrow"] = 4
}
function complain(why) { print FILENAME ":" FNR ": #include \"" target "\": " why; bad = 1 }
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\""); target = quoted[2]
    split(FILENAME, at, "/"); own = at[2]
    n = split(target, to, "/")
    n_includes++
    if (at[1] == "include") { complain("the public header includes nothing of busbar"); next }
    if (!(own in floor)) { complain("folder src/" own " has no floor; give it one in scripts/check_floors.sh"); next }
    if (target == "busbar.h") {
        if (floor[own] < 3) complain("the public header is for floors 3 and 4")
        next
    }
    if (n != 2) { complain("write it as \"folder/file.h\""); next }
    if (to[1] == own) next
    if (!(to[1] in floor)) { complain("unknown folder"); next }
    if (floor[own] == 4) { complain("src/" own " may include only busbar.h and its own files"); next }
    if (floor[to[1]] < floor[own]) next
    if (to[1] == "table" && floor[own] == 1) next
    complain("src/" own " (floor " floor[own] ") may not know src/" to[1] " (floor " floor[to[1]] ")")
}
END {
    if (!n_includes) { print "no #include found: this check looks at the wrong place"; bad = 1 }
    exit bad
}'
