/* Before anything is read in full: what is there, what each file is, and which jobs follow. A job is a dataset (both halves, all years)
 * with the sources that have rows for it, in the order in which they are read. */
#ifndef BB_PLAN_H
#define BB_PLAN_H

#include "convert/run.h"
#include "lake/year_set.h"

struct bb_plan_source {
    const struct bb_leaf *leaf;
    const char *report, *data_source;
    struct bb_dataset datasets[BB_MAX_DATASETS];
    struct bb_year_set held
        [BB_MAX_DATASETS]; /* of each: years of which the lake has all its rows; it is read for the sake of others */
    uint8_t n_datasets, order /* enum bb_file_order */, sequential, derive_energy;
    uint8_t n_datasets_of_file; /* those included that options left out or the lake knows */
    uint32_t first_utc_s;       /* first instant seen, 0 unknown */
    int64_t publication_utc_s;  /* stamp of the posting, else time in the archive, else 0 */
    uint32_t rank;              /* later publication, greater base name, greater content hash: higher */
    char hash[33];              /* "" until known */
    uint64_t content_nbytes;
    _Atomic uint64_t n_records, n_rejects; /* met while reading */
    struct bb_year_set row_years;          /* of all rows read, those that --year left out included */
    _Atomic uint8_t used;                  /* rows of it went into the tables in this pass */
    uint8_t old;      /* not an input: a source that files of the lake were made from, leaf holds its name only */
    uint8_t replaced; /* an old source whose file has other content now: earlier than what has its name */
    uint8_t identity_is_id;                   /* its locations are told apart by their ids */
    _Atomic uint8_t joined, preliminary;      /* its rows are component lines; lose against final ones */
    uint8_t excluded;                         /* found damaged while reading: contributes nothing */
    uint8_t reported;                         /* its rejects were told in an earlier pass */
    _Atomic uint8_t told;                     /* in this pass: a reject of it was told */
    _Atomic uint8_t lost;                     /* in this pass: memory ran out over it, and not all of it was read */
    uint64_t n_records_before;                /* n_records when this pass began */
    _Atomic uint64_t n_rows, n_unknown_words; /* met in this pass */
};

/* A source of the lake's ledgers: the leaf's texts and the bytes that hold them. */
struct bb_old_text {
    struct bb_old_text *next;
    struct bb_leaf leaf;
    char text[];
};

struct bb_job {
    struct bb_dataset dataset;
    uint32_t *sources; /* indexes into the plan's sources, by first instant */
    size_t n_sources;
};

struct bb_plan_reference {
    const struct bb_leaf *leaf;
    const char *report;
};

struct bb_plan {
    struct bb_leaf_list *leaves;
    struct bb_old_text *old_texts; /* names of old sources */
    struct bb_plan_source *sources;
    size_t n_sources, cap_sources;
    struct bb_plan_reference *references; /* lists of locations among the inputs */
    size_t n_references, cap_references;
    struct bb_job *jobs;
    size_t n_jobs;
};

/* Lists, detects in parallel, leaves out what the lake holds already, refuses what is unknown, applies --iso, --market and --kind. */
struct bb_seen;
enum bb_status bb_plan_make(struct bb_run *run, struct bb_plan *plan, struct bb_seen *seen,
                            struct bb_error *err) BB_WARN_UNUSED;
void bb_plan_reset(struct bb_plan *plan);

/* Detection of one leaf as bb_plan_make does it, for `busbar detect`. Of a refused one, detection_ret->iso is known all the same. */
enum bb_status bb_plan_detect(const struct bb_leaf *leaf, const char *forced_report, int forced_iso,
                              struct bb_budget *budget, struct bb_detection *detection_ret, struct bb_error *err);

#endif
