#!/bin/bash
# Every global symbol of the library starts with bb_ or busbar_. Usage: check_symbols.sh build/libbusbar.a
cd "$(dirname "$0")/.." || exit 1
library=${1:-build/libbusbar.a}
symbols=$(nm -g --defined-only "$library" 2>/dev/null | awk 'NF == 3 && $2 ~ /^[A-TV-Z]$/ { print $3 }' | sort -u)
if ! grep -q '^bb_' <<<"$symbols"; then
    echo "$library: no symbols found; build first"
    exit 1
fi
# Sanitizers add symbols of their own to a checked build.
stray=$(grep -Ev '^(bb_|busbar_|__odr_asan|_?_?(asan|tsan|ubsan|sancov))' <<<"$symbols")
[ -z "$stray" ] && exit 0
echo "global symbols without the prefix bb_ or busbar_ (make them static or rename them):"
echo "$stray"
exit 1
