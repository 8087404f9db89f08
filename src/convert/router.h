/* The way of rows into the tables: by place (half) and instant (year of the delivery date). */
#ifndef BB_ROUTER_H
#define BB_ROUTER_H

#include "convert/tables.h"

/* One worker's way into the tables: caches half per place and the last year. */
struct bb_router {
    struct bb_tables *tables;
    unsigned worker;
    size_t source;   /* index into job->sources, of the rows to come */
    uint8_t *halves; /* per place, 0xFF unknown */
    size_t n_halves;
    int64_t year_start_utc_s, year_end_utc_s;
    int year;
    int year_wanted;
    int noted_year; /* of noted_source, put into the source's years last */
    size_t noted_source;
    struct bb_table *last[BB_N_HALF]; /* of that year */
};
void bb_router_init(struct bb_router *r, struct bb_tables *t, unsigned worker);
void bb_router_reset(struct bb_router *r);
/* Sends rows of one slice to their tables. */
enum bb_status bb_router_send(struct bb_router *r, const struct bb_row *rows, size_t n,
                              struct bb_error *err) BB_WARN_UNUSED;

#endif
