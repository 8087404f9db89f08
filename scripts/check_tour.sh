#!/bin/bash
# docs/tour.md is true: every file or folder that it names between backticks exists, and every folder of src/ is named.
cd "$(dirname "$0")/.." || exit 1
tour=docs/tour.md
[ -f "$tour" ] || { echo "$tour is missing"; exit 1; }
bad=0
named=$(grep -o '`[^` ]*`' "$tour" | tr -d '`' | grep -E '^[A-Za-z0-9_.][A-Za-z0-9_./-]*$' | grep -E '/|\.(c|h|md|sh|py|def|txt)$' | sort -u)
[ -n "$named" ] || { echo "$tour names no file between backticks"; exit 1; }
for path in $named; do
    [ -e "$path" ] || [ -e "src/$path" ] || { echo "$tour names \`$path\`, which does not exist"; bad=1; }
done
for folder in src/*/; do
    folder=${folder%/}
    grep -qE "(^|[^A-Za-z])(src/)?${folder#src/}/" "$tour" || { echo "$tour does not name the folder $folder/"; bad=1; }
done
exit $bad
