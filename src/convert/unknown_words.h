/* Words and columns of the inputs that no format has an entry for: nothing is dropped in silence, so the first few are named at the end of
 * a run. */
#ifndef BB_UNKNOWN_WORDS_H
#define BB_UNKNOWN_WORDS_H

#include "base/str.h"

#include <pthread.h>

#define BB_UNKNOWN_MAX 10

struct bb_unknown_word {
    const char *report; /* lives as long as the program */
    char column[48], word[64];
    int is_column; /* word is a column that was not read; else a word in a column */
    int is_product;
};

struct bb_unknown_words {
    pthread_mutex_t mutex;
    struct bb_unknown_word list[BB_UNKNOWN_MAX];
    int n, more; /* more: some are not in the list */
};

void bb_unknown_words_init(struct bb_unknown_words *words);
void bb_unknown_words_reset(struct bb_unknown_words *words);

/* Each different one counts once. From any thread; column and word are copied, cut to fit. */
void bb_unknown_words_note(struct bb_unknown_words *words, const char *report, int is_product, const char *column,
                           struct bb_str word);
/* names: "A, B" */
void bb_unknown_words_note_columns(struct bb_unknown_words *words, const char *report, const char *names);

/* A sentence for each, in order of report, column and word; then one when there were more. */
void bb_unknown_words_tell(struct bb_unknown_words *words, void (*tell)(void *ctx, const char *sentence),
                           void *ctx);

#endif
