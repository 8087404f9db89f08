#!/bin/bash
# What `make demo` shows: raw files of every operator in their own layouts, one command, one lake. Usage: demo.sh BUSBAR [FOLDER]
set -eu
busbar=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/.."
demo=${2:-demo}
days=${DEMO_DAYS:-31}
rm -rf "$demo"
mkdir -p "$demo/raw"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# make REPORT FOLDER OPTIONS...: skips what this build cannot generate
make_files() {
    local report=$1 folder=$2
    shift 2
    "$busbar" generate --list | grep -q "^$report " || return 0
    "$busbar" generate "$report" -o "$demo/raw/$folder" --from 2024-03-01 --days "$days" "$@"
}

say "1. Raw files as the operators publish them: March 2024, with its day of 23 hours"
make_files pjm.da_hrl_lmps pjm/da_nodal --nodes 1500
make_files pjm.rt_hrl_lmps pjm/rt_nodal --nodes 400 --revisions 0.01
make_files caiso.dam_lmp_grp caiso/dam --nodes 800 --zip
make_files caiso.prc_rtpd_lmp caiso/fmm --nodes 60 --zip
make_files miso.da_expost_lmp miso/da_expost --nodes 600
make_files miso.rt_lmp_prelim miso/rt --nodes 600
make_files miso.rt_lmp_final miso/rt --nodes 600
for report in $("$busbar" generate --list | awk 'NR > 1 {print $1}' | grep -vE '^(pjm\.(da_hrl|rt_hrl|rt_fivemin)|caiso\.(prc_lmp|dam_lmp|prc_rtpd|rtpd|prc_intvl|rtm_lmp|prc_hasp|hasp)|miso\.(da_ex|rt_lmp))'); do
    make_files "$report" "${report%%.*}/${report#*.}" --nodes 40
done
printf '%s files, %s\n' "$(find "$demo/raw" -type f | wc -l)" "$(du -sh "$demo/raw" | cut -f1)"
find "$demo/raw" -type f | sort | awk -F/ '{k=$3"/"$4} k!=last {print "  "$0; last=k}'

say "2. One command, 64 MB of memory"
echo "busbar convert $demo/raw -o $demo/lake --memory-limit 64M"
"$busbar" convert "$demo/raw" -o "$demo/lake" --memory-limit 64M

say "3. The lake"
(cd "$demo" && find lake -type f -name '*.parquet' | sort | sed 's/^/  /')
file=$(find "$demo/lake" -name 'da_energy_hourly_hub_2024.parquet' -path '*pjm*')
echo
echo "busbar show $file, the switch day: 01:00 is followed by 03:00"
"$busbar" show "$file" -n 3 --from 2024-03-10T06:00:00Z --where 'location=WESTERN HUB' \
    --columns datetime_utc,datetime_local,delivery_hour,settlement_location,lmp_total,lmp_energy,lmp_congestion,lmp_loss

say "4. The same again: nothing to do"
"$busbar" convert "$demo/raw" -o "$demo/lake" --memory-limit 64M

say "5. Proof: every promise checked on every row"
"$busbar" verify "$demo/lake" | tail -n 3
