/* What all steps of one busbar_convert share: options, budget, threads, lake, rejects, counters, and the way to the caller's callback. */
#ifndef BB_RUN_H
#define BB_RUN_H

#include "base/pool.h"
#include "busbar.h"
#include "convert/unknown_words.h"
#include "convert/year_file.h"
#include "io/source.h"
#include "lake/rejects.h"
#include "markets/reader.h"

#include <pthread.h>

struct bb_run {
    const struct busbar_convert_options *options;
    struct bb_budget budget;
    struct bb_pool *pool;
    struct bb_pq_compressors *compressors;
    struct bb_reference *reference; /* what lists of locations say; NULL: none was given */
    unsigned names_of;              /* operators (bits) whose names were looked up in the lake */
    struct bb_known_names *names;   /* of operators whose names travel; NULL: none is among the inputs */
    struct bb_lake *lake;           /* NULL in a dry run */
    struct bb_rejects *rejects;
    struct bb_year_file_style style;
    char temp_dir[BB_PATH_MAX];
    size_t block_nbytes; /* text per block: smaller with a small budget */
    struct bb_unknown_words unknown;
    pthread_mutex_t event_mutex;
    struct busbar_convert_result *result;
    _Atomic uint64_t n_rejects, n_records, n_rows, done_nbytes;
    _Atomic uint64_t total_nbytes;
    _Atomic size_t files_done, files_total,
        files_left_out; /* the last: recognised, but not of the chosen operators, markets and kinds */
    int64_t last_progress_ns;
    _Atomic int too_many_rejects;
    int told_waiting; /* that another run holds the lake: said once */
};

/* Non-zero when the caller wants the run to end (a signal) or it must end (too many rejects). */
int bb_run_stopped(const struct bb_run *run);

/* --year. */
int bb_run_wants_year(const struct bb_run *run, int year);

/* Sets too_many_rejects when --max-rejects is passed; a share counts from the first 100,000 records on, or at the end. */
void bb_run_check_limits(struct bb_run *run, int at_end);

/* Progress at most ten times a second; from any thread. */
void bb_run_progress(struct bb_run *run, const char *phase);

/* A rejected row or (line 0) file: written to the lake's rejects, told to the caller, counted. */
enum bb_status bb_run_reject_row(struct bb_run *run, int iso, const struct bb_leaf *leaf,
                                 const struct bb_reject *reject, struct bb_error *err);
enum bb_status bb_run_refuse_file(struct bb_run *run, int iso, struct bb_str path, struct bb_str member,
                                  const char *text, struct bb_error *err);
/* A harmless empty answer or a reference file. */
void bb_run_note_empty(struct bb_run *run, const struct bb_leaf *leaf, const char *text);
void bb_run_warn(struct bb_run *run, const char *text);

#endif
