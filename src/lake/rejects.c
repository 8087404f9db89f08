#include "lake/rejects.h"
#include "base/json.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define FLUSH_NBYTES ((size_t)64 << 10)
#define ENTRY_MAX    ((size_t)64 << 10) /* 4096 bytes of text, six-fold when all of it is escaped, and the rest */
#define N_FILES      (BB_N_ISO + 1)     /* the last one: unknown operator */

struct bb_rejects {
    struct bb_budget *budget;
    pthread_mutex_t mutex;
    const char *root;
    char run[64];
    struct {
        struct bb_publication pub;
        struct bb_buf buf;
        int open;
    } files[N_FILES];
};

enum bb_status bb_rejects_new(const char *root, const char *run, struct bb_budget *budget,
                              struct bb_rejects **rejects_ret, struct bb_error *err)
{
    struct bb_rejects *r = bb_calloc(budget, sizeof *r);
    if (!r) return bb_fail_budget(err, budget, "the list of rejects");
    r->budget = budget;
    r->root = root;
    snprintf(r->run, sizeof r->run, "%s", run);
    pthread_mutex_init(&r->mutex, NULL);
    for (int i = 0; i < N_FILES; i++) bb_buf_init(&r->files[i].buf, budget, FLUSH_NBYTES + ENTRY_MAX);
    *rejects_ret = r;
    return BB_OK;
}

static enum bb_status flush(struct bb_rejects *r, int i, struct bb_error *err)
{
    struct bb_buf *b = &r->files[i].buf;
    for (size_t done = 0; done < b->n;) {
        ssize_t n = write(r->files[i].pub.fd, b->p + done, b->n - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return bb_fail_errno(err, BB_IO, n < 0 ? errno : ENOSPC, "%s: cannot write", r->files[i].pub.temp_path);
        done += (size_t)n;
    }
    b->n = 0;
    return BB_OK;
}

static enum bb_status open_file(struct bb_rejects *r, int i, struct bb_error *err)
{
    char path[BB_PATH_MAX];
    snprintf(path, sizeof path, "%s/rejects/%s/%s.jsonl", r->root,
             i < BB_N_ISO ? bb_iso_infos[i].folder : "unknown", r->run);
    BB_TRY(bb_publish_begin(path, &r->files[i].pub, err));
    r->files[i].open = 1;
    return BB_OK;
}

static enum bb_status add_locked(struct bb_rejects *r, int i, const struct bb_reject_entry *e, struct bb_error *err)
{
    struct bb_buf *b = &r->files[i].buf;
    struct bb_json j;
    if (!r->root) return BB_OK;
    if (!r->files[i].open) BB_TRY(open_file(r, i, err));
    if (b->n > FLUSH_NBYTES) BB_TRY(flush(r, i, err));
    bb_json_init(&j, b, 0);
    bb_json_open(&j, '{');
    bb_json_put_str(&j, "path", e->path);
    if (e->member.n) bb_json_put_str(&j, "member", e->member);
    if (e->line) {
        bb_json_put_int(&j, "line", (int64_t)e->line);
        bb_json_put_int(&j, "byte", (int64_t)e->byte);
        bb_json_put_str(&j, "column", e->column);
    }
    bb_json_put_str(&j, "reason", e->reason);
    bb_json_put_str(&j, "detail", e->detail);
    if (e->line) bb_json_put_str(&j, "text", e->text);
    bb_json_close(&j, '}');
    if (!bb_json_ok(&j) || !bb_buf_putc(b, '\n')) return bb_fail_budget(err, r->budget, "the list of rejects");
    return BB_OK;
}

enum bb_status bb_rejects_add(struct bb_rejects *r, int iso, const struct bb_reject_entry *entry,
                              struct bb_error *err)
{
    enum bb_status status;
    pthread_mutex_lock(&r->mutex);
    status = add_locked(r, iso >= 0 && iso < BB_N_ISO ? iso : BB_N_ISO, entry, err);
    pthread_mutex_unlock(&r->mutex);
    return status;
}

enum bb_status bb_rejects_publish(struct bb_rejects *r, struct bb_error *err)
{
    for (int i = 0; i < N_FILES; i++) {
        if (!r->files[i].open) continue;
        BB_TRY(flush(r, i, err));
        BB_TRY(bb_publish_sync(&r->files[i].pub, err));
        BB_TRY(bb_publish_commit(&r->files[i].pub, err));
        r->files[i].open = 0;
    }
    return BB_OK;
}

void bb_rejects_free(struct bb_rejects *r)
{
    if (!r) return;
    for (int i = 0; i < N_FILES; i++) {
        if (r->files[i].open) bb_publish_abort(&r->files[i].pub);
        bb_buf_reset(&r->files[i].buf);
    }
    pthread_mutex_destroy(&r->mutex);
    bb_free(r);
}
