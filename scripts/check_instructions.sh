#!/bin/bash
# Counts the instructions that fixed small conversions take and fails when one takes over 10 % more than bench/instructions.txt
# says. Unlike seconds they do not depend on what else the machine does. Usage: check_instructions.sh BUSBAR [--update]
# When more work is meant, run it with --update and say why in the file's last column.
cd "$(dirname "$0")/.." || exit 1
busbar=$1 update=${2:-} guard=bench/instructions.txt
command -v valgrind >/dev/null || { echo "valgrind is not installed (make deps installs it)"; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0

count() { # count NAME REPORT OPTIONS...
    local name=$1 report=$2 now was why
    shift 2
    "$busbar" generate "$report" -o "$scratch/$name" --seed 1 -q "$@" || { echo "$name: cannot generate"; bad=1; return; }
    now=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$busbar" convert "$scratch/$name" -o "$scratch/lake-$name" -j 1 -m 256M -q 2>&1 |
        sed -n 's/^==[0-9]*== Collected : *//p')
    if [ -z "$now" ]; then echo "$name: valgrind gave no count"; bad=1; return; fi
    was=$(awk -v n="$name" '$1 == n { print $2 }' "$guard" 2>/dev/null)
    why=$(awk -v n="$name" '$1 == n { $1 = $2 = ""; sub(/^ +/, ""); print }' "$guard" 2>/dev/null)
    printf '%s %s %s\n' "$name" "$now" "$why" | sed 's/ *$//' >>"$scratch/now"
    if [ "$update" = --update ]; then return; fi
    if [ -z "$was" ]; then echo "$name: not in $guard; run $0 $busbar --update"; bad=1; return; fi
    if [ "$now" -gt $((was + was / 10)) ]; then
        echo "$name: $now instructions, $guard says $was: over 10 % more. If that is meant: $0 $busbar --update, and say why there"
        bad=1
    else
        echo "$name: $now instructions ($was)"
    fi
}

count pjm pjm.da_hrl_lmps --nodes 600 --days 2
count pjm-zip pjm.da_hrl_lmps --nodes 600 --days 2 -z
count caiso caiso.prc_lmp --nodes 300 --days 2
count caiso-groups caiso.dam_lmp_grp --nodes 300 --days 2 -z
count miso miso.da_expost_lmp --nodes 300 --days 4
count ercot ercot.NP6-905 --nodes 200 --days 1 -z
count nyiso nyiso.realtime_gen --days 1
count spp spp.DA-LMP-SL --days 1

if [ "$update" = --update ]; then
    { sed -n '/^#/p' "$guard" 2>/dev/null; cat "$scratch/now"; } >"$scratch/guard" && cp "$scratch/guard" "$guard"
    cat "$guard"
fi
exit $bad
