/* Synthetic raw price files in each operator's own layout: for the demo, the tests and the benchmarks on a machine without
 * real files, and for whatever real files rarely show (switch days, faults, any size).
 *
 * Same options, same bytes: everything follows from the seed and the key of a row (instant, location), so the price of one
 * key is the same however the files are cut, packed, shuffled or spoilt. Faults therefore never change what the sound rows
 * say: a duplicate repeats its row, a revision is an older posting of the row (other price) right before it.
 *
 * This folder shares no code with the readers in src/markets: it is the other side. */
#ifndef BB_GENERATE_H
#define BB_GENERATE_H

#include "base/mem.h"

enum bb_files_per { BB_FILES_PER_DAY, BB_FILES_PER_MONTH, BB_FILES_PER_ALL };

struct bb_generate_options {
    const char *report;  /* an id of bb_generate_report_at */
    const char *out_dir; /* made if missing; files of the same name are replaced */
    int n_nodes;         /* 1 … 200,000; 0: as many as the operator really has */
    int32_t first_day;   /* days since 1970-01-01: the first market day */
    int32_t n_days;      /* 1 … 36,600 market days */
    uint64_t seed;
    int zip;         /* packed as the operator (or, where he does not pack, a collector) packs it */
    int zip_of_zips; /* everything in one zip of zips; implies zip */
    double duplicate_share, revision_share, bad_row_share; /* of the rows, 0 … 1 */
    int truncate_last;                                     /* the last file on disk is cut in its middle */
    int shuffle_rows;                                      /* rows of a file in no order */
    enum bb_files_per files_per; /* reports that are published per day or hour only stay so */
    uint64_t max_nbytes;         /* stop after about so many bytes of plain text; 0: no limit */
};

struct bb_generate_result {
    uint64_t n_rows;       /* data lines, with duplicates and revisions */
    uint64_t plain_nbytes; /* before packing */
    uint64_t n_files;      /* on disk */
};

/* Called now and then with what is done so far; a non-zero return stops with BB_INTERRUPTED. */
typedef int (*bb_generate_progress)(void *ctx, const struct bb_generate_result *so_far);

/* BB_MISUSE for options that make no sense, BB_IO when a file cannot be written. progress may be NULL. *result is filled in
 * every case. One thread; two calls may run at once unless they write the same files. */
enum bb_status bb_generate(const struct bb_generate_options *options, struct bb_budget *budget,
                           bb_generate_progress progress, void *progress_ctx, struct bb_generate_result *result,
                           struct bb_error *err) BB_WARN_UNUSED;

/* The reports that can be generated. i < bb_generate_report_count(). */
size_t bb_generate_report_count(void);
const char *bb_generate_report_at(size_t i, const char **description_ret);

#endif
