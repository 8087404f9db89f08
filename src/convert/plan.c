#include "convert/plan.h"

#include "convert/feed.h"
#include "convert/known.h"
#include "convert/references.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD_NBYTES     ((size_t)64 << 10)
#define HEAD_MAX_NBYTES ((size_t)64 << 20)
#define GLANCE_NBYTES   ((size_t)BB_LEAF_HEAD_NBYTES) /* what is no text shows within these */
#define GLANCE_LINES                                                                                               \
    (BB_SNIFF_LINES + 2) /* with the header among the lines that are sniffed, a record behind it as well */

/* ---- the head of a leaf ---- */

struct head {
    const struct bb_leaf *leaf;
    struct bb_budget *budget;
    struct bb_stream *stream; /* behind what was read; NULL: not opened yet, or at its end */
    char *memory;             /* PAD + text + PAD */
    size_t n, cap;
};

/* Goes on where it stopped. */
static enum bb_status read_head(struct head *h, size_t cap, struct bb_evidence *evidence, struct bb_error *err)
{
    enum bb_status status = BB_OK;
    char *memory = bb_realloc(h->budget, h->memory, cap + 2 * BB_FEED_PAD);
    if (!memory) return bb_fail_budget(err, h->budget, "the start of a file");
    h->memory = memory;
    h->cap = cap;
    evidence->head = (struct bb_str){ memory + BB_FEED_PAD, h->n };
    if (!h->stream) {
        h->n = 0;
        BB_TRY(bb_stream_open_to_look(h->leaf, h->budget, &h->stream, err));
    }
    while (status == BB_OK && h->n < cap) {
        size_t got = 0;
        status = bb_stream_read(h->stream, memory + BB_FEED_PAD + h->n, cap - h->n, &got, err);
        h->n += got;
    }
    /* What fails sooner than the first look did leaves the text that this one had. */
    if (status == BB_OK || status == BB_EOF || h->n > evidence->head.n) evidence->head.n = h->n;
    evidence->head_is_all = status == BB_EOF;
    return status == BB_EOF ? BB_OK : status;
}

static enum bb_status take_head(struct head *h, struct bb_str known, struct bb_evidence *evidence,
                                struct bb_error *err)
{
    h->memory = bb_alloc(h->budget, known.n + 2 * BB_FEED_PAD);
    if (!h->memory) return bb_fail_budget(err, h->budget, "the start of a file");
    memcpy(h->memory + BB_FEED_PAD, known.p, known.n);
    h->cap = h->n = known.n;
    evidence->head = (struct bb_str){ h->memory + BB_FEED_PAD, h->n };
    return BB_OK;
}

static void reset_head(struct head *h)
{
    bb_stream_close(h->stream);
    bb_free(h->memory);
}

static enum bb_status more_head(void *ctx, struct bb_evidence *evidence, struct bb_error *err)
{
    struct head *h = ctx;
    size_t cap = BB_MIN(BB_MAX(h->cap * 4, HEAD_NBYTES), HEAD_MAX_NBYTES);
    if (evidence->head_is_all || cap == h->cap || cap > bb_budget_left(h->budget) / 4) return BB_EOF;
    return read_head(h, cap, evidence, err);
}

/* Non-zero when a longer head would not have told more: a format was found, and what it may look at without asking for more is there. */
static int glance_suffices(const struct bb_evidence *evidence, enum bb_status status)
{
    const char *p = evidence->head.p, *end = p + evidence->head.n, *newline;
    unsigned lines = 0;
    if (evidence->head_is_all) return 1;
    if (status != BB_OK) return 0;
    for (; lines < GLANCE_LINES && (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1)
        lines += bb_str_trim((struct bb_str){ p, (size_t)(newline - p) }).n > 0;
    return lines == GLANCE_LINES;
}

/* known: the beginning of the content, or nothing; then first_nbytes are read at first. */
static enum bb_status look(const struct bb_leaf *leaf, struct bb_str known, size_t first_nbytes,
                           const char *forced_report, int forced_iso, struct bb_budget *budget,
                           struct bb_detection *detection_ret, struct bb_error *err)
{
    struct head h = { .leaf = leaf, .budget = budget };
    struct bb_evidence evidence = { .path = leaf->path,
                                    .member = leaf->member,
                                    .name = leaf->name,
                                    .more = more_head,
                                    .more_ctx = &h,
                                    .forced_report = forced_report,
                                    .forced_iso = forced_iso };
    enum bb_status status =
        known.n ? take_head(&h, known, &evidence, err) : read_head(&h, first_nbytes, &evidence, err);
    detection_ret->iso = -1;
    if (status == BB_OK) status = bb_detect(&evidence, detection_ret, err);
    if (h.cap < HEAD_NBYTES && !glance_suffices(&evidence, status)) {
        detection_ret->iso = -1;
        status = read_head(&h, HEAD_NBYTES, &evidence, err);
        if (status == BB_OK) status = bb_detect(&evidence, detection_ret, err);
    }
    reset_head(&h);
    return status;
}

enum bb_status bb_plan_detect(const struct bb_leaf *leaf, const char *forced_report, int forced_iso,
                              struct bb_budget *budget, struct bb_detection *detection_ret, struct bb_error *err)
{
    return look(leaf, BB_STR(""), HEAD_NBYTES, forced_report, forced_iso, budget, detection_ret, err);
}

/* ---- detection of all leaves ---- */

struct detecting {
    struct bb_run *run;
    struct bb_plan *plan;
    pthread_mutex_t mutex;
    _Atomic int failed;    /* looked at without the lock */
    struct bb_error error; /* the first one that stops the run */
};

static int only_iso(unsigned mask)
{
    if (mask == 0 || (mask & (mask - 1)) != 0) return -1;
    return __builtin_ctz(mask);
}

static int wanted(const struct busbar_convert_options *o, const struct bb_dataset *d)
{
    unsigned market = d->market == BB_DA || d->market == BB_DA_EXANTE ? 1 : 2;
    if (o->iso_mask && !(o->iso_mask >> d->iso & 1)) return 0;
    if (o->market_mask && !(o->market_mask & market)) return 0;
    return !o->kind_mask || (o->kind_mask & (d->kind == BB_ENERGY ? 1u : 2u));
}

/* Also where no dataset is wanted: settle counts those. Under the mutex. */
static enum bb_status keep(struct detecting *d, const struct bb_leaf *leaf, const struct bb_detection *found,
                           struct bb_error *err)
{
    struct bb_plan *plan = d->plan;
    struct bb_plan_source s = { .leaf = leaf,
                                .report = found->report,
                                .data_source = found->data_source,
                                .order = (uint8_t)found->order,
                                .identity_is_id = (uint8_t)found->identity_is_id,
                                .sequential = (uint8_t)found->sequential,
                                .derive_energy = (uint8_t)found->derive_energy,
                                .n_datasets_of_file = (uint8_t)found->n_datasets,
                                .first_utc_s = found->first_utc_s,
                                .publication_utc_s =
                                    found->publication_utc_s ? found->publication_utc_s : leaf->member_time_s };
    for (int i = 0; i < found->n_datasets; i++)
        if (wanted(d->run->options, &found->datasets[i])) s.datasets[s.n_datasets++] = found->datasets[i];
    if (!bb_grow(&d->run->budget, (void **)&plan->sources, &plan->cap_sources, plan->n_sources + 1,
                 sizeof *plan->sources))
        return bb_fail_budget(err, &d->run->budget, "the list of input files");
    plan->sources[plan->n_sources++] = s;
    return BB_OK;
}

static void settle(struct bb_run *run, struct bb_plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_sources; i++) {
        const struct bb_plan_source *s = &plan->sources[i];
        if (s->leaf->gone) continue;
        run->total_nbytes += s->leaf->stored_size;
        if (s->n_datasets == 0)
            run->files_left_out++;
        else
            plan->sources[n++] = *s;
    }
    plan->n_sources = n;
}

static enum bb_status keep_reference(struct detecting *d, const struct bb_leaf *leaf, const char *report,
                                     struct bb_error *err)
{
    struct bb_plan *plan = d->plan;
    if (!bb_grow(&d->run->budget, (void **)&plan->references, &plan->cap_references, plan->n_references + 1,
                 sizeof *plan->references))
        return bb_fail_budget(err, &d->run->budget, "the list of input files");
    plan->references[plan->n_references++] = (struct bb_plan_reference){ leaf, report };
    return BB_OK;
}

static enum bb_status look_at(struct detecting *d, const struct bb_leaf *leaf, struct bb_str head,
                              struct bb_detection *found, struct bb_error *err)
{
    const struct busbar_convert_options *o = d->run->options;
    return look(leaf, head, GLANCE_NBYTES, o->report, only_iso(o->iso_mask), &d->run->budget, found, err);
}

/* While the list is made. What is no price file, for whatever reason, is looked at again when the list is known: by detect_one. */
static void detect_early(void *ctx, struct bb_leaf *leaf, struct bb_str head)
{
    struct detecting *d = ctx;
    struct bb_detection *found;
    struct bb_error ignored;
    if (bb_run_stopped(d->run)) return;
    found = bb_alloc(&d->run->budget, sizeof *found);
    if (found && look_at(d, leaf, head, found, &ignored) == BB_OK && !found->is_reference) {
        pthread_mutex_lock(&d->mutex);
        leaf->looked_at = keep(d, leaf, found, &ignored) == BB_OK;
        pthread_mutex_unlock(&d->mutex);
    }
    bb_free(found);
    bb_run_progress(d->run, "looking");
}

static enum bb_status detect_one(struct detecting *d, const struct bb_leaf *leaf, struct bb_error *err)
{
    struct bb_run *run = d->run;
    struct bb_detection *found = bb_calloc(&run->budget, sizeof *found);
    enum bb_status status;
    if (!found) return bb_fail_budget(err, &run->budget, "the detection of a file");
    status = look_at(d, leaf, BB_STR(""), found, err);
    pthread_mutex_lock(&d->mutex);
    if (status == BB_OK && found->is_reference) {
        status = keep_reference(d, leaf, found->report, err);
    } else if (status == BB_OK) {
        status = keep(d, leaf, found, err);
    } else if (status == BB_REJECT) {
        bb_run_note_empty(run, leaf, err->text);
        status = BB_OK;
    } else if (status == BB_SKIP || status == BB_IO) {
        status = bb_run_refuse_file(run, found->iso, leaf->path, leaf->member, err->text, err);
    }
    pthread_mutex_unlock(&d->mutex);
    bb_free(found);
    return status;
}

static void detect_task(void *ctx, size_t task, unsigned worker)
{
    struct detecting *d = ctx;
    const struct bb_leaf *leaf = bb_leaf_at(d->plan->leaves, task);
    struct bb_error err;
    (void)worker;
    if (leaf->looked_at || d->failed || bb_run_stopped(d->run)) return;
    if (detect_one(d, leaf, &err) != BB_OK) {
        pthread_mutex_lock(&d->mutex);
        if (!d->failed) d->error = err;
        d->failed = 1;
        pthread_mutex_unlock(&d->mutex);
    }
    bb_run_progress(d->run, "looking");
}

/* Lists of locations are read before any price. The order of files does not matter: the entry with the latest effective date counts. */
static enum bb_status read_references(struct bb_run *run, struct bb_plan *plan, struct bb_error *err)
{
    if (plan->n_references == 0) return BB_OK;
    run->reference = bb_reference_new(&run->budget);
    if (!run->reference) return bb_fail_budget(err, &run->budget, "lists of locations");
    for (size_t i = 0; i < plan->n_references; i++) {
        const struct bb_plan_reference *r = &plan->references[i];
        uint64_t n_taken;
        char text[256];
        enum bb_status status = bb_references_read(run, r->leaf, run->reference, &n_taken, err);
        if (status == BB_SKIP) {
            BB_TRY(bb_run_refuse_file(run, (int)bb_format_info_named(bb_str_of(r->report)).iso, r->leaf->path,
                                      r->leaf->member, err->text, err));
            continue;
        }
        if (status != BB_OK) return status;
        snprintf(text, sizeof text,
                 "%s: a list of locations, no prices; zone, voltage or type of %llu entries fill in what price "
                 "files leave out",
                 r->report, (unsigned long long)n_taken);
        bb_run_note_empty(run, r->leaf, text);
    }
    return BB_OK;
}

/* ---- ranks: which source is later ---- */

static int same_posting(const struct bb_plan_source *a, const struct bb_plan_source *b)
{
    return a->publication_utc_s == b->publication_utc_s && bb_str_eq(a->leaf->name, b->leaf->name);
}

static int by_posting(const void *a_, const void *b_)
{
    const struct bb_plan_source *a = a_, *b = b_;
    int c;
    if (a->publication_utc_s != b->publication_utc_s) return a->publication_utc_s < b->publication_utc_s ? -1 : 1;
    c = bb_str_cmp(a->leaf->name, b->leaf->name);
    if (c == 0) c = b->replaced - a->replaced;
    if (c == 0) c = strcmp(a->hash, b->hash);
    if (c == 0) c = bb_str_cmp(a->leaf->path, b->leaf->path); /* equal content: any order gives equal rows */
    if (c == 0) c = bb_str_cmp(a->leaf->member, b->leaf->member);
    return c;
}

/* Only files that nothing else tells apart are read for their content. */
static enum bb_status rank_sources(struct bb_run *run, struct bb_plan *plan, struct bb_error *err)
{
    int any_read = 0;
    if (plan->n_sources == 0) return BB_OK;
    qsort(plan->sources, plan->n_sources, sizeof *plan->sources, by_posting);
    for (size_t i = 0; i < plan->n_sources; i++) {
        struct bb_plan_source *s = plan->sources;
        int twin = (i > 0 && same_posting(&s[i - 1], &s[i])) ||
                   (i + 1 < plan->n_sources && same_posting(&s[i], &s[i + 1]));
        if (twin && !s[i].hash[0] && !s[i].old) {
            BB_TRY(bb_known_hash(run, s[i].leaf, s[i].hash, err));
            any_read = 1;
        }
        if (bb_run_stopped(run)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
    }
    if (any_read) qsort(plan->sources, plan->n_sources, sizeof *plan->sources, by_posting);
    for (size_t i = 0; i < plan->n_sources; i++) plan->sources[i].rank = (uint32_t)i;
    return BB_OK;
}

/* ---- jobs ---- */

static int by_dataset(const void *a, const void *b) { return bb_dataset_cmp(a, b); }

static int by_first_instant(const void *a_, const void *b_, void *ctx)
{
    const struct bb_plan_source *sources = ctx, *a = &sources[*(const uint32_t *)a_],
                                *b = &sources[*(const uint32_t *)b_];
    if (a->first_utc_s != b->first_utc_s) return a->first_utc_s < b->first_utc_s ? -1 : 1;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static enum bb_status list_datasets(struct bb_run *run, const struct bb_plan *plan,
                                    struct bb_dataset **datasets_ret, size_t *n_ret, struct bb_error *err)
{
    size_t n = 0, cap = 0, distinct = 0;
    struct bb_dataset *all = NULL;
    for (size_t i = 0; i < plan->n_sources; i++)
        for (int k = 0; k < plan->sources[i].n_datasets; k++) {
            const struct bb_dataset *d = &plan->sources[i].datasets[k];
            if (n > 0 && bb_dataset_cmp(&all[n - 1], d) == 0) continue;
            if (!bb_grow(&run->budget, (void **)&all, &cap, n + 1, sizeof *all)) {
                bb_free(all);
                return bb_fail_budget(err, &run->budget, "the list of datasets");
            }
            all[n++] = *d;
        }
    if (n) qsort(all, n, sizeof *all, by_dataset);
    for (size_t i = 0; i < n; i++)
        if (distinct == 0 || bb_dataset_cmp(&all[distinct - 1], &all[i]) != 0) all[distinct++] = all[i];
    *datasets_ret = all;
    *n_ret = distinct;
    return BB_OK;
}

static int has_dataset(const struct bb_plan_source *s, const struct bb_dataset *d)
{
    for (int k = 0; k < s->n_datasets; k++)
        if (bb_dataset_cmp(&s->datasets[k], d) == 0) return 1;
    return 0;
}

static enum bb_status make_job(struct bb_run *run, struct bb_plan *plan, const struct bb_dataset *dataset,
                               struct bb_error *err)
{
    struct bb_job *job = &plan->jobs[plan->n_jobs];
    size_t cap = 0, n_new = 0;
    *job = (struct bb_job){ .dataset = *dataset };
    for (size_t i = 0; i < plan->n_sources; i++)
        n_new += !plan->sources[i].old && has_dataset(&plan->sources[i], dataset);
    if (n_new == 0) return BB_OK;
    plan->n_jobs++;
    for (size_t i = 0; i < plan->n_sources; i++) {
        if (!has_dataset(&plan->sources[i], dataset)) continue;
        if (!bb_grow(&run->budget, (void **)&job->sources, &cap, job->n_sources + 1, sizeof *job->sources))
            return bb_fail_budget(err, &run->budget, "the list of jobs");
        job->sources[job->n_sources++] = (uint32_t)i;
    }
    qsort_r(job->sources, job->n_sources, sizeof *job->sources, by_first_instant, plan->sources);
    return BB_OK;
}

/* Datasets, what the lake holds of them, ranks, jobs. */
static enum bb_status order_work(struct bb_run *run, struct bb_plan *plan, struct bb_seen *seen,
                                 struct bb_error *err)
{
    struct bb_dataset *datasets = NULL;
    size_t n = 0;
    enum bb_status status = list_datasets(run, plan, &datasets, &n, err);
    if (status == BB_OK && run->lake && !run->options->rebuild)
        status = bb_known_apply(run, plan, datasets, n, seen, err);
    if (status == BB_OK) status = rank_sources(run, plan, err);
    if (status == BB_OK && n > 0) {
        plan->jobs = bb_calloc(&run->budget, n * sizeof *plan->jobs);
        if (!plan->jobs) status = bb_fail_budget(err, &run->budget, "the list of jobs");
    }
    for (size_t i = 0; i < n && status == BB_OK; i++) status = make_job(run, plan, &datasets[i], err);
    bb_free(datasets);
    for (size_t i = 0; i < plan->n_sources; i++)
        run->files_total += !plan->sources[i].old && plan->sources[i].n_datasets > 0;
    return status;
}

static enum bb_status list_and_detect(struct bb_run *run, struct detecting *d, struct bb_error *err)
{
    const struct bb_apart lake = { run->options->lake, bb_lake_is_own };
    const struct bb_listing listing = {
        .apart = run->options->lake ? &lake : NULL, .pool = run->pool, .look = detect_early, .ctx = d
    };
    struct bb_plan *plan = d->plan;
    BB_TRY(bb_leaf_list_with(run->options->inputs, run->options->n_inputs, &listing, run->temp_dir, &run->budget,
                             &plan->leaves, err));
    for (size_t i = 0; i < bb_leaf_problem_count(plan->leaves); i++) {
        const struct bb_leaf_problem *p = bb_leaf_problem_at(plan->leaves, i);
        BB_TRY(bb_run_refuse_file(run, -1, p->path, p->member, p->error.text, err));
    }
    bb_pool_run(run->pool, detect_task, d, bb_leaf_count(plan->leaves));
    if (d->error.status == BB_OK) return BB_OK;
    if (err) *err = d->error;
    return d->error.status;
}

enum bb_status bb_plan_make(struct bb_run *run, struct bb_plan *plan, struct bb_seen *seen, struct bb_error *err)
{
    struct detecting d = { .run = run, .plan = plan };
    enum bb_status status;
    *plan = (struct bb_plan){ 0 };
    pthread_mutex_init(&d.mutex, NULL);
    status = list_and_detect(run, &d, err);
    pthread_mutex_destroy(&d.mutex);
    if (status != BB_OK) {
        if (!plan->leaves) plan->n_sources = 0; /* their leaves went with the list */
        return status;
    }
    if (bb_run_stopped(run)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
    settle(run, plan);
    BB_TRY(read_references(run, plan, err));
    return order_work(run, plan, seen, err);
}

void bb_plan_reset(struct bb_plan *plan)
{
    for (size_t j = 0; j < plan->n_jobs; j++) bb_free(plan->jobs[j].sources);
    bb_free(plan->jobs);
    bb_free(plan->references);
    bb_free(plan->sources);
    while (plan->old_texts) {
        struct bb_old_text *next = plan->old_texts->next;
        bb_free(plan->old_texts);
        plan->old_texts = next;
    }
    bb_leaf_list_free(plan->leaves);
    *plan = (struct bb_plan){ 0 };
}
