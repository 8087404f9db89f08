/* busbar_convert: options → plan → jobs → files with their names. */
#include "base/clock.h"
#include "convert/door.h"
#include "convert/job.h"
#include "convert/lake_file.h"
#include "convert/names.h"
#include "convert/seen.h"
#include "lake/intent.h"
#include "markets/reference.h"
#include "parquet/pq_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_MEMORY_NBYTES ((uint64_t)256 << 20)
#define MIN_MEMORY_NBYTES                                                                                          \
    ((uint64_t)24 << 20) /* program, libraries, and one block, group and table of the smallest kind */
#define BLOCK_MAX_NBYTES ((size_t)1 << 20)
#define BLOCK_MIN_NBYTES ((size_t)128 << 10)
#define MAX_REPLACED     64

const char *busbar_version(void) { return BUSBAR_VERSION_TEXT; }

void busbar_convert_options_init(struct busbar_convert_options *o)
{
    *o = (struct busbar_convert_options){ .size = sizeof *o, .max_rejects = UINT64_MAX, .max_rejects_percent = -1 };
}

/* What the process holds before it starts: part of the account, because the kernel counts it too. */
static size_t resident_nbytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%lu %lu", &size, &resident) != 2) resident = 0;
        fclose(f);
    }
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static enum bb_status check_options(const struct busbar_convert_options *o, struct bb_error *err)
{
    if (o->size != sizeof *o)
        return bb_fail(err, BB_MISUSE,
                       "busbar_convert_options.size is %zu, expected %zu; use busbar_convert_options_init", o->size,
                       sizeof *o);
    if (o->n_inputs == 0) return bb_fail(err, BB_MISUSE, "no input is given; name files, folders or archives");
    if (!o->lake && !o->dry_run) return bb_fail(err, BB_MISUSE, "no lake is given; name its folder with -o");
    if (o->n_years > BUSBAR_MAX_YEAR_RANGES)
        return bb_fail(err, BB_MISUSE, "%zu year ranges; at most %d", o->n_years, BUSBAR_MAX_YEAR_RANGES);
    if (o->memory_limit_nbytes && o->memory_limit_nbytes < MIN_MEMORY_NBYTES)
        return bb_fail(err, BB_BUDGET,
                       "a memory limit of %llu bytes is too small to work at all; give at least %lluM",
                       (unsigned long long)o->memory_limit_nbytes, (unsigned long long)(MIN_MEMORY_NBYTES >> 20));
    /* Only a run that spills would notice, perhaps an hour later. */
    if (o->temp_dir && access(o->temp_dir, W_OK | X_OK) != 0)
        return bb_fail_errno(err, BB_IO, errno,
                             "%s: cannot be used for temporary files; name a folder that exists and can be written",
                             o->temp_dir);
    return BB_OK;
}

static int codec_of(enum busbar_codec codec)
{
    switch (codec) {
    case BUSBAR_ZSTD: return BB_PQ_ZSTD;
    case BUSBAR_SNAPPY: return BB_PQ_SNAPPY;
    case BUSBAR_LZ4: return BB_PQ_LZ4_RAW;
    case BUSBAR_GZIP: return BB_PQ_GZIP;
    case BUSBAR_UNCOMPRESSED: break;
    }
    return BB_PQ_NONE;
}

static int on_wait(void *ctx, const char *holder)
{
    struct bb_run *run = ctx;
    char text[512];
    if (!run->told_waiting) {
        snprintf(text, sizeof text, "%s is being written by %s; waiting for it", run->options->lake, holder);
        bb_run_warn(run, text);
        run->told_waiting = 1;
    }
    return bb_run_stopped(run);
}

static enum bb_status start(struct bb_run *run, struct bb_error *err)
{
    const struct busbar_convert_options *o = run->options;
    uint64_t limit = o->memory_limit_nbytes ? o->memory_limit_nbytes : DEFAULT_MEMORY_NBYTES;
    char run_name[64];
    int64_t now = (int64_t)time(NULL);
    struct bb_date today = bb_date_of((int32_t)(now / 86400));
    int second = (int)(now % 86400);
    bb_budget_init(&run->budget, (size_t)limit, resident_nbytes());
    bb_budget_keep_blocks(&run->budget);
    run->block_nbytes = BB_MIN(BB_MAX((size_t)(limit / 256), BLOCK_MIN_NBYTES), BLOCK_MAX_NBYTES);
    run->style = (struct bb_year_file_style){ .dense = o->profile == BUSBAR_DENSE,
                                              .unsigned_types = o->profile == BUSBAR_SEED,
                                              .timestamp_ns = o->timestamp_ns || o->profile == BUSBAR_SEED,
                                              .hive = o->hive,
                                              .codec = codec_of(o->codec),
                                              .level = o->level };
    snprintf(run->temp_dir, sizeof run->temp_dir, "%s",
             o->temp_dir              ? o->temp_dir
             : o->lake && !o->dry_run ? o->lake
                                      : ".");
    run->pool = bb_pool_new(&run->budget, o->threads ? o->threads : 1);
    run->compressors = bb_pq_compressors_new(&run->budget);
    if (!run->pool || !run->compressors) return bb_fail_budget(err, &run->budget, "the threads");
    if (!o->dry_run) BB_TRY(bb_lake_open(o->lake, &run->budget, on_wait, run, &run->lake, err));
    snprintf(run_name, sizeof run_name, "%04d%02d%02dT%02d%02d%02dZ-%ld", today.year, today.month, today.day,
             second / 3600, second / 60 % 60, second % 60, (long)getpid());
    return bb_rejects_new(run->lake ? bb_lake_root(run->lake) : NULL, run_name, &run->budget, &run->rejects, err);
}

/* ---- publishing ---- */

static enum bb_status publish_table(struct bb_run *run, const struct bb_tables *tables, struct bb_table *table,
                                    struct bb_error *err)
{
    const struct bb_dataset *dataset = &tables->job->dataset;
    struct busbar_event event = {
        .kind = BUSBAR_EVENT_PUBLISHED, .year = table->year, .rows = table->rows_out, .nbytes = table->nbytes
    };
    char name[64], label[96];
    if (!table->file) return BB_OK;
    BB_TRY(bb_year_file_publish(table->file, err));
    if (table->has_quality) BB_TRY(bb_publish_commit(&table->quality, err));
    run->result->datasets_published++;
    run->result->output_nbytes += table->nbytes;
    bb_dataset_name(dataset, table->half, name);
    snprintf(label, sizeof label, "%s/%s", bb_iso_infos[dataset->iso].folder, name);
    event.dataset = label;
    event.path = bb_year_file_path(table->file);
    if (run->options->on_event) run->options->on_event(run->options->event_ctx, &event);
    return BB_OK;
}

static int something_rejected(const struct bb_run *run)
{
    return run->n_rejects > 0 || run->result->files_refused > 0;
}

static int may_publish(const struct bb_run *run)
{
    return !run->too_many_rejects && !(run->options->strict && something_rejected(run));
}

static enum bb_status declare(struct bb_intent *intent, const struct bb_tables *done, size_t n_done,
                              struct bb_error *err)
{
    for (size_t i = 0; i < n_done; i++) {
        for (size_t k = 0; k < done[i].n; k++) {
            const struct bb_table *table = done[i].list[k];
            if (!table->file) continue;
            BB_TRY(bb_intent_add(intent, bb_year_file_publication(table->file), err));
            if (table->has_quality) BB_TRY(bb_intent_add(intent, &table->quality, err));
        }
    }
    return bb_intent_declare(intent, err);
}

/* A file that loses its name to another is held open meanwhile: giving its space back takes as long as writing the metadata, so both are done at
 * the same time; and with it the memory that the rows had. */
struct ending {
    struct bb_run *run;
    unsigned changed; /* operators, as bits */
    int replaced[MAX_REPLACED];
    size_t n_replaced;
    enum bb_status status;
    struct bb_error error;
};

static void hold_replaced(struct ending *e, const char *path)
{
    int fd = e->n_replaced < MAX_REPLACED ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) e->replaced[e->n_replaced++] = fd;
}

static void ending_task(void *ctx, size_t task, unsigned worker)
{
    struct ending *e = ctx;
    (void)worker;
    if (task == 1) {
        for (size_t i = 0; i < e->n_replaced; i++) close(e->replaced[i]);
        bb_budget_give_kept_back(&e->run->budget);
    } else if (e->changed && e->status == BB_OK) {
        e->status = bb_lake_write_metadata(bb_lake_root(e->run->lake), e->changed, &e->run->budget, &e->error);
    }
}

/* All files as one, and the metadata with them: a run that is killed in the middle is finished by the next. */
static enum bb_status publish(struct bb_run *run, struct bb_tables *done, size_t n_done, struct bb_error *err)
{
    struct bb_intent intent;
    struct ending e = { .run = run };
    enum bb_status status;
    if (!run->lake) return BB_OK;
    e.changed = bb_lake_was_unfinished(run->lake) ? (1u << BB_N_ISO) - 1 : 0;
    bb_intent_init(&intent, bb_lake_root(run->lake), &run->budget);
    status = declare(&intent, done, n_done, err);
    for (size_t i = 0; i < n_done; i++)
        for (size_t k = 0; k < done[i].n && status == BB_OK; k++) {
            const struct bb_table *table = done[i].list[k];
            if (!table->file) continue;
            hold_replaced(&e, bb_year_file_path(table->file));
            status = publish_table(run, &done[i], done[i].list[k], err);
            e.changed |= 1u << done[i].job->dataset.iso;
        }
    e.status = status;
    bb_pool_run(run->pool, ending_task, &e, 2);
    if (status == BB_OK && e.status != BB_OK) {
        status = e.status;
        if (err) *err = e.error;
    }
    if (status == BB_OK)
        bb_intent_withdraw(&intent); /* else the next run at least writes the metadata of what got its name */
    bb_intent_reset(&intent);
    return status;
}

static void count(struct bb_run *run, const struct bb_tables *tables)
{
    for (size_t i = 0; i < tables->n; i++) {
        const struct bb_table *t = tables->list[i];
        run->result->rows += t->rows_out;
        run->result->groups_kept += t->groups_copied;
        run->result->rows_kept += t->rows_copied;
        run->result->kept_nbytes += t->copied_nbytes;
        run->result->duplicates += t->counts.duplicates;
        run->result->revisions += t->counts.revisions;
        run->result->spilled_nbytes += t->counts.spilled_nbytes;
    }
}

/* Nothing gets its name before everything is known to be good: finished files wait under their hidden names, so that a run that is killed,
 * interrupted or given up leaves the lake exactly as it was. */
static enum bb_status run_jobs(struct bb_run *run, struct bb_plan *plan, struct bb_tables *done, size_t *n_done,
                               struct bb_error *err)
{
    for (size_t i = 0; i < plan->n_jobs; i++) {
        struct bb_zone *zone;
        enum bb_status status;
        BB_TRY(bb_zone_open(bb_iso_infos[plan->jobs[i].dataset.iso].zone_name, NULL, &run->budget, &zone, err));
        status = bb_names_prepare(run, plan->jobs[i].dataset.iso, err);
        if (status == BB_OK) status = bb_job_run(run, plan, &plan->jobs[i], zone, &done[*n_done], err);
        bb_zone_close(zone);
        if (status != BB_OK) return status;
        for (size_t k = 0; k < plan->jobs[i].n_sources; k++)
            bb_year_set_join(&plan->sources[plan->jobs[i].sources[k]].row_years, &done[*n_done].years[k]);
        status = bb_names_learn(run, &done[*n_done], err);
        if (status != BB_OK) {
            bb_tables_reset(&done[*n_done]);
            return status;
        }
        count(run, &done[*n_done]);
        bb_tables_keep_files_only(&done[*n_done]);
        ++*n_done;
    }
    bb_run_check_limits(run, 1);
    return may_publish(run) ? publish(run, done, *n_done, err) : BB_OK;
}

/* All of the file was read and understood, and none of its rows was asked for. */
static int is_filtered_out(const struct bb_run *run, const struct bb_plan_source *s)
{
    int has_rows = 0;
    if (s->n_datasets != s->n_datasets_of_file || s->n_rejects > 0) return 0;
    for (int year = BB_FIRST_YEAR; year <= BB_LAST_YEAR; year++) {
        if (!bb_year_set_has(&s->row_years, year)) continue;
        if (bb_run_wants_year(run, year)) return 0;
        has_rows = 1;
    }
    return has_rows;
}

/* The next run knows these inputs by size and time. Only what was published counts. A file that the lake may have rows of from an earlier content
 * stays remembered with that one until rows of the new content get in: they replace the earlier ones. */
static enum bb_status remember(struct bb_run *run, const struct bb_plan *plan, struct bb_seen *seen,
                               struct bb_error *err)
{
    for (size_t i = 0; i < plan->n_sources; i++) {
        const struct bb_plan_source *s = &plan->sources[i];
        int filtered_out = is_filtered_out(run, s);
        char before[33];
        if (s->old || s->excluded || !s->hash[0]) continue;
        if (filtered_out && bb_seen_before(seen, s->leaf, before) && strcmp(before, s->hash) != 0) continue;
        BB_TRY(bb_seen_put(seen, s->leaf, s->hash, filtered_out ? &s->row_years : NULL, err));
    }
    return bb_seen_save(seen, bb_lake_root(run->lake), err);
}

/* A download of a day without data, as some portals give it. */
static void note_no_records(struct bb_run *run, const struct bb_plan_source *source)
{
    char text[128];
    snprintf(text, sizeof text, "%s: a header and no records", source->report);
    bb_run_note_empty(run, source->leaf, text);
}

static enum bb_status convert(struct bb_run *run, struct bb_error *err)
{
    struct bb_plan plan = { 0 };
    struct bb_tables *done = NULL;
    struct bb_seen *seen = NULL;
    size_t n_done = 0;
    enum bb_status status = run->lake ? bb_seen_load(bb_lake_root(run->lake), &run->budget, &seen, err) : BB_OK;
    if (status == BB_OK) status = bb_plan_make(run, &plan, seen, err);
    if (status == BB_OK) {
        done = bb_calloc(&run->budget, (plan.n_jobs + 1) * sizeof *done);
        status =
            done ? run_jobs(run, &plan, done, &n_done, err) : bb_fail_budget(err, &run->budget, "the list of jobs");
    }
    for (size_t i = 0; i < n_done; i++) bb_tables_reset(&done[i]);
    bb_free(done);
    for (size_t i = 0; i < plan.n_sources; i++) {
        const struct bb_plan_source *s = &plan.sources[i];
        if (s->old || s->n_datasets == 0) continue;
        run->result->input_nbytes += s->content_nbytes;
        if (s->excluded) continue;
        if (status == BB_OK && s->n_records == 0)
            note_no_records(run, s);
        else
            run->result->files_read++;
    }
    if (status == BB_OK && seen && may_publish(run) && remember(run, &plan, seen, NULL) != BB_OK)
        bb_run_warn(
            run,
            "cannot note which inputs were read; the next run looks at them again"); /* only a shortcut: the lake is written */
    bb_seen_free(seen);
    bb_plan_reset(&plan);
    if (run->too_many_rejects && (status == BB_OK || status == BB_INTERRUPTED))
        return bb_fail(err, BB_REJECT,
                       "%llu rows were rejected, more than --max-rejects allows; nothing was published, see the "
                       "rejects folder",
                       (unsigned long long)run->n_rejects);
    return status;
}

static void warn(void *run, const char *text) { bb_run_warn(run, text); }

enum busbar_result busbar_convert(const struct busbar_convert_options *options,
                                  struct busbar_convert_result *result, struct busbar_error *error)
{
    struct busbar_convert_result own_result;
    struct bb_run run = { .options = options, .result = result ? result : &own_result };
    struct bb_error err = { .status = BB_OK };
    uint64_t from_ns = bb_clock_ns();
    enum bb_status status, rejects_status = BB_OK;
    *run.result = (struct busbar_convert_result){ .size = sizeof *run.result };
    pthread_mutex_init(&run.event_mutex, NULL);
    bb_unknown_words_init(&run.unknown);
    status = check_options(options, &err);
    if (status == BB_OK) {
        status = start(&run, &err);
        if (status == BB_OK) status = convert(&run, &err);
        if (run.rejects) {
            struct bb_error rejects_err;
            rejects_status = bb_rejects_publish(run.rejects, &rejects_err);
            if (rejects_status != BB_OK && status == BB_OK) err = rejects_err, status = rejects_status;
        }
        bb_rejects_free(run.rejects);
        bb_reference_free(run.reference);
        bb_known_names_free(run.names);
        bb_lake_close(run.lake);
        bb_pool_free(run.pool);
        bb_pq_compressors_free(run.compressors);
        bb_budget_drop_kept(&run.budget);
    }
    bb_unknown_words_tell(&run.unknown, warn, &run);
    bb_unknown_words_reset(&run.unknown);
    pthread_mutex_destroy(&run.event_mutex);
    run.result->seconds = (double)(bb_clock_ns() - from_ns) / 1e9;
    run.result->records = run.n_records;
    run.result->rejects = run.n_rejects;
    run.result->peak_nbytes = run.budget.peak_nbytes;
    if (status != BB_OK) return bb_leave(status, &err, error);
    if (run.result->files_read == 0 && run.result->files_empty == 0 && run.result->files_skipped == 0) {
        if (error && run.files_left_out)
            snprintf(error->text, sizeof error->text,
                     "nothing is left to convert: --iso, --market or --kind leaves out every recognised file (%zu)",
                     (size_t)run.files_left_out);
        else if (error)
            snprintf(error->text, sizeof error->text,
                     "no input was recognised; `busbar detect -v` shows what each file was taken for");
        return BUSBAR_NOTHING;
    }
    if (something_rejected(&run)) {
        if (error && options->strict)
            snprintf(error->text, sizeof error->text,
                     "something was rejected and --strict was given: nothing was published");
        return BUSBAR_PARTIAL;
    }
    return BUSBAR_OK;
}
