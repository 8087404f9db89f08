/* The ledger: which sources a file of the lake was made from. JSON text in the footer's key-value "busbar.ledger", so that data and list are
 * published by the same rename. Sorted by name, then hash; the same sources give the same bytes. */
#ifndef BB_LEDGER_H
#define BB_LEDGER_H

#include "base/buf.h"
#include "table/dataset.h"

struct bb_ledger_source {
    struct bb_str name, member, report; /* base name, place in the archive, report id */
    char hash[33];                      /* XXH3-128 of the content */
    uint64_t content_nbytes, rows;      /* rows that the source delivered to this file (losers included) */
    int64_t publication_utc_s;          /* 0 unknown */
    uint32_t first_utc_s, last_utc_s;   /* of those rows */
};

struct bb_ledger {
    struct bb_dataset dataset;
    enum bb_half half;
    int year;
    uint64_t rows, duplicates, revisions; /* of the file */
    struct bb_ledger_source *sources;
    size_t n_sources;
};

/* Sorts ledger->sources and writes the JSON. Returns 0 when out has no room. */
int bb_ledger_write(struct bb_ledger *ledger, struct bb_buf *out) BB_WARN_UNUSED;

#endif
