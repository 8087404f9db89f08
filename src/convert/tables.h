/* The tables of one job: for each half and year a sort and, once rows come out, a file of the lake. Rows find their table by place (half) and
 * instant (year of the delivery date). */
#ifndef BB_TABLES_H
#define BB_TABLES_H

#include "convert/old_file.h"
#include "convert/plan.h"
#include "lake/ledger.h"
#include "sort/sort.h"

#define BB_MAX_REJECT_REASONS 64
#define BB_MAX_OUTGROWN       128 /* two arrays that double */

struct bb_table_source { /* what one source gave to one table, in this conversion and in earlier ones */
    _Atomic uint64_t rows;
    _Atomic uint32_t first_utc_s, last_utc_s;
    uint32_t n_files; /* old sources: as the ledger says */
    struct bb_year_set years;
    uint8_t held; /* rows, span, files and years are those of the ledger */
};

struct bb_table {
    enum bb_half half;
    int year;
    int64_t end_utc_s; /* of the year */
    struct bb_sort *sort;
    struct bb_old_file *old;         /* the lake's file of this table, while new rows are merged into it */
    struct bb_year_file *file;       /* NULL until the first row comes out, and in a dry run */
    struct bb_table_source *sources; /* one per source of the job */
    struct bb_tables *tables;
    struct bb_publication quality; /* its quality JSON on the way; begun by finish */
    int has_quality;
    uint64_t rows_out, nbytes;
    uint64_t groups_copied, rows_copied, copied_nbytes, rows_decoded; /* of the old file */
    struct bb_sort_counts counts;
};

struct bb_tables {
    struct bb_run *run;
    const struct bb_plan *plan;
    const struct bb_job *job;
    const struct bb_zone *zone;
    struct bb_places *places;
    struct bb_slice *slices;
    size_t n_slices, cap_slices;
    struct bb_join *joins;
    size_t n_joins, cap_joins;
    uint32_t *join_table; /* open addressing: join + 1 */
    size_t join_table_size;
    uint32_t *old_slices; /* per source of the job: its slice for rows of the lake's files, BB_NO_CODE: none yet */
    uint32_t *
        by_name; /* sources of the job by name, member, hash and posting: those whose hash was known from the start */
    size_t n_by_name;
    struct bb_year_set *years,
        *held; /* per source of the job: of all rows that were read, under mutex; what the lake has in full */
    pthread_mutex_t mutex; /* slices and the list of tables */
    pthread_mutex_t
        joins_mutex; /* joins and outgrown; taken while mutex is held: opening a table reads the joins of its file */
    struct bb_table **list;
    size_t n, cap;
    void *outgrown
        [BB_MAX_OUTGROWN]; /* slices and joins as they were: a drain that began with them still reads them */
    unsigned n_outgrown;
    int derive_energy;
    unsigned
        frugal; /* how often the memory was too small before: batches are halved as often, columns encoded one after the other */
    _Atomic int joins_lost; /* memory ran out while naming a row of several sources */
    struct bb_quality_reject
        rejects[BB_MAX_REJECT_REASONS]; /* of this conversion, by reason; reasons are constants */
    size_t n_rejects;
    _Atomic uint64_t n_filtered; /* rows of years that were not asked for */
};

enum bb_status bb_tables_init(struct bb_tables *t, struct bb_run *run, const struct bb_plan *plan,
                              const struct bb_job *job, const struct bb_zone *zone, unsigned frugal,
                              struct bb_error *err) BB_WARN_UNUSED;
void bb_tables_reset(struct bb_tables *t);
/* After finish: gives back everything but the finished files and the counts. */
void bb_tables_keep_files_only(struct bb_tables *t);

/* Registers a block; source is an index into job->sources. */
enum bb_status bb_tables_add_slice(struct bb_tables *t, size_t source, uint32_t sequence, uint32_t *slice_ret,
                                   struct bb_error *err) BB_WARN_UNUSED;

const struct bb_plan_source *bb_tables_source(const struct bb_tables *t, uint32_t source);
/* The source of the job that a ledger names; 0 if none. */
int bb_tables_find_source(const struct bb_tables *t, const struct bb_ledger_source *s, size_t *source_ret);
/* The slice that rows of the lake's files carry when they came from source. */
enum bb_status bb_tables_old_slice(struct bb_tables *t, uint32_t source, uint32_t *slice_ret,
                                   struct bb_error *err) BB_WARN_UNUSED;
/* The origin (with BB_ORIGIN_JOIN) of rows whose values came from these sources. */
enum bb_status bb_tables_join(struct bb_tables *t, const uint32_t sources[BB_N_VALUES], uint32_t *origin_ret,
                              struct bb_error *err) BB_WARN_UNUSED;

/* Counts a rejected row; from any thread. */
void bb_tables_count_reject(struct bb_tables *t, const char *reason);

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

size_t bb_tables_held_nbytes(struct bb_tables *t); /* from any thread */
size_t bb_tables_left_nbytes(struct bb_tables *t); /* of it, what no drain took so far */
int bb_tables_late(struct bb_tables *t);
/* What was sent so far is for the next drain or spill. */
enum bb_status bb_tables_seal(struct bb_tables *t, struct bb_error *err) BB_WARN_UNUSED;
/* Emits all instants before the bound into the files. Rows may be sent meanwhile. */
enum bb_status bb_tables_drain(struct bb_tables *t, uint32_t before_utc_s, struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_tables_spill(struct bb_tables *t, struct bb_error *err) BB_WARN_UNUSED;
/* Drains the rest and finishes every file (not yet published); counts are final after this. */
enum bb_status bb_tables_finish(struct bb_tables *t, struct bb_error *err) BB_WARN_UNUSED;

#endif
