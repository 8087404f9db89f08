/* What a conversion says about itself on stderr: troubles as they come, and the summary at its end. */
#ifndef BUSBAR_CLI_SUMMARY_H
#define BUSBAR_CLI_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "busbar.h"

enum { CLI_SUMMARY_MAX_DATASETS = 192 };

struct cli_summary_dataset {
    char name[96];
    int first_year, last_year;
    unsigned files;
    uint64_t rows, nbytes;
};
struct cli_summary {
    const struct busbar_convert_options *options;
    bool is_json, is_quiet, is_verbose;
    uint64_t rows_rejected, files_empty; /* events seen */
    struct cli_summary_dataset datasets[CLI_SUMMARY_MAX_DATASETS];
    size_t n_datasets;
};

/* The on_event callback of busbar_convert; ctx: a struct cli_summary. */
void cli_summary_take(void *ctx, const struct busbar_event *event);

/* After the run. With is_quiet it says nothing. */
void cli_summary_put(const struct cli_summary *summary, const struct busbar_convert_result *result);

#endif
