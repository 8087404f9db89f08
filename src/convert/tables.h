/* The tables of one job: for each half and year a sort and, once rows come out, a file of the lake. Rows find their
 * table by router.h, their sources by row_origins.h, their way out by table_merge.h. */
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
    uint64_t rows_waiting; /* of the decoded ones, since the last drain of them */
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

/* The table of half and year; opened, with what the lake holds of it, when it is wanted for the first time. It stays where it is until reset.
 * From any thread. */
enum bb_status bb_tables_find(struct bb_tables *t, enum bb_half half, int year, struct bb_table **table_ret,
                              struct bb_error *err) BB_WARN_UNUSED;
/* Where its file of the lake lies, or will. */
void bb_table_path(const struct bb_table *table, char path[BB_PATH_MAX]);
/* Counts a rejected row; from any thread. */
void bb_tables_count_reject(struct bb_tables *t, const char *reason);

size_t bb_tables_held_nbytes(struct bb_tables *t); /* from any thread */
size_t bb_tables_left_nbytes(struct bb_tables *t); /* of it, what no drain took so far */
int bb_tables_late(struct bb_tables *t);
/* What was sent so far is for the next drain or spill. */
enum bb_status bb_tables_seal(struct bb_tables *t, struct bb_error *err) BB_WARN_UNUSED;
/* Emits all instants before the bound into the files. Rows may be sent meanwhile. */
enum bb_status bb_tables_drain(struct bb_tables *t, uint32_t before_utc_s, struct bb_error *err) BB_WARN_UNUSED;
/* Rows go to temporary files, the oldest of each table first, until about keep_nbytes are left in memory. */
enum bb_status bb_tables_spill(struct bb_tables *t, size_t keep_nbytes, struct bb_error *err) BB_WARN_UNUSED;
/* Drains the rest and finishes every file (not yet published); counts are final after this. */
enum bb_status bb_tables_finish(struct bb_tables *t, struct bb_error *err) BB_WARN_UNUSED;

#endif
