#include "convert/unknown_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bb_unknown_words_init(struct bb_unknown_words *words)
{
    memset(words, 0, sizeof *words);
    pthread_mutex_init(&words->mutex, NULL);
}

void bb_unknown_words_reset(struct bb_unknown_words *words) { pthread_mutex_destroy(&words->mutex); }

static int compare(const void *a_, const void *b_)
{
    const struct bb_unknown_word *a = a_, *b = b_;
    int c = strcmp(a->report, b->report);
    if (c == 0) c = a->is_column - b->is_column;
    if (c == 0) c = strcmp(a->column, b->column);
    return c ? c : strcmp(a->word, b->word);
}

static void note(struct bb_unknown_words *words, const struct bb_unknown_word *word)
{
    int i = 0;
    pthread_mutex_lock(&words->mutex);
    while (i < words->n && compare(&words->list[i], word) != 0) i++;
    if (i == BB_UNKNOWN_MAX)
        words->more = 1;
    else if (i == words->n)
        words->list[words->n++] = *word;
    pthread_mutex_unlock(&words->mutex);
}

void bb_unknown_words_note(struct bb_unknown_words *words, const char *report, int is_product, const char *column,
                           struct bb_str word)
{
    struct bb_unknown_word w = { .report = report, .is_product = is_product };
    snprintf(w.column, sizeof w.column, "%s", column);
    snprintf(w.word, sizeof w.word, "%.*s", BB_STR_ARG(word));
    note(words, &w);
}

void bb_unknown_words_note_columns(struct bb_unknown_words *words, const char *report, const char *names)
{
    struct bb_unknown_word w = { .report = report, .is_column = 1 };
    while (*names) {
        size_t n = strcspn(names, ",");
        snprintf(w.word, sizeof w.word, "%.*s", (int)n, names);
        note(words, &w);
        names += n + (names[n] == ',');
        while (*names == ' ') names++;
    }
}

void bb_unknown_words_tell(struct bb_unknown_words *words, void (*tell)(void *ctx, const char *sentence), void *ctx)
{
    char text[400];
    qsort(words->list, (size_t)words->n, sizeof *words->list, compare);
    for (int i = 0; i < words->n; i++) {
        const struct bb_unknown_word *w = &words->list[i];
        if (w->is_column)
            snprintf(text, sizeof text,
                     "%s: the column \"%s\" is none that busbar knows; it was not read (a new product?)", w->report,
                     w->word);
        else
            snprintf(text, sizeof text, "%s: %s \"%s\" is no %s that busbar knows; %s", w->report, w->column,
                     w->word, w->is_product ? "product" : "type of location",
                     w->is_product ? "its rows have the standard OTHER" : "these locations became NODE");
        tell(ctx, text);
    }
    if (words->more) tell(ctx, "there were further words or columns that busbar does not know");
}
