/* "Did you mean": the candidate that is fewest edits away from a word. */
#ifndef BUSBAR_CLI_NEAREST_H
#define BUSBAR_CLI_NEAREST_H

struct cli_nearest {
    const char *word;
    const char *best; /* NULL: none is near enough to be worth naming */
    unsigned best_edits;
};
struct cli_nearest cli_nearest_to(const char *word);
void cli_nearest_try(struct cli_nearest *nearest, const char *candidate);

#endif
