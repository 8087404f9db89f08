#include "convert/lake_file.h"

#include "lake/metadata.h"

#include "base/decimal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 8

/* ---- one file ---- */

/* Reads length bytes at offset, both from the key's "offset:length". */
static enum bb_status read_blob(const char *path, struct bb_str where, uint64_t file_nbytes, struct bb_buf *out,
                                struct bb_error *err)
{
    const char *colon = memchr(where.p, ':', where.n);
    int64_t offset = 0, length = 0;
    int fd;
    if (!colon || bb_integer_parse(where.p, (size_t)(colon - where.p), &offset) != 0 ||
        bb_integer_parse(colon + 1, (size_t)(where.p + where.n - colon - 1), &length) != 0 ||
        (uint64_t)offset > file_nbytes || (uint64_t)length > file_nbytes - (uint64_t)offset)
        return BB_EOF;
    if (!bb_buf_reserve(out, (size_t)length + 1)) return bb_fail_budget(err, out->budget, "the quality of a file");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot be opened", path);
    while (out->n < (size_t)length) {
        ssize_t n = pread(fd, out->p + out->n, (size_t)length - out->n, offset + (off_t)out->n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        out->n += (size_t)n;
    }
    close(fd);
    return out->n == (size_t)length ? BB_OK : bb_fail(err, BB_IO, "%s: cannot be read", path);
}

enum bb_status bb_quality_of_file(const char *path, struct bb_pq_reader *reader, struct bb_budget *budget,
                                  struct bb_quality_state **state_ret, struct bb_error *err)
{
    struct bb_str where = bb_pq_reader_kv(reader, "busbar.quality");
    struct bb_buf bytes;
    enum bb_status status;
    if (!where.p) return BB_EOF;
    bb_buf_init(&bytes, budget, BB_QUALITY_MAX_NBYTES);
    status = read_blob(path, where, bb_pq_reader_file_nbytes(reader), &bytes, err);
    if (status == BB_OK) status = bb_quality_read_state(bb_buf_str(&bytes), budget, state_ret, err);
    bb_buf_reset(&bytes);
    return status == BB_SKIP ? BB_EOF : status;
}

/* The head of a ledger says whose state it must be; anything else is no state of this file. */
static int state_fits(const struct bb_lake_file *f, const struct bb_pq_reader *reader)
{
    struct bb_quality_group totals;
    bb_quality_totals(f->state, &totals);
    return bb_dataset_cmp(&f->state->dataset, &f->ledger.dataset) == 0 && f->state->half == f->ledger.half &&
           f->state->year == f->ledger.year && totals.rows == (uint64_t)bb_pq_reader_rows(reader);
}

struct sources {
    struct bb_lake_file *file;
    struct bb_budget *budget;
};

static char *copy(struct bb_budget *budget, struct bb_str text)
{
    char *p = bb_alloc(budget, text.n + 1);
    if (!p) return NULL;
    memcpy(p, text.p, text.n);
    p[text.n] = '\0';
    return p;
}

static enum bb_status on_source(void *ctx, const struct bb_ledger_source *source, struct bb_error *err)
{
    struct sources *s = ctx;
    struct bb_lake_file *f = s->file;
    f->n_sources++;
    if (!f->first_source) {
        f->first_source = copy(s->budget, source->name);
        if (!f->first_source) return bb_fail_budget(err, s->budget, "a file of the lake");
    }
    bb_free(f->last_source);
    f->last_source = copy(s->budget, source->name);
    return f->last_source ? BB_OK : bb_fail_budget(err, s->budget, "a file of the lake");
}

static enum bb_status compute_state(struct bb_lake_file *f, struct bb_budget *budget, struct bb_error *err)
{
    struct bb_pq_reader *reader;
    enum bb_status status;
    BB_TRY(bb_pq_reader_open(f->path, budget, &reader, err));
    f->state_was_computed = 1;
    status = bb_quality_scan(reader, &f->ledger, budget, &f->state, err);
    bb_pq_reader_close(reader);
    if (status == BB_SKIP) return bb_fail_prefix(err, "%s", f->path);
    return status;
}

static enum bb_status load(struct bb_lake_file *f, struct bb_pq_reader *reader, struct bb_budget *budget,
                           struct bb_error *err)
{
    struct sources sources = { f, budget };
    struct bb_ledger_reading reading = { .on_source = on_source, .ctx = &sources };
    struct bb_str ledger = bb_pq_reader_kv(reader, "busbar.ledger");
    struct stat st;
    enum bb_status status;
    if (!ledger.p) return bb_fail(err, BB_SKIP, "%s: no file of a busbar lake (it carries no ledger)", f->path);
    status = bb_ledger_read(ledger, &reading, budget, &f->ledger, err);
    if (status == BB_SKIP) return bb_fail_prefix(err, "%s", f->path);
    BB_TRY(status);
    if (stat(f->path, &st) == 0) f->changed_utc_s = (int64_t)st.st_mtime;
    f->nbytes = bb_pq_reader_file_nbytes(reader);
    status = bb_quality_of_file(f->path, reader, budget, &f->state, err);
    if (status == BB_OK && !state_fits(f, reader)) {
        bb_quality_state_free(f->state);
        f->state = NULL;
        status = BB_EOF;
    }
    return status == BB_EOF ? compute_state(f, budget, err) : status;
}

enum bb_status bb_lake_file_load(const char *path, struct bb_budget *budget, struct bb_lake_file **file_ret,
                                 struct bb_error *err)
{
    struct bb_lake_file *f = bb_calloc(budget, sizeof *f);
    struct bb_pq_reader *reader = NULL;
    enum bb_status status;
    if (!f) return bb_fail_budget(err, budget, "a file of the lake");
    snprintf(f->path, sizeof f->path, "%s", path);
    status = bb_pq_reader_open_head(path, budget, &reader, err);
    if (status == BB_OK) status = load(f, reader, budget, err);
    bb_pq_reader_close(reader);
    if (status != BB_OK) {
        bb_lake_file_free(f);
        return status;
    }
    *file_ret = f;
    return BB_OK;
}

void bb_lake_file_free(struct bb_lake_file *f)
{
    if (!f) return;
    bb_quality_state_free(f->state);
    bb_free(f->first_source);
    bb_free(f->last_source);
    bb_free(f);
}

/* ---- all of them ---- */

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int is_parquet(const char *name)
{
    size_t n = strlen(name);
    return n > 8 && strcmp(name + n - 8, ".parquet") == 0;
}

static enum bb_status walk(const char *folder, int depth, bb_lake_visit visit, void *ctx, struct bb_error *err)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, by_name);
    enum bb_status status = BB_OK;
    if (n < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? BB_OK
                   : bb_fail_errno(err, BB_IO, errno, "%s: cannot read the folder", folder);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        char path[BB_PATH_MAX];
        struct stat st;
        int fits = (size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path;
        if (status == BB_OK && fits && name[0] != '.' && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode) && depth > 0)
                status = walk(path, depth - 1, visit, ctx, err);
            else if (S_ISREG(st.st_mode) && is_parquet(name))
                status = visit(ctx, path, err);
        }
        (free)(entries[i]); /* scandir's own memory */
    }
    (free)(entries);
    return status;
}

enum bb_status bb_folder_walk(const char *folder, bb_lake_visit visit, void *ctx, struct bb_error *err)
{
    return walk(folder, MAX_DEPTH, visit, ctx, err);
}

enum bb_status bb_lake_walk(const char *root, bb_lake_visit visit, void *ctx, struct bb_error *err)
{
    static const char *const folders[] = { "parquet", "energy", "ancillary" };
    struct stat st;
    if (stat(root, &st) != 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot be read", root);
    if (!S_ISDIR(st.st_mode)) return bb_fail(err, BB_IO, "%s is no folder; name the lake", root);
    for (size_t i = 0; i < BB_ARRAY_LEN(folders); i++) {
        char path[BB_PATH_MAX];
        if ((size_t)snprintf(path, sizeof path, "%s/%s", root, folders[i]) >= sizeof path)
            return bb_fail(err, BB_IO, "%.200s…: path is too long", root);
        BB_TRY(walk(path, MAX_DEPTH, visit, ctx, err));
    }
    return BB_OK;
}

/* ---- metadata ---- */

struct collect {
    struct bb_budget *budget;
    struct bb_metadata *metadata;
};

static enum bb_status collect_file(void *ctx, const char *path, struct bb_error *err)
{
    struct collect *c = ctx;
    struct bb_lake_file *file;
    enum bb_status status = bb_lake_file_load(path, c->budget, &file, err);
    if (status == BB_SKIP) return BB_OK; /* somebody else's file: verify complains about it */
    BB_TRY(status);
    status = bb_metadata_add(c->metadata, file->state, err);
    bb_lake_file_free(file);
    return status;
}

enum bb_status bb_lake_write_metadata(const char *root, unsigned iso_mask, struct bb_budget *budget,
                                      struct bb_error *err)
{
    struct collect c = { .budget = budget };
    enum bb_status status;
    BB_TRY(bb_metadata_new(budget, &c.metadata, err));
    status = bb_lake_walk(root, collect_file, &c, err);
    for (int iso = 0; iso < BB_N_ISO && status == BB_OK; iso++)
        if (iso_mask >> iso & 1) status = bb_metadata_write(c.metadata, root, (enum bb_iso)iso, err);
    if (status == BB_OK) status = bb_metadata_write_market_info(c.metadata, root, err);
    bb_metadata_free(c.metadata);
    return status;
}
