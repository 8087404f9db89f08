/* busbar_verify: walks a lake or takes single files, and checks each against the contract: the format's own promises (pq_verify.h) and the
 * lake's (verify_rows.h). */
#include "convert/door.h"
#include "convert/lake_file.h"
#include "convert/verify_rows.h"
#include "parquet/pq_verify.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define MAX_PROBLEMS_PER_FILE 100

struct verify {
    struct bb_budget budget;
    struct bb_out out;
    int quiet;
    const char *path; /* of the file at hand */
    uint64_t n_files, n_problems;
};

static void on_problem(void *ctx, const char *where, const char *what)
{
    struct verify *v = ctx;
    v->n_problems++;
    bb_out_printf(&v->out, "%s: %s: %s\n", v->path, where, what);
}

static enum bb_status verify_file(struct verify *v, const char *path, struct bb_error *err)
{
    uint64_t before = v->n_problems;
    size_t n = 0;
    int64_t rows = 0;
    enum bb_status status;
    v->path = path;
    v->n_files++;
    status = bb_pq_verify_file(path, &v->budget, MAX_PROBLEMS_PER_FILE, on_problem, v, &n, err);
    if (status == BB_OK && v->n_problems == before)
        status = bb_verify_rows(path, &v->budget, MAX_PROBLEMS_PER_FILE, on_problem, v, &rows, err);
    if (status == BB_SKIP) {
        on_problem(v, "file", err->text);
        status = BB_OK;
    }
    if (status == BB_OK && v->n_problems == before && !v->quiet)
        bb_out_printf(&v->out, "%s: ok, %lld rows\n", path, (long long)rows);
    return status;
}

static enum bb_status visit(void *ctx, const char *path, struct bb_error *err)
{
    struct verify *v = ctx;
    return v->out.failed ? BB_OK : verify_file(v, path, err);
}

static enum bb_status verify_path(struct verify *v, const char *path, struct bb_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot be read", path);
    return S_ISDIR(st.st_mode) ? bb_folder_walk(path, visit, v, err) : verify_file(v, path, err);
}

enum busbar_result busbar_verify(const char *const *paths, size_t n_paths, uint64_t memory_limit_nbytes, int quiet,
                                 busbar_write write, void *ctx, struct busbar_error *error)
{
    struct verify v = { .quiet = quiet };
    struct bb_error err, out_err;
    enum bb_status status = BB_OK, out_status;
    bb_budget_init(&v.budget, (size_t)memory_limit_nbytes, 0);
    bb_out_init(&v.out, write, ctx, &v.budget);
    for (size_t i = 0; i < n_paths && status == BB_OK; i++) status = verify_path(&v, paths[i], &err);
    if (status == BB_OK && v.n_files == 0)
        status = bb_fail(&err, BB_MISUSE, "no .parquet file found; name a lake or its files");
    out_status = bb_out_end(&v.out, &out_err);
    if (status == BB_OK && out_status != BB_OK) err = out_err, status = out_status;
    if (status != BB_OK) return bb_leave(status, &err, error);
    if (v.n_problems && error)
        snprintf(error->text, sizeof error->text, "%llu problem%s in %llu file%s", (unsigned long long)v.n_problems,
                 v.n_problems == 1 ? "" : "s", (unsigned long long)v.n_files, v.n_files == 1 ? "" : "s");
    return v.n_problems ? BUSBAR_PARTIAL : BUSBAR_OK;
}
