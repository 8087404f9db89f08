/* busbar: raw price files of the seven US electricity market operators, made into one clean lake of Parquet files.
 *
 * This is the only public header. Caveats first:
 *   - The library never prints, exits, reads the environment or changes process-wide state; everything it has to say goes
 *     through the callbacks below, which are called from one thread at a time, not always the caller's.
 *   - Structs with a `size` member must have it set to sizeof: they grow at the end in later versions.
 *   - Texts and arrays that a callback receives are valid during the call only.
 *   - Byte-identical files are promised for equal inputs and options within one release, not between releases.
 *   - Prices are doubles in $/MWh (ancillary services $/MW), each the nearest double to the published decimal text.
 *
 * Every function returns an enum busbar_result; on anything but BUSBAR_OK and BUSBAR_PARTIAL, *error (may be NULL) says place,
 * value, expectation and way out in one sentence. */
#ifndef BUSBAR_H
#define BUSBAR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BUSBAR_VERSION_TEXT "0.1.0"
const char *busbar_version(void);

/* The numbers are the exit codes of the command line. */
enum busbar_result {
    BUSBAR_OK = 0, /* everything converted, everything true */
    BUSBAR_PARTIAL =
        1, /* done, but some rows or files were rejected (each was reported); verify: a promise is broken */
    BUSBAR_USAGE = 2,        /* the options contradict each other or name something that does not exist */
    BUSBAR_NOTHING = 3,      /* no input was recognised */
    BUSBAR_IO = 4,           /* disk full, unreadable, locked by another run */
    BUSBAR_BUDGET = 5,       /* the memory limit is too small to work at all */
    BUSBAR_FAULT = 70,       /* busbar's own fault */
    BUSBAR_INTERRUPTED = 128 /* *stop became non-zero */
};

struct busbar_error {
    char text[1024];
};

/* Receives a piece of output text (UTF-8). Non-zero return stops the call with BUSBAR_IO. */
typedef int (*busbar_write)(void *ctx, const char *text, size_t nbytes);

/* ---- operators, markets, reports ---- */
enum busbar_iso {
    BUSBAR_PJM,
    BUSBAR_CAISO,
    BUSBAR_NYISO,
    BUSBAR_ERCOT,
    BUSBAR_MISO,
    BUSBAR_ISONE,
    BUSBAR_SPP,
    BUSBAR_N_ISO
};
const char *busbar_iso_name(enum busbar_iso iso); /* "ISONE" */
int busbar_iso_parse(const char *name, size_t n); /* any case, "iso-ne" too; -1 if unknown */

struct busbar_report_info {
    const char *id;         /* "pjm.da_hrl_lmps": for --report and generate */
    const char *iso;        /* "PJM" */
    const char *title;      /* the operator's own title */
    const char *datasets;   /* "da_energy_hourly" */
    const char *file_names; /* how its files are usually called */
    const char *layouts;    /* variants that are read, in words */
    const char *time_rule;  /* how its labels become instants, in words */
    const char *refusal;    /* why it is known and not read, as a clause ("it holds loads …"); NULL: it is read */
    int is_reference;       /* not prices but a list of locations: fills zone, type and voltage */
};
size_t busbar_report_count(void);
struct busbar_report_info busbar_report_at(size_t i);

/* ---- convert ---- */
enum busbar_profile { BUSBAR_LAKE, BUSBAR_SEED, BUSBAR_DENSE };
enum busbar_codec { BUSBAR_ZSTD, BUSBAR_SNAPPY, BUSBAR_LZ4, BUSBAR_GZIP, BUSBAR_UNCOMPRESSED };

enum busbar_event_kind {
    BUSBAR_EVENT_PROGRESS,     /* done_nbytes of total_nbytes on disk; rows so far; phase says what is going on */
    BUSBAR_EVENT_FILE_REFUSED, /* path, member, text: why; counts as rejected file */
    BUSBAR_EVENT_FILE_EMPTY, /* path, member, text: a harmless empty answer, a reference file: a warning, no failure */
    BUSBAR_EVENT_ROW_REJECTED, /* path, member, line, byte, column, reason, text: the sentence, record: the raw text */
    BUSBAR_EVENT_WARNING,      /* text */
    BUSBAR_EVENT_PUBLISHED /* path of the new lake file; dataset ("pjm/da_energy_hourly_nodal"), year, rows, nbytes */
};

struct busbar_event {
    enum busbar_event_kind kind;
    const char *path, *member, *text, *column, *reason, *record, *dataset,
        *phase; /* NULL where it does not apply */
    uint64_t line, byte;
    uint64_t done_nbytes, total_nbytes, rows, nbytes;
    size_t files_done, files_total;
    int year;
};

#define BUSBAR_MAX_YEAR_RANGES 16
struct busbar_convert_options {
    size_t size;               /* sizeof(struct busbar_convert_options) */
    const char *const *inputs; /* files, folders (walked), archives */
    size_t n_inputs;
    const char *lake;     /* folder; made if missing */
    unsigned iso_mask;    /* bit per enum busbar_iso; 0: all */
    const char *report;   /* force this report id where the file itself cannot tell; NULL: detect */
    unsigned market_mask; /* 1: day-ahead and its kin, 2: real-time and its kin; 0: both */
    unsigned kind_mask;   /* 1: energy, 2: ancillary; 0: both */
    int year_from[BUSBAR_MAX_YEAR_RANGES], year_to[BUSBAR_MAX_YEAR_RANGES]; /* of delivery_date, inclusive */
    size_t n_years;                                                         /* ranges; 0: all years */
    uint64_t memory_limit_nbytes;                                           /* 0: 256 MiB */
    unsigned threads; /* 0: as many as the machine offers (the caller asks; the library uses 1) */
    enum busbar_profile profile;
    enum busbar_codec codec;
    int level;        /* 0: the codec's default here */
    int timestamp_ns; /* 0: microseconds */
    int hive;         /* 0: plain layout */
    uint64_t
        max_rejects; /* rows; UINT64_MAX: no limit; more stops the run with BUSBAR_PARTIAL and nothing published */
    double max_rejects_percent; /* of records; < 0: no limit */
    int strict;                 /* publish nothing if anything was rejected */
    int dry_run;                /* read and count everything, publish nothing */
    int rebuild;                /* ignore what the lake already holds for the years met, write them anew */
    const char *temp_dir;       /* for spilled runs; NULL: inside the lake */
    void (*on_event)(void *ctx, const struct busbar_event *event); /* may be NULL */
    void *event_ctx;
    const volatile int *stop; /* looked at often; may be set by a signal handler; may be NULL */
};
void busbar_convert_options_init(struct busbar_convert_options *options); /* the defaults */

struct busbar_convert_result {
    size_t size;
    uint64_t files_read, files_skipped /* in the ledger already */, files_refused, files_empty;
    uint64_t records, rows, duplicates, revisions, rejects, unknown_words;
    uint64_t input_nbytes, output_nbytes, spilled_nbytes, peak_nbytes /* of the memory account */;
    uint64_t datasets_published;
    double seconds;
    uint64_t groups_kept,
        rows_kept; /* row groups of the lake that no new row reached, carried over byte for byte; and their rows, which `rows` counts */
    uint64_t kept_nbytes; /* of those row groups; the rest of output_nbytes was written anew */
};
enum busbar_result busbar_convert(const struct busbar_convert_options *options,
                                  struct busbar_convert_result *result, struct busbar_error *error);

/* ---- looking ---- */
/* One line of text per leaf, or with json one JSON object per line: report, dataset, container, first and last interval and layout, or why
 * not. verbose adds all bids. */
enum busbar_result busbar_detect(const char *const *inputs, size_t n_inputs, const char *report, int iso /* -1 */,
                                 int verbose, int json, busbar_write write, void *ctx, struct busbar_error *error);

/* Checks every promise of the contract on a lake or on single files; one line per problem and one per file; BUSBAR_PARTIAL if a promise is broken. */
enum busbar_result busbar_verify(const char *const *paths, size_t n_paths, uint64_t memory_limit_nbytes, int quiet,
                                 busbar_write write, void *ctx, struct busbar_error *error);

enum busbar_show_form { BUSBAR_TABLE, BUSBAR_CSV, BUSBAR_JSON_LINES };
struct busbar_show_options {
    size_t size;
    const char *path;
    int64_t max_rows;           /* -1: all */
    const char *const *columns; /* NULL: all */
    size_t n_columns;
    const char *location;    /* --where location=NAME: settlement_location equals; NULL: all */
    const char *location_id; /* --where location_id=ID: settlement_location_id equals; NULL: all */
    const char *from,
        *to; /* datetime_utc bounds "2024-03-10" or "2024-03-10T05:00:00Z", from inclusive, to exclusive; NULL: open */
    enum busbar_show_form form;
    int describe; /* schema, row groups, encodings, ledger instead of rows */
};
/* stats_text (may be NULL, 256 bytes) receives "read 1.2 MB of 52.7 MB, 3 of 365 row groups". */
enum busbar_result busbar_show(const struct busbar_show_options *options, char *stats_text, busbar_write write,
                               void *ctx, struct busbar_error *error);

enum busbar_schema_form { BUSBAR_SCHEMA_TEXT, BUSBAR_SCHEMA_JSON, BUSBAR_SCHEMA_DDL };
/* kind "energy" or "ancillary"; engine for DDL: duckdb, spark, athena, snowflake, bigquery. */
enum busbar_result busbar_schema(const char *kind, enum busbar_schema_form form, const char *engine,
                                 busbar_write write, void *ctx, struct busbar_error *error);

/* What a lake holds, a line per dataset and year, or with json one JSON document. Reads footers and the small quality states, not the rows. */
enum busbar_result busbar_status(const char *lake, int json, busbar_write write, void *ctx,
                                 struct busbar_error *error);

/* One self-contained HTML page about a lake: completeness by day, gaps, location counts, prices by hub, outliers, sources. */
enum busbar_result busbar_report(const char *lake, busbar_write write, void *ctx, struct busbar_error *error);

/* ---- synthetic raw files ---- */
struct busbar_generate_options {
    size_t size;
    const char *report; /* an id of busbar_generator_at */
    const char *out_dir;
    int nodes;             /* 0: the report's usual number */
    const char *first_day; /* "2024-03-01" */
    int days;
    uint64_t seed;
    int zip; /* packed as the operator packs it */
    int zip_of_zips;
    const char *files_per;                  /* "day" (default), "month", "all" */
    double duplicates, revisions, bad_rows; /* shares of rows, 0 … 1 */
    int truncate_last, shuffle;
};
void busbar_generate_options_init(struct busbar_generate_options *options);
size_t busbar_generator_count(void);
const char *busbar_generator_at(size_t i, const char **description);
enum busbar_result busbar_generate(const struct busbar_generate_options *options, uint64_t *rows, uint64_t *nbytes,
                                   struct busbar_error *error);

#ifdef __cplusplus
}
#endif
#endif
