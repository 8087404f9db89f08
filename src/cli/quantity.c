#include "cli/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *cli_count(char *text, uint64_t n)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, n), out = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

static char *scaled(char *text, double number, double step, const char *const *units)
{
    int unit = 0;
    while (number >= step - 0.5 && units[unit + 1]) {
        number /= step;
        unit++;
    }
    /* Three digits tell enough; a whole number of the first unit needs no point. */
    int decimals = unit == 0 || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
    snprintf(text, CLI_QUANTITY_NBYTES, "%.*f%s", decimals, number, units[unit]);
    return text;
}

char *cli_size(char *text, uint64_t nbytes)
{
    static const char *const units[] = { " B", " kB", " MB", " GB", " TB", NULL };
    return scaled(text, (double)nbytes, 1000, units);
}

char *cli_memory(char *text, uint64_t nbytes)
{
    static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", NULL };
    return scaled(text, (double)nbytes, 1024, units);
}

char *cli_rate(char *text, double per_second)
{
    static const char *const units[] = { "", " k", " M", " G", NULL };
    return scaled(text, per_second > 0 ? per_second : 0, 1000, units);
}

char *cli_duration(char *text, double seconds)
{
    if (seconds < 0) seconds = 0;
    if (seconds < 9.995)
        snprintf(text, CLI_QUANTITY_NBYTES, "%.2f s", seconds);
    else if (seconds < 59.95)
        snprintf(text, CLI_QUANTITY_NBYTES, "%.1f s", seconds);
    else if (seconds < 3599.5) {
        unsigned whole = (unsigned)(seconds + 0.5);
        snprintf(text, CLI_QUANTITY_NBYTES, "%u min %02u s", whole / 60, whole % 60);
    } else if (seconds < 1e7) {
        unsigned minutes = (unsigned)(seconds / 60 + 0.5);
        snprintf(text, CLI_QUANTITY_NBYTES, "%u h %02u min", minutes / 60, minutes % 60);
    } else
        snprintf(text, CLI_QUANTITY_NBYTES, "long");
    return text;
}
