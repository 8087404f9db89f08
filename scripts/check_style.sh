#!/bin/bash
# Formatting, calls that only their wrapper may make, file sizes, file names, and paths of somebody's machine.
cd "$(dirname "$0")/.." || exit 1
bad=0
complain() { echo "$1"; bad=1; }

sources=$(find src include tests bench -name '*.[ch]' 2>/dev/null | sort)
library=$(find src -name '*.[ch]' -not -path 'src/cli/*' | sort)

# clang-format prints nothing for a tidy file
out=$(clang-format --dry-run -Werror $sources 2>&1 | grep -E 'error:' | cut -d: -f1 | sort | uniq -c)
[ -n "$out" ] && complain "not as clang-format writes it (run 'make format'); places per file:
$out"

# banned WORDS WHERE-ALLOWED(regex or -) FILES WHY: looks for calls of the words
banned() {
    local hits
    hits=$(grep -nE "(^|[^A-Za-z0-9_.>])($1)[[:space:]]*\(" $3 /dev/null | grep -vE "^($2):" | grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/?\*|//)')
    [ -n "$hits" ] && complain "$4:
$hits"
}
banned 'malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf|aligned_alloc|posix_memalign|getline' 'src/base/mem.c' "$library" 'memory comes from base/mem.h only'
banned 'strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|alloca|tmpnam|mktemp|system|popen' - "$library $(find src/cli -name '*.[ch]' 2>/dev/null)" 'unsafe calls'
banned 'atoi|atol|atof|strtod|strtof|strtol|strtoll|sscanf|setlocale' 'src/base/json.c' "$library" 'numbers are read by base/decimal.h (no locale, exact ends)'
banned 'localtime|localtime_r|mktime|timelocal|ctime|asctime|strftime|strptime|tzset|gmtime|gmtime_r|timegm' - "$library" 'time is src/time/zone.h'
banned 'printf|puts|putchar|perror|exit|_exit|abort|getenv|rand|srand|random|signal|sigaction' - "$library" 'the library never prints, exits or reads the environment'

while read -r n file; do
    [ "$file" = total ] || [ "$n" -le 900 ] || complain "$file: $n lines; a file holds one idea, 900 lines at most"
done < <(wc -l $sources)

# clang-format leaves comments and long texts alone
out=$(LC_ALL=C.UTF-8 grep -nE '^.{151,}' $sources /dev/null | cut -c 1-100)
[ -n "$out" ] && complain "lines of more than 150 columns:
$out"

out=$(find src tests include bench scripts -type f \( -iname '*util*' -o -iname '*common*' -o -iname '*misc*' -o -iname '*helper*' \) -not -path '*/corpus/*' -not -path '*/in/*' -not -path '*/__pycache__/*' 2>/dev/null)
[ -n "$out" ] && complain "names that say nothing:
$out"
out=$(for f in $sources; do basename "$f"; done | sort | uniq -d)
[ -n "$out" ] && complain "file names that are not unique in the tree:
$out"

out=$(git grep -nIE '(^|[^A-Za-z0-9_.])/(wor[k]|roo[t]|hom[e]/[a-z]+|tm[p]/(b-|prob[e]|brie[f]))(/|\b)' -- . ':!*.lock' 2>/dev/null)
[ -n "$out" ] && complain "paths of somebody's machine:
$out"
exit $bad
