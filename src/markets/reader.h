/* The door of the markets floor: which report is this file, and rows from its text.
 *
 *   bb_detect   looks at name and first bytes, lets every format bid, explains itself
 *   bb_reader   a report bound to one file: column map, preamble's date, resolution; read-only while blocks are parsed
 *   bb_worker   what one thread needs while parsing: CSV index, caches of times and places
 */
#ifndef BB_READER_H
#define BB_READER_H

#include "markets/format.h"
#include "table/dataset.h"

/* What detection may look at. head is the start of the content (at least 64 KiB or all of it); more(ctx) may be called to get a longer
 * head (up to 64 MiB; needed when the resolution is the distance of the first two instants), it returns the same struct with more. */
struct bb_evidence {
    struct bb_str path;   /* outermost path, for folder names such as rt_5min_nodal/ */
    struct bb_str member; /* place in the archive */
    struct bb_str name;   /* base name of the leaf */
    struct bb_str head;
    int head_is_all;
    enum bb_status (*more)(void *ctx, struct bb_evidence *evidence,
                           struct bb_error *err); /* BB_EOF: there is no more */
    void *more_ctx;
    int64_t modified_utc_s;    /* the plain file's own modification time, 0: unknown or packed: BB_FORMAT_CUT_NOW */
    const char *forced_report; /* --report, or NULL */
    int forced_iso;            /* --iso with one operator, or -1 */
};

struct bb_bid {
    const char *report;
    int points;
    char why[256];
}; /* "pjm.da_hrl_lmps", columns found or missing */

#define BB_MAX_DATASETS 3
struct bb_detection {
    const struct bb_format *format;
    const char *report;                          /* "pjm.da_hrl_lmps": id for --report, `busbar formats`, docs */
    const char *data_source;                     /* "PJM da_hrl_lmps": the lake's column */
    struct bb_dataset datasets[BB_MAX_DATASETS]; /* what rows of this file belong to, usually one */
    int n_datasets;
    int iso; /* enum bb_iso of the report; of a refused file, of the closest one that was named; -1: nothing shows it */
    int is_reference; /* pnode list and the like: locations, no prices */
    enum bb_file_order order;
    int sequential; /* blocks must be parsed one after the other, by one worker that reads nothing else meanwhile (row order decides the
                       repeated hour, or what lies far apart is joined) */
    int derive_energy;
    int identity_is_id; /* see struct bb_format_info */
    /* Of the first data record (MISO: of the day); 0 if the head holds none. With BB_ORDER_DAY earlier hours of the same
     * local day may follow. */
    uint32_t first_utc_s;
    int64_t publication_utc_s; /* the stamp that the posting itself carries; 0: none */
    char variant[64];          /* which layout ("iso dates", "VALUE column", "hubs only") */
    int version;               /* of rows that carry none */
    int day_known;             /* the file, not its rows, says the day (MISO) … */
    int32_t day;               /* … this one, in the operator's time */
    char market_run[40];       /* see struct bb_facts, as the next three */
    int preliminary, turn_congestion;
    int32_t shift_s;
    int64_t
        second_from_utc_s; /* rows from here on belong to datasets[1], earlier ones to datasets[0]; 0: no such border */
    char unread
        [200]; /* BB_WIDE_AS, where a column is a product: "A, B", names of columns that no entry of the format is for */
    struct bb_binding binding; /* columns by name */
    struct bb_bid bids[8];     /* best first, for `detect -v` and for refusals */
    int n_bids;
};

/* BB_OK: *detection_ret is filled; of a file that is none, only iso and the bids are. BB_SKIP: no format fits; err says in one
 * sentence what the file is or which format is closest and what is missing, with a way out. BB_REJECT: the file is a harmless
 * empty answer (CAISO "no data", ISO-NE stub): a warning, no failure. A tie is BB_SKIP naming both. */
enum bb_status bb_detect(struct bb_evidence *evidence, struct bb_detection *detection_ret, struct bb_error *err);

/* One reader per file and dataset. zone and places belong to the job and outlive the reader. head as in the evidence. */
struct bb_reader;
enum bb_status bb_reader_new(const struct bb_detection *detection, const struct bb_dataset *dataset,
                             const struct bb_evidence *evidence, const struct bb_zone *zone,
                             struct bb_places *places, struct bb_budget *budget, struct bb_reader **reader_ret,
                             struct bb_error *err) BB_WARN_UNUSED;
void bb_reader_free(struct bb_reader *reader);
/* Before the first block: completes names, ids and types from what other files of the operator said (known_names.h). */
struct bb_known_names;
void bb_reader_use_names(struct bb_reader *reader, const struct bb_known_names *names);

/* Before the first block: completes locations from lists of them (reference.h), which outlive the reader. NULL: none. */
struct bb_reference;
void bb_reader_use_reference(struct bb_reader *reader, const struct bb_reference *reference);

struct bb_worker;
struct bb_worker *
bb_worker_new(struct bb_budget *budget); /* NULL: no memory. For all readers of one job, one thread */
/* What it may hold to join components that lie far apart (8 MiB unless this says less); the rest of what it needs is small. Between files. */
void bb_worker_limit(struct bb_worker *worker, size_t nbytes);
void bb_worker_free(struct bb_worker *worker);

struct bb_reject {       /* one row that cannot be read; the pipeline adds path and member */
    uint64_t line, byte; /* line from 1, byte offset of the record in the content from 0 */
    const char *column;  /* header of the column, "" for the whole record */
    const char *reason;  /* short fixed word for counting: "bad_number", "no_such_local_time" … */
    const char *detail;  /* sentence */
    struct bb_str text;  /* the record, at most 4096 bytes of it */
};
typedef void (*bb_on_reject)(void *ctx, const struct bb_reject *reject);

struct bb_block {
    char *text; /* whole records, ends with '\n' (the pipeline adds one at the end of a file); at least 64
                               readable bytes before text (text[-1] and so on) and behind text + n */
    size_t n;
    uint64_t first_line, first_byte;
    uint32_t slice;         /* goes into the rows */
    int is_first, is_last;  /* block of the file; the first holds preamble and header */
    bb_on_reject on_reject; /* called in order of lines within the block */
    void *reject_ctx;
    /* Told of a location type or product that the format has no entry for (the place became NODE or OTHER): at least once per worker, not per
     * row. NULL: nobody wants to know. */
    void (*on_unknown)(void *ctx, const char *column, struct bb_str word);
    void *unknown_ctx;
    /* BB_FORMAT_FLOOR: the slice for rows of the run that was made run_s seconds into its interval, so that the later run takes
     * precedence wherever its rows stand. NULL: all rows go to slice. */
    enum bb_status (*slice_of_run)(void *ctx, uint32_t run_s, uint32_t *slice_ret, struct bb_error *err);
    void *run_ctx;
};

struct bb_block_counts {
    uint64_t records, rows; /* data records read; rows put into the batch (partial rows count) */
    uint64_t rejects;
    uint64_t unknown_words;        /* location types or products that are not in the map: NODE / OTHER */
    uint64_t other_datasets;       /* records that belong to another dataset of the same file: not an error */
    uint32_t min_utc_s, max_utc_s; /* of the rows; min > max if none */
};

/* Parses a block into out (flushed when full). BB_SKIP: the file as a whole is in doubt, err says why (truncated: trailer count). */
enum bb_status bb_reader_block(struct bb_reader *reader, struct bb_worker *worker, const struct bb_block *block,
                               struct bb_row_batch *out, struct bb_block_counts *counts_ret,
                               struct bb_error *err) BB_WARN_UNUSED;

/* Every report that busbar reads, for `busbar formats`, docs and tests. */
struct bb_format_info {
    int id_is_identity;                       /* settlement_location_id, not the name, tells locations apart */
    const char *report, *data_source, *title; /* "pjm.da_hrl_lmps", "PJM da_hrl_lmps", "Day-Ahead Hourly LMPs" */
    enum bb_iso iso;
    const char *datasets;   /* "da_energy_hourly" */
    const char *file_names; /* usual spelling, "YYYYMMDD_da_expost_lmp.csv" */
    const char *layouts;    /* variants in words */
    const char *time_rule;  /* in words */
    const char *refusal;    /* known and refused: the sentence why; NULL: it is read */
    int is_reference;       /* a list of locations */
};
size_t bb_format_count(void); /* reports, not layouts */
struct bb_format_info bb_format_info_at(size_t i);
struct bb_format_info
bb_format_info_named(struct bb_str report); /* report NULL in it: there is none of that name */

#endif
