#!/bin/bash
# What `make demo` shows: raw files of every operator in their own layouts, one command, one lake. Usage: demo.sh BUSBAR [FOLDER]
set -eu
busbar=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/.."
demo=${2:-demo}
rm -rf "$demo"
mkdir -p "$demo/raw"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
make_files() { # make_files REPORT FOLDER DAYS OPTIONS...
    local report=$1 folder=$2 days=$3
    shift 3
    "$busbar" generate "$report" -o "$demo/raw/$folder" --from 2024-03-01 --days "$days" "$@"
}

say "1. Raw files as the operators publish them: March 2024, with its day of 23 hours"
make_files pjm.da_hrl_lmps pjm/da_nodal 31 --nodes 1500
make_files pjm.rt_hrl_lmps pjm/rt_nodal 31 --nodes 400 --revisions 0.01
make_files pjm.ancillary_services pjm/ancillary 31
make_files caiso.dam_lmp_grp caiso/dam 31 --nodes 500 --zip
make_files caiso.prc_rtpd_lmp caiso/fmm 31 --nodes 40 --zip
make_files caiso.PRC_AS caiso/as 31 --zip
make_files nyiso.damlbmp_zone nyiso/damlbmp 31 --zip
make_files nyiso.realtime_zone nyiso/realtime 31 --zip
make_files nyiso.damasp nyiso/damasp 31
make_files ercot.NP4-190 ercot/dam_spp 31 --nodes 200 --zip
make_files ercot.NP6-905 ercot/rtm_spp 3 --nodes 200 --zip-of-zips
make_files ercot.NP4-188 ercot/mcpc 31 --zip
make_files miso.da_expost_lmp miso/da_expost 31 --nodes 400
make_files miso.rt_lmp_prelim miso/rt 31 --nodes 400
make_files miso.rt_lmp_final miso/rt 31 --nodes 400
make_files miso.asm_expost_damcp miso/asm 31
make_files isone.WW_DALMP_ISO isone/da_lmp 31 --nodes 200
make_files isone.lmp_rt_final isone/rt_lmp 31 --nodes 200
make_files isone.daasreservedata isone/da_as 31
make_files spp.DA-LMP-SL spp/da_lmp 31 --nodes 200
make_files spp.RTBM-LMP-SL spp/rtbm 2 --nodes 200
make_files spp.RTBM-LMP-DAILY-SL spp/rtbm_daily 10 --nodes 200
make_files spp.DA-MCP spp/da_mcp 31
printf '%s files, %s\n' "$(find "$demo/raw" -type f | wc -l)" "$(du -sh "$demo/raw" | cut -f1)"
find "$demo/raw" -type f | sort | awk -F/ '{k=$3"/"$4} k!=last {print "  "$0; last=k}'

say "2. One command, 64 MB of memory"
echo "busbar convert $demo/raw -o $demo/lake --memory-limit 64M"
"$busbar" convert "$demo/raw" -o "$demo/lake" --memory-limit 64M

say "3. The lake"
(cd "$demo" && find lake -type f -name '*.parquet' | sort | sed 's/^/  /')
file=$(find "$demo/lake" -name 'da_energy_hourly_hub_2024.parquet' -path '*pjm*')
say "The switch day: 01:00 is followed by 03:00"
columns=datetime_utc,datetime_local,delivery_hour,settlement_location,lmp_total,lmp_energy,lmp_congestion,lmp_loss
echo "busbar show $file -n 3 --from 2024-03-10T06:00:00Z --where 'location=WESTERN HUB' --columns $columns"
"$busbar" show "$file" -n 3 --from 2024-03-10T06:00:00Z --where 'location=WESTERN HUB' --columns $columns

say "4. The same again: nothing to do"
echo "busbar convert $demo/raw -o $demo/lake --memory-limit 64M"
"$busbar" convert "$demo/raw" -o "$demo/lake" --memory-limit 64M

say "5. Proof: every promise checked on every row"
echo "busbar verify $demo/lake"
"$busbar" verify "$demo/lake" >"$demo/verify.txt" && verdict=kept || verdict="BROKEN, see $demo/verify.txt"
tail -n 3 "$demo/verify.txt"
printf '%s lake files looked at; promises %s\n' "$(grep -c '\.parquet: ok, ' "$demo/verify.txt")" "$verdict"
[ "$verdict" = kept ]
