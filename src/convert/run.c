#include "convert/run.h"

#include "base/clock.h"

#include <stdio.h>

#define PROGRESS_EVERY_NS 100000000

int bb_run_stopped(const struct bb_run *run)
{
    return (run->options->stop && *run->options->stop) || run->too_many_rejects;
}

static void send(struct bb_run *run, const struct busbar_event *event)
{
    if (!run->options->on_event) return;
    pthread_mutex_lock(&run->event_mutex);
    run->options->on_event(run->options->event_ctx, event);
    pthread_mutex_unlock(&run->event_mutex);
}

/* The public events carry C strings; slices are cut to fit, which only concerns what is shown. */
static const char *terminated(struct bb_str s, char *out, size_t n)
{
    size_t k = BB_MIN(s.n, n - 1);
    if (k) memcpy(out, s.p, k);
    out[k] = '\0';
    return out;
}

void bb_run_progress(struct bb_run *run, const char *phase)
{
    int64_t now_ns;
    struct busbar_event event = { .kind = BUSBAR_EVENT_PROGRESS, .phase = phase };
    if (!run->options->on_event) return;
    now_ns = (int64_t)bb_clock_ns();
    pthread_mutex_lock(&run->event_mutex);
    if (now_ns - run->last_progress_ns >= PROGRESS_EVERY_NS) {
        run->last_progress_ns = now_ns;
        event.done_nbytes = run->done_nbytes;
        event.total_nbytes = run->total_nbytes;
        event.rows = run->n_rows;
        event.files_done = run->files_done;
        event.files_total = run->files_total;
        run->options->on_event(run->options->event_ctx, &event);
    }
    pthread_mutex_unlock(&run->event_mutex);
}

int bb_run_wants_year(const struct bb_run *run, int year)
{
    const struct busbar_convert_options *o = run->options;
    for (size_t i = 0; i < o->n_years; i++)
        if (year >= o->year_from[i] && year <= o->year_to[i]) return 1;
    return o->n_years == 0;
}

void bb_run_check_limits(struct bb_run *run, int at_end)
{
    uint64_t rejects = run->n_rejects, records = run->n_records;
    const struct busbar_convert_options *o = run->options;
    if (rejects > o->max_rejects) run->too_many_rejects = 1;
    /* A share means little over the first few records. */
    if (o->max_rejects_percent >= 0 && (at_end || records >= 100000) &&
        (double)rejects * 100 > o->max_rejects_percent * (double)records)
        run->too_many_rejects = 1;
}

enum bb_status bb_run_reject_row(struct bb_run *run, int iso, const struct bb_leaf *leaf,
                                 const struct bb_reject *reject, struct bb_error *err)
{
    struct bb_reject_entry entry = { leaf->path,
                                     leaf->member,
                                     reject->line,
                                     reject->byte,
                                     bb_str_of(reject->column),
                                     bb_str_of(reject->reason),
                                     bb_str_of(reject->detail),
                                     reject->text };
    char path[1024], member[512], record[4100];
    struct busbar_event event = { .kind = BUSBAR_EVENT_ROW_REJECTED,
                                  .line = reject->line,
                                  .byte = reject->byte,
                                  .column = reject->column,
                                  .reason = reject->reason,
                                  .text = reject->detail };
    event.path = terminated(leaf->path, path, sizeof path);
    event.member = terminated(leaf->member, member, sizeof member);
    event.record = terminated(reject->text, record, sizeof record);
    run->n_rejects++;
    bb_run_check_limits(run, 0);
    send(run, &event);
    return bb_rejects_add(run->rejects, iso, &entry, err);
}

enum bb_status bb_run_refuse_file(struct bb_run *run, int iso, struct bb_str path, struct bb_str member,
                                  const char *text, struct bb_error *err)
{
    struct bb_reject_entry entry = {
        .path = path, .member = member, .reason = BB_STR("file"), .detail = bb_str_of(text)
    };
    char path_text[1024], member_text[512];
    struct busbar_event event = { .kind = BUSBAR_EVENT_FILE_REFUSED, .text = text };
    event.path = terminated(path, path_text, sizeof path_text);
    event.member = terminated(member, member_text, sizeof member_text);
    pthread_mutex_lock(&run->event_mutex);
    run->result->files_refused++;
    pthread_mutex_unlock(&run->event_mutex);
    send(run, &event);
    return bb_rejects_add(run->rejects, iso, &entry, err);
}

void bb_run_note_empty(struct bb_run *run, const struct bb_leaf *leaf, const char *text)
{
    char path[1024], member[512];
    struct busbar_event event = { .kind = BUSBAR_EVENT_FILE_EMPTY, .text = text };
    event.path = terminated(leaf->path, path, sizeof path);
    event.member = terminated(leaf->member, member, sizeof member);
    pthread_mutex_lock(&run->event_mutex);
    run->result->files_empty++;
    pthread_mutex_unlock(&run->event_mutex);
    send(run, &event);
}

void bb_run_warn(struct bb_run *run, const char *text)
{
    struct busbar_event event = { .kind = BUSBAR_EVENT_WARNING, .text = text };
    send(run, &event);
}
