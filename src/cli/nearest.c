#include "cli/nearest.h"

#include <string.h>

enum { LONGEST = 48 };

static unsigned edits_between(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) return LONGEST;
    unsigned row[LONGEST + 1];
    for (size_t j = 0; j <= m; j++) row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            unsigned edits = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replaced < edits ? replaced : edits;
        }
    }
    return row[m];
}

struct cli_nearest cli_nearest_to(const char *word)
{
    /* A third of the letters may be wrong: more, and the proposal would puzzle instead of help. */
    return (struct cli_nearest){ .word = word, .best_edits = (unsigned)strlen(word) / 3 + 2 };
}

void cli_nearest_try(struct cli_nearest *nearest, const char *candidate)
{
    unsigned edits = edits_between(nearest->word, candidate);
    size_t n = strlen(nearest->word);
    /* The beginning of a longer name ("--mem" for "--memory-limit") counts as one edit. */
    if (n >= 2 && strncmp(nearest->word, candidate, n) == 0 && edits > 1) edits = 1;
    if (edits < nearest->best_edits) {
        nearest->best_edits = edits;
        nearest->best = candidate;
    }
}
