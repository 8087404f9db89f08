#include "io/zip_lister.h"

#include <stdlib.h>

struct bb_leaf_list {
    struct bb_budget *budget;
    struct bb_pool *pool; /* NULL: one thread */
    struct bb_archive_set *archives;
    struct bb_lister *listers; /* one for each thread; what they found is theirs */
    unsigned n_listers;
    struct bb_found_leaf **leaves;
    size_t n_leaves, leaves_cap;
    struct bb_found_problem **problems;
    size_t n_problems, problems_cap;
    /* while the list is made: */
    struct bb_outer_file *files;
    size_t n_files;
    struct bb_chain walked; /* problems met before any file was opened */
    struct task *tasks;     /* pieces of large archives */
    size_t n_tasks, tasks_cap;
    _Atomic size_t failed_at; /* of the tasks that run, the first one known to fail; SIZE_MAX: none */
    pthread_mutex_t failed_lock;
    struct bb_error failure; /* that one's */
};

struct task {
    struct bb_found_pieces *of;
    struct bb_piece *piece;
};

static enum bb_status fail_room(struct bb_leaf_list *list, struct bb_error *err)
{
    return bb_fail_budget(err, list->budget, "the list of input files");
}

/* ---- putting together what the listers found ---- */

static enum bb_status take_leaf(struct bb_leaf_list *list, struct bb_found_leaf *leaf, struct bb_error *err)
{
    if (!bb_grow(list->budget, (void **)&list->leaves, &list->leaves_cap, list->n_leaves + 1, sizeof *list->leaves))
        return fail_room(list, err);
    list->leaves[list->n_leaves++] = leaf;
    return BB_OK;
}

static enum bb_status take_problem(struct bb_leaf_list *list, struct bb_found_problem *problem,
                                   struct bb_error *err)
{
    if (!bb_grow(list->budget, (void **)&list->problems, &list->problems_cap, list->n_problems + 1,
                 sizeof *list->problems))
        return fail_room(list, err);
    problem->serial = list->n_problems;
    list->problems[list->n_problems++] = problem;
    return BB_OK;
}

static enum bb_status take(struct bb_leaf_list *list, const struct bb_chain *chain, struct bb_error *err);

static enum bb_status take_pieces(struct bb_leaf_list *list, const struct bb_found_pieces *of, struct bb_error *err)
{
    size_t before = list->n_leaves + list->n_problems;
    struct bb_chain chain = { NULL, NULL };
    struct bb_error why;
    for (size_t i = 0; i < of->n_pieces; i++) BB_TRY(take(list, &of->pieces[i].found, err));
    if (list->n_leaves + list->n_problems > before) return BB_OK;
    bb_fail(&why, BB_SKIP, "the archive holds no files");
    BB_TRY(bb_lister_problem(&list->listers[0], &chain, of->file->path, of->around.member, &why, err));
    return take(list, &chain, err);
}

static enum bb_status take(struct bb_leaf_list *list, const struct bb_chain *chain, struct bb_error *err)
{
    for (struct bb_found *f = chain->first; f; f = f->next) {
        switch (f->kind) {
        case BB_FOUND_LEAF: BB_TRY(take_leaf(list, (struct bb_found_leaf *)f, err)); break;
        case BB_FOUND_PROBLEM: BB_TRY(take_problem(list, (struct bb_found_problem *)f, err)); break;
        case BB_FOUND_PIECES: BB_TRY(take_pieces(list, (struct bb_found_pieces *)f, err)); break;
        }
    }
    return BB_OK;
}

static int by_path(const void *a, const void *b)
{
    const struct bb_found_problem *p = *(struct bb_found_problem *const *)a,
                                  *q = *(struct bb_found_problem *const *)b;
    int order = bb_str_cmp(p->told.path, q->told.path);
    return order != 0 ? order : p->serial < q->serial ? -1 : p->serial > q->serial;
}

static void abandon(const struct bb_chain *chain)
{
    for (struct bb_found *f = chain->first; f; f = f->next) {
        const struct bb_found_pieces *of = (struct bb_found_pieces *)f;
        if (f->kind == BB_FOUND_LEAF) ((struct bb_found_leaf *)f)->leaf.gone = 1;
        for (size_t i = 0; f->kind == BB_FOUND_PIECES && i < of->n_pieces; i++) abandon(&of->pieces[i].found);
    }
}

/* A file that passed a limit is listed again, all of it by this thread: what was found of it before is left lying. */
static enum bb_status take_all(struct bb_leaf_list *list, struct bb_error *err)
{
    BB_TRY(take(list, &list->walked, err));
    for (size_t i = 0; i < list->n_files; i++) {
        struct bb_outer_file *file = &list->files[i];
        if (file->passed_limit) {
            abandon(&file->found);
            *file = (struct bb_outer_file){ .path = file->path, .mem = file->mem, .mem_n = file->mem_n };
            BB_TRY(bb_lister_file(&list->listers[0], file, err));
        }
        BB_TRY(take(list, &file->found, err));
    }
    if (list->n_problems > 1) qsort(list->problems, list->n_problems, sizeof *list->problems, by_path);
    return BB_OK;
}

/* ---- many files at once, then many pieces ---- */

static void note_failure(struct bb_leaf_list *list, size_t task, const struct bb_error *why)
{
    pthread_mutex_lock(&list->failed_lock);
    if (task < list->failed_at) {
        list->failure = *why;
        list->failed_at = task;
    }
    pthread_mutex_unlock(&list->failed_lock);
}

static void file_task(void *ctx, size_t task, unsigned worker)
{
    struct bb_leaf_list *list = ctx;
    struct bb_error why;
    if (task > list->failed_at) return;
    if (bb_lister_file(&list->listers[worker], &list->files[task], &why) != BB_OK) note_failure(list, task, &why);
}

static void piece_task(void *ctx, size_t task, unsigned worker)
{
    struct bb_leaf_list *list = ctx;
    const struct task *t = &list->tasks[task];
    struct bb_error why;
    if (task > list->failed_at) return;
    if (bb_lister_piece(&list->listers[worker], t->of, t->piece, &why) != BB_OK) note_failure(list, task, &why);
}

static enum bb_status run(struct bb_leaf_list *list, bb_pool_task fn, size_t n_tasks, struct bb_error *err)
{
    list->failed_at = SIZE_MAX;
    if (list->pool && n_tasks > 1) {
        bb_pool_run(list->pool, fn, list, n_tasks);
    } else {
        for (size_t i = 0; i < n_tasks; i++) fn(list, i, 0);
    }
    if (list->failed_at == SIZE_MAX) return BB_OK;
    if (err) *err = list->failure;
    return list->failure.status;
}

static enum bb_status gather_pieces(struct bb_leaf_list *list, struct bb_error *err)
{
    for (size_t i = 0; i < list->n_files; i++) {
        for (struct bb_found *f = list->files[i].found.first; f; f = f->next) {
            struct bb_found_pieces *of = (struct bb_found_pieces *)f;
            if (f->kind != BB_FOUND_PIECES) continue;
            if (!bb_grow(list->budget, (void **)&list->tasks, &list->tasks_cap, list->n_tasks + of->n_pieces,
                         sizeof *list->tasks))
                return fail_room(list, err);
            for (size_t k = 0; k < of->n_pieces; k++)
                list->tasks[list->n_tasks++] = (struct task){ of, &of->pieces[k] };
        }
    }
    return BB_OK;
}

static enum bb_status list_files(struct bb_leaf_list *list, struct bb_error *err)
{
    BB_TRY(run(list, file_task, list->n_files, err));
    BB_TRY(gather_pieces(list, err));
    BB_TRY(run(list, piece_task, list->n_tasks, err));
    return take_all(list, err);
}

static enum bb_status walk_problem(void *ctx, struct bb_str path, const struct bb_error *why, struct bb_error *err)
{
    struct bb_leaf_list *list = ctx;
    struct bb_str kept = bb_text_put(&list->listers[0].arena, path);
    if (!kept.p) return fail_room(list, err);
    return bb_lister_problem(&list->listers[0], &list->walked, kept, BB_STR(""), why, err);
}

static enum bb_status list_alloc(const char *temp_dir, struct bb_pool *pool, struct bb_budget *budget,
                                 struct bb_leaf_list **list_ret, struct bb_error *err)
{
    struct bb_leaf_list *list = bb_calloc(budget, sizeof *list);
    unsigned n = pool ? bb_pool_threads(pool) : 1;
    *list_ret = list;
    if (!list) return bb_fail_budget(err, budget, "the list of input files");
    list->budget = budget;
    list->pool = pool;
    pthread_mutex_init(&list->failed_lock, NULL);
    list->archives = bb_archive_set_new(temp_dir, budget);
    if (list->archives) list->listers = bb_calloc(budget, n * sizeof *list->listers);
    if (!list->listers) return fail_room(list, err);
    for (; list->n_listers < n; list->n_listers++)
        bb_lister_init(&list->listers[list->n_listers], list->archives, budget);
    return BB_OK;
}

static enum bb_status finish(struct bb_leaf_list *list, enum bb_status status, struct bb_leaf_list **list_ret)
{
    *list_ret = NULL;
    if (status != BB_OK) {
        bb_leaf_list_free(list);
        return status;
    }
    for (unsigned i = 0; i < list->n_listers; i++) bb_lister_rest(&list->listers[i]);
    bb_free(list->tasks);
    bb_free(list->files);
    list->tasks = NULL;
    list->files = NULL;
    *list_ret = list;
    return BB_OK;
}

enum bb_status bb_leaf_list_new(const char *const *inputs, size_t n_inputs, const char *temp_dir,
                                struct bb_budget *budget, struct bb_leaf_list **list_ret, struct bb_error *err)
{
    const struct bb_listing plain = { 0 };
    return bb_leaf_list_with(inputs, n_inputs, &plain, temp_dir, budget, list_ret, err);
}

static enum bb_status walk(struct bb_leaf_list *list, const char *const *inputs, size_t n_inputs,
                           const struct bb_apart *apart, struct bb_error *err)
{
    struct bb_walk walk = { .budget = list->budget,
                            .arena = &list->listers[0].arena,
                            .problem = walk_problem,
                            .ctx = list,
                            .apart = apart };
    enum bb_status status = bb_walk(&walk, inputs, n_inputs, err);
    if (status == BB_OK && walk.n > 0) {
        list->files = bb_alloc(list->budget, walk.n * sizeof *list->files);
        if (!list->files) status = fail_room(list, err);
    }
    for (size_t i = 0; i < walk.n && status == BB_OK; i++)
        list->files[list->n_files++] = (struct bb_outer_file){ .path = walk.paths[i], .in_pieces = 1 };
    bb_free(walk.paths);
    return status;
}

enum bb_status bb_leaf_list_with(const char *const *inputs, size_t n_inputs, const struct bb_listing *listing,
                                 const char *temp_dir, struct bb_budget *budget, struct bb_leaf_list **list_ret,
                                 struct bb_error *err)
{
    struct bb_leaf_list *list;
    enum bb_status status = list_alloc(temp_dir, listing->pool, budget, &list, err);
    for (unsigned i = 0; status == BB_OK && i < list->n_listers; i++) {
        list->listers[i].look = listing->look;
        list->listers[i].look_ctx = listing->ctx;
    }
    if (status == BB_OK) status = walk(list, inputs, n_inputs, listing->apart, err);
    if (status == BB_OK) status = list_files(list, err);
    return finish(list, status, list_ret);
}

enum bb_status bb_leaf_list_of_bytes(const char *name, const void *data, size_t n, const char *temp_dir,
                                     struct bb_budget *budget, struct bb_leaf_list **list_ret, struct bb_error *err)
{
    struct bb_leaf_list *list;
    enum bb_status status = list_alloc(temp_dir, NULL, budget, &list, err);
    struct bb_str path = { NULL, 0 };
    if (status == BB_OK) {
        list->files = bb_alloc(budget, sizeof *list->files);
        path = bb_text_put(&list->listers[0].arena, bb_str_of(name));
        if (!list->files || !path.p) status = fail_room(list, err);
    }
    if (status == BB_OK) {
        list->files[list->n_files++] =
            (struct bb_outer_file){ .path = path, .mem = data ? data : "", .mem_n = data ? n : 0 };
        status = list_files(list, err);
    }
    return finish(list, status, list_ret);
}

void bb_leaf_list_free(struct bb_leaf_list *list)
{
    if (!list) return;
    for (unsigned i = 0; i < list->n_listers; i++) bb_lister_reset(&list->listers[i]);
    bb_free(list->listers);
    bb_free(list->leaves);
    bb_free(list->problems);
    bb_free(list->tasks);
    bb_free(list->files);
    bb_archive_set_free(list->archives);
    pthread_mutex_destroy(&list->failed_lock);
    bb_free(list);
}

size_t bb_leaf_count(const struct bb_leaf_list *list) { return list->n_leaves; }
const struct bb_leaf *bb_leaf_at(const struct bb_leaf_list *list, size_t i) { return &list->leaves[i]->leaf; }
size_t bb_leaf_problem_count(const struct bb_leaf_list *list) { return list->n_problems; }
const struct bb_leaf_problem *bb_leaf_problem_at(const struct bb_leaf_list *list, size_t i)
{
    return &list->problems[i]->told;
}
