#!/bin/bash
# docs/busbar.1 and docs/cli.md are what the program says. Usage: check_help.sh [--write] [build/busbar]
cd "$(dirname "$0")/.." || exit 1
write=
[ "$1" = --write ] && { write=1; shift; }
busbar=${1:-build/busbar}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$busbar" help --man >"$scratch/busbar.1" && "$busbar" help --markdown >"$scratch/cli.md" || { echo "$busbar does not run; build first"; exit 1; }
bad=0
for page in busbar.1 cli.md; do
    if [ -n "$write" ]; then cp "$scratch/$page" "docs/$page"; fi
    diff -u "docs/$page" "$scratch/$page" || { echo "docs/$page is not what the program says; write it anew: scripts/check_help.sh --write $busbar"; bad=1; }
done
exit $bad
