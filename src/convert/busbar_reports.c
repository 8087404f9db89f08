/* The small doors: names of operators and reports, synthetic files. */
#include "convert/door.h"
#include "generate/generate.h"
#include "markets/reader.h"
#include "table/dataset.h"

const char *busbar_iso_name(enum busbar_iso iso)
{
    return (int)iso >= 0 && iso < BUSBAR_N_ISO ? bb_iso_infos[iso].name : "";
}

int busbar_iso_parse(const char *name, size_t n) { return bb_iso_of((struct bb_str){ name, n }); }

size_t busbar_report_count(void) { return bb_format_count(); }

struct busbar_report_info busbar_report_at(size_t i)
{
    struct bb_format_info f = bb_format_info_at(i);
    return (struct busbar_report_info){ f.report,      bb_iso_infos[f.iso].name,
                                        f.title,       f.datasets,
                                        f.file_names,  f.layouts,
                                        f.time_rule,   f.refusal,
                                        f.is_reference };
}

size_t busbar_generator_count(void) { return bb_generate_report_count(); }

const char *busbar_generator_at(size_t i, const char **description)
{
    return bb_generate_report_at(i, description);
}

void busbar_generate_options_init(struct busbar_generate_options *o)
{
    *o = (struct busbar_generate_options){
        .size = sizeof *o, .first_day = "2024-01-01", .days = 1, .seed = 1, .files_per = "day"
    };
}

static enum bb_status generate(const struct busbar_generate_options *o, struct bb_generate_result *result,
                               struct bb_error *err)
{
    struct bb_budget budget;
    struct bb_generate_options to = { .report = o->report,
                                      .out_dir = o->out_dir,
                                      .n_nodes = o->nodes,
                                      .n_days = o->days,
                                      .seed = o->seed,
                                      .zip = o->zip,
                                      .zip_of_zips = o->zip_of_zips,
                                      .duplicate_share = o->duplicates,
                                      .revision_share = o->revisions,
                                      .bad_row_share = o->bad_rows,
                                      .truncate_last = o->truncate_last,
                                      .shuffle_rows = o->shuffle };
    const char *per = o->files_per ? o->files_per : "day";
    if (o->size != sizeof *o)
        return bb_fail(err, BB_MISUSE,
                       "busbar_generate_options.size is %zu, expected %zu; use busbar_generate_options_init",
                       o->size, sizeof *o);
    if (!o->first_day || bb_stamp_date(o->first_day, strlen(o->first_day), &to.first_day) != 0)
        return bb_fail(err, BB_MISUSE, "first day \"%s\" is not a date; write it as 2024-03-01",
                       o->first_day ? o->first_day : "");
    if (strcmp(per, "day") == 0)
        to.files_per = BB_FILES_PER_DAY;
    else if (strcmp(per, "month") == 0)
        to.files_per = BB_FILES_PER_MONTH;
    else if (strcmp(per, "all") == 0)
        to.files_per = BB_FILES_PER_ALL;
    else
        return bb_fail(err, BB_MISUSE, "files per \"%s\": expected day, month or all", per);
    bb_budget_init(&budget, 0, 0);
    return bb_generate(&to, &budget, NULL, NULL, result, err);
}

enum busbar_result busbar_generate(const struct busbar_generate_options *options, uint64_t *rows, uint64_t *nbytes,
                                   struct busbar_error *error)
{
    struct bb_generate_result result = { 0 };
    struct bb_error err;
    enum bb_status status = generate(options, &result, &err);
    if (rows) *rows = result.n_rows;
    if (nbytes) *nbytes = result.plain_nbytes;
    return bb_leave(status, &err, error);
}
