/* The ledger: which sources a file of the lake was made from. JSON text in the footer's key-value "busbar.ledger", so that data and list are
 * published by the same rename. Sorted by name, then hash; the same sources give the same bytes. */
#ifndef BB_LEDGER_H
#define BB_LEDGER_H

#include "base/buf.h"
#include "lake/year_set.h"
#include "table/dataset.h"
#include "table/row.h"

struct bb_ledger_source {
    struct bb_str name, member, report; /* base name, place in the archive, report id */
    char hash[33];                      /* XXH3-128 of the content */
    uint64_t content_nbytes, rows;      /* rows that the source delivered to this file (losers included) */
    int64_t publication_utc_s;          /* 0 unknown */
    uint32_t first_utc_s, last_utc_s;   /* of those rows */
    uint32_t n_files; /* files of this dataset and year, 1 or 2 halves, that it delivered rows to */
    struct bb_year_set
        years; /* of all its rows of this dataset, those that --year left out included: a year is known when n_files files
                                         * of it list the source; empty: this file's year only */
    uint32_t code; /* in the provenance lists, UINT32_MAX: no row of it won */
    uint8_t joined, preliminary,
        derived; /* its rows are component lines; lose against final ones; their energy was derived */
};

struct bb_ledger_join {
    uint32_t code, of[BB_N_VALUES];
}; /* codes of the sources of the four values */

struct bb_ledger {
    struct bb_dataset dataset;
    enum bb_half half;
    int year;
    uint64_t rows, duplicates, revisions; /* of the file; the last two over all conversions that made it */
    struct bb_ledger_source *sources;
    size_t n_sources;
    struct bb_ledger_join *joins;
    size_t n_joins;
};

/* Sorts ledger->sources, leaves out repeated ones, and writes the JSON. Returns 0 when out has no room. */
int bb_ledger_write(struct bb_ledger *ledger, struct bb_buf *out) BB_WARN_UNUSED;

/* Streams a ledger: on_source and on_join may be NULL; the source's texts live during the call. Returning anything but BB_OK stops and is
 * passed on. head_ret receives dataset, half, year and the counts; its lists stay empty. BB_SKIP: no ledger of busbar's, or damaged. */
struct bb_ledger_reading {
    enum bb_status (*on_source)(void *ctx, const struct bb_ledger_source *source, struct bb_error *err);
    enum bb_status (*on_join)(void *ctx, const struct bb_ledger_join *join, struct bb_error *err);
    void *ctx;
};
enum bb_status bb_ledger_read(struct bb_str json, const struct bb_ledger_reading *reading, struct bb_budget *budget,
                              struct bb_ledger *head_ret, struct bb_error *err) BB_WARN_UNUSED;

#endif
