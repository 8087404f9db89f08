#include "cli/parse_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool cli_parse_count(const char *text, uint64_t most, uint64_t *count)
{
    uint64_t n = 0;
    if (!is_digit(*text)) return false;
    for (; *text; text++) {
        if (!is_digit(*text)) return false;
        unsigned digit = (unsigned)(*text - '0');
        if (n > (UINT64_MAX - digit) / 10) return false;
        n = n * 10 + digit;
    }
    if (n > most) return false;
    *count = n;
    return true;
}

/* Digits with at most one dot; no sign, exponent, hexadecimal or "inf", which strtod alone would take. */
static bool parse_plain_number(const char *text, double *number, const char **rest)
{
    size_t digits = strspn(text, "0123456789"), n = digits;
    if (text[n] == '.') {
        size_t more = strspn(text + n + 1, "0123456789");
        digits += more;
        n += 1 + more;
    }
    if (digits == 0 || n > 30) return false;
    char copy[32];
    memcpy(copy, text, n);
    copy[n] = '\0';
    *number = strtod(copy, NULL);
    *rest = text + n;
    return true;
}

bool cli_parse_size(const char *text, uint64_t *nbytes)
{
    static const char letters[] = "KMGT";
    double number, unit = 1;
    const char *rest;
    if (!parse_plain_number(text, &number, &rest)) return false;
    if (*rest && strcasecmp(rest, "B") != 0) {
        const char *letter = strchr(letters, *rest >= 'a' ? *rest - 'a' + 'A' : *rest);
        if (!letter) return false;
        bool by_1000 = strcasecmp(rest + 1, "B") == 0;
        if (rest[1] && !by_1000 && strcasecmp(rest + 1, "iB") != 0) return false;
        unit = pow(by_1000 ? 1000 : 1024, (double)(letter - letters + 1));
    }
    number *= unit;
    if (number < 1 || number > 1e18) return false;
    *nbytes = (uint64_t)number;
    return true;
}

bool cli_parse_share(const char *text, double *share)
{
    const char *rest;
    double number;
    if (!parse_plain_number(text, &number, &rest)) return false;
    if (*rest == '%') {
        number /= 100;
        rest++;
    }
    if (*rest || number > 1) return false;
    *share = number;
    return true;
}

static bool parse_year(const char *text, int *year)
{
    for (int i = 0; i < 4; i++)
        if (!is_digit(text[i])) return false;
    *year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
    return *year >= 1990 && *year <= 2100;
}

bool cli_parse_years(const char *text, struct busbar_convert_options *options)
{
    options->n_years = 0;
    for (;;) {
        int from, to;
        if (options->n_years == BUSBAR_MAX_YEAR_RANGES || !parse_year(text, &from)) return false;
        text += 4;
        to = from;
        if (*text == '-') {
            if (!parse_year(text + 1, &to) || to < from) return false;
            text += 5;
        }
        options->year_from[options->n_years] = from;
        options->year_to[options->n_years++] = to;
        if (*text == '\0') return true;
        if (*text++ != ',') return false;
    }
}

bool cli_parse_compression(const char *text, struct busbar_convert_options *options)
{
    static const struct {
        const char *name;
        enum busbar_codec codec;
    } codecs[] = { { "zstd", BUSBAR_ZSTD },
                   { "snappy", BUSBAR_SNAPPY },
                   { "lz4", BUSBAR_LZ4 },
                   { "gzip", BUSBAR_GZIP },
                   { "none", BUSBAR_UNCOMPRESSED } };
    size_t n = strcspn(text, ":");
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (strlen(codecs[i].name) != n || memcmp(codecs[i].name, text, n) != 0) continue;
        options->codec = codecs[i].codec;
        options->level = 0;
        if (text[n] == '\0') return true;
        uint64_t level;
        if (!cli_parse_count(text + n + 1, 99, &level) || level == 0) return false;
        options->level = (int)level;
        return true;
    }
    return false;
}

bool cli_parse_max_rejects(const char *text, struct busbar_convert_options *options)
{
    size_t n = strlen(text);
    if (n && text[n - 1] == '%') {
        double share;
        if (!cli_parse_share(text, &share)) return false;
        options->max_rejects_percent = share * 100;
        return true;
    }
    return cli_parse_count(text, UINT64_MAX - 1, &options->max_rejects);
}

int cli_parse_choice(const char *text, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0) return i;
    return -1;
}

static int word_of_list(const char *text, size_t n, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strlen(words[i]) == n && strncasecmp(words[i], text, n) == 0) return i;
    return -1;
}

/* words NULL: operators. */
static bool parse_list(const char *text, const char *const *words, unsigned *mask, struct cli_bad_word *bad)
{
    *mask = 0;
    for (;;) {
        size_t n = strcspn(text, ",");
        int bit = words ? word_of_list(text, n, words) : busbar_iso_parse(text, n);
        if (bit < 0) {
            *bad = (struct cli_bad_word){ text, n > 60 ? 60 : (int)n };
            return false;
        }
        *mask |= 1u << bit;
        if (text[n] == '\0') return true;
        text += n + 1;
    }
}

bool cli_parse_words(const char *text, const char *const *words, unsigned *mask, struct cli_bad_word *bad)
{
    return parse_list(text, words, mask, bad);
}

bool cli_parse_isos(const char *text, unsigned *mask, struct cli_bad_word *bad)
{
    return parse_list(text, NULL, mask, bad);
}
