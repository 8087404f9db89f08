/* Option values from text to numbers. Each returns false without a word if the text is not such a value; the caller names
 * the option and says what it takes. */
#ifndef BUSBAR_CLI_PARSE_VALUES_H
#define BUSBAR_CLI_PARSE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "busbar.h"

/* Decimal digits only, at most `most`. */
bool cli_parse_count(const char *text, uint64_t most, uint64_t *count);

/* 256M, 1G, 64MiB (powers of 1024), 256MB (powers of 1000), 1048576 (bytes); 1.5G too. At least 1. */
bool cli_parse_size(const char *text, uint64_t *nbytes);

/* 0.01 or 1%: 0 … 1. */
bool cli_parse_share(const char *text, double *share);

/* "2024", "2022-2024", "2021,2023-2024" into options->year_from, year_to, n_years. Years 1990 … 2100. */
bool cli_parse_years(const char *text, struct busbar_convert_options *options);

/* "zstd", "zstd:9", "none" into options->codec, level. The library knows which levels a codec has. */
bool cli_parse_compression(const char *text, struct busbar_convert_options *options);

/* "1000" or "0.1%" into options->max_rejects or max_rejects_percent. */
bool cli_parse_max_rejects(const char *text, struct busbar_convert_options *options);

/* A comma-separated list of words into a mask. words: a NULL-terminated list; bit i stands for words[i]. On failure *bad
 * is the first word that is not in the list, with its length. */
struct cli_bad_word {
    const char *text;
    int nbytes;
};
bool cli_parse_words(const char *text, const char *const *words, unsigned *mask, struct cli_bad_word *bad);
bool cli_parse_isos(const char *text, unsigned *mask, struct cli_bad_word *bad);

/* Index of text in a NULL-terminated list, -1 if it is not there. */
int cli_parse_choice(const char *text, const char *const *words);

#endif
