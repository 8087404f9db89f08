/* The columns of one file of the lake: which ones it has, how they are stored, and where the values of each come from. For year_file.c, which
 * cuts rows into segments and row groups. */
#ifndef BB_YEAR_COLUMNS_H
#define BB_YEAR_COLUMNS_H

#include "table/columns.h"
#include "parquet/pq_write.h"
#include "table/row.h"

struct bb_year_file_setup;

struct bb_year_instant { /* what all rows of one instant share */
    size_t first_row, n_rows;
    int64_t start_utc_s;
    int32_t day; /* of the wall clock, as are hour (from 1) and interval (from 1; 0 in hourly datasets) */
    int hour, interval, second_of_two;
};

struct bb_place_facts { /* what the encoders ask per row; the texts are only asked for once per group and place */
    double voltage_kv;
    int is_system;
};

struct bb_year_columns {
    const struct bb_year_file_setup *setup;
    size_t n;                                 /* of the file; in the hive layout iso lives in the path */
    uint8_t contract_of[BB_LAKE_MAX_COLUMNS]; /* number of the column in the contract's list */
    int sorting[3];
    struct bb_pq_column list[BB_LAKE_MAX_COLUMNS];
    int same_as[BB_LAKE_MAX_COLUMNS]; /* the column whose chunk this one repeats; -1: it has its own */
    struct bb_pq_chunk *chunks[BB_LAKE_MAX_COLUMNS];
    uint8_t encoded[BB_LAKE_MAX_COLUMNS]; /* those with chunks, the heavy ones first */
    size_t n_encoded;
    struct bb_place_facts *facts; /* by place code */
    size_t n_facts, cap_facts;
    int any_voltage, any_system, any_id, any_zone; /* else the column is NULL so far, without a look at the rows */
    /* the segment that is put; set by the caller */
    const struct bb_row *rows;
    size_t n_rows;
    const struct bb_year_instant *instants;
    size_t n_instants;
    const struct bb_slice *slices;
    const struct bb_join *joins;
};

/* Chooses the columns by the setup's dataset and style and makes their chunks. setup and options stay the caller's and must outlive the columns.
 * After a failure too, reset gives back what was made. */
enum bb_status bb_year_columns_init(struct bb_year_columns *columns, const struct bb_year_file_setup *setup,
                                    const struct bb_pq_options *options, struct bb_error *err) BB_WARN_UNUSED;
/* Gives back the memory of chunks and facts; names and order of the columns stay. May be called again. */
void bb_year_columns_reset(struct bb_year_columns *columns);
/* Takes over the facts of places that are new; before a segment with them is put. */
enum bb_status bb_year_columns_learn(struct bb_year_columns *columns, struct bb_error *err) BB_WARN_UNUSED;
/* Puts the segment's values into the chunk of one encoded column. Different columns may be put by different threads at the same time. */
enum bb_status bb_year_columns_put(struct bb_year_columns *columns, size_t column,
                                   struct bb_error *err) BB_WARN_UNUSED;

#endif
