#include "convert/time_span.h"

#include "convert/feed.h"
#include "io/leaf_container.h"
#include "io/leaf_modified.h"

#include <stdio.h>

#define PART_NBYTES ((size_t)1 << 20)
#define BATCH_ROWS  1024

struct look {
    const struct bb_leaf *leaf;
    const struct bb_detection *found;
    struct bb_budget *budget;
    struct bb_zone *zone;
    struct bb_places *places;
    struct bb_worker *worker;
    struct bb_row_batch batch;
    struct bb_reader *readers[BB_MAX_DATASETS]; /* of each dataset of the file */
    struct bb_feed *feed;
    struct bb_feed_buffer buffer;
    uint32_t min_utc_s, max_utc_s;
    uint64_t n_rejects;
};

static enum bb_status forget_rows(struct bb_row_batch *batch, struct bb_error *err)
{
    (void)err;
    batch->n = 0;
    return BB_OK;
}

static enum bb_status begin(struct look *l, struct bb_error *err)
{
    BB_TRY(bb_zone_open(bb_iso_infos[l->found->datasets[0].iso].zone_name, NULL, l->budget, &l->zone, err));
    l->places = bb_places_new(l->budget);
    l->worker = bb_worker_new(l->budget);
    l->batch.rows = bb_alloc(l->budget, BATCH_ROWS * sizeof *l->batch.rows);
    l->batch.cap = BATCH_ROWS;
    l->batch.flush = forget_rows;
    if (!l->places || !l->worker || !l->batch.rows) return bb_fail_budget(err, l->budget, "a look into a file");
    BB_TRY(bb_feed_buffer_init(&l->buffer, PART_NBYTES, l->budget, err));
    return bb_feed_open(l->leaf, PART_NBYTES, l->budget, &l->feed, err);
}

static void end(struct look *l)
{
    for (int i = 0; i < BB_MAX_DATASETS; i++) bb_reader_free(l->readers[i]);
    bb_feed_close(l->feed);
    bb_feed_buffer_reset(&l->buffer);
    bb_free(l->batch.rows);
    bb_worker_free(l->worker);
    bb_places_free(l->places);
    bb_zone_close(l->zone);
}

static enum bb_status make_readers(struct look *l, const struct bb_block *first, struct bb_error *err)
{
    const struct bb_evidence evidence = { .path = l->leaf->path,
                                          .member = l->leaf->member,
                                          .name = l->leaf->name,
                                          .head = { first->text, first->n },
                                          .head_is_all = first->is_last,
                                          .modified_utc_s = bb_leaf_modified_utc_s(l->leaf) };
    if (l->found->binding.data_at > first->n) return bb_fail(err, BB_SKIP, "its header is longer than a MiB");
    for (int i = 0; i < l->found->n_datasets; i++)
        BB_TRY(bb_reader_new(l->found, &l->found->datasets[i], &evidence, l->zone, l->places, l->budget,
                             &l->readers[i], err));
    return BB_OK;
}

static enum bb_status read_block(struct look *l, const struct bb_block *block, struct bb_error *err)
{
    for (int i = 0; i < l->found->n_datasets; i++) {
        struct bb_block_counts counts;
        BB_TRY(bb_reader_block(l->readers[i], l->worker, block, &l->batch, &counts, err));
        l->batch.n = 0;
        l->n_rejects += counts.rejects;
        l->min_utc_s = BB_MIN(l->min_utc_s, counts.min_utc_s);
        if (counts.min_utc_s <= counts.max_utc_s) l->max_utc_s = BB_MAX(l->max_utc_s, counts.max_utc_s);
    }
    return BB_OK;
}

/* The last MiB of a plain file, from its first whole line on. */
static enum bb_status read_tail(struct look *l, uint64_t size, struct bb_error *err)
{
    char *text = l->buffer.memory + BB_FEED_PAD;
    struct bb_stream *stream;
    struct bb_block block = { .is_last = 1, .first_byte = size - PART_NBYTES };
    const char *line;
    size_t n = 0, got = 0;
    enum bb_status status;
    BB_TRY(bb_stream_open(l->leaf, l->budget, &stream, err));
    status = bb_stream_skip(stream, size - PART_NBYTES, err);
    while (status == BB_OK && n < PART_NBYTES) {
        status = bb_stream_read(stream, text + n, PART_NBYTES - n, &got, err);
        n += got;
    }
    bb_stream_close(stream);
    if (status != BB_OK && status != BB_EOF) return status;
    if (n == 0 || !(line = memchr(text, '\n', n))) return BB_OK;
    line++;
    block.first_byte += (uint64_t)(line - text);
    n -= (size_t)(line - text);
    memmove(text, line, n);
    if (n && text[n - 1] != '\n') text[n++] = '\n';
    block.text = text;
    block.n = n;
    return n ? read_block(l, &block, err) : BB_OK;
}

static enum bb_status read_parts(struct look *l, int all, struct bb_error *err)
{
    uint64_t done = 0;
    for (;;) {
        struct bb_block block = { 0 };
        struct bb_reject too_long;
        uint32_t sequence;
        enum bb_status status = bb_feed_next(l->feed, &l->buffer, &block, &sequence, &too_long, err);
        if (status == BB_EOF) return BB_OK;
        if (status == BB_REJECT) continue;
        if (status == BB_OK && block.is_first) status = make_readers(l, &block, err);
        if (status == BB_OK) status = read_block(l, &block, err);
        if (status != BB_OK) return status;
        if (!all && !block.is_last && l->leaf->size > block.n + PART_NBYTES)
            return read_tail(l, l->leaf->size, err);
        done += block.n;
        if (done > BB_TIME_SPAN_MAX_NBYTES)
            return bb_fail(err, BB_SKIP, "it must be read in full and has more than %llu MiB of text",
                           (unsigned long long)(BB_TIME_SPAN_MAX_NBYTES >> 20));
    }
}

enum bb_status bb_time_span_of(const struct bb_leaf *leaf, const struct bb_detection *found,
                               struct bb_budget *budget, struct bb_time_span *span, struct bb_error *err)
{
    struct look l = { .leaf = leaf, .found = found, .budget = budget, .min_utc_s = UINT32_MAX };
    enum bb_wrapping wrappings[BB_MAX_WRAPPINGS];
    int all = found->order == BB_ORDER_NONE || found->sequential || bb_leaf_wrappings(leaf, wrappings) > 0;
    enum bb_status status;
    *span = (struct bb_time_span){ .first_utc_s = found->first_utc_s };
    if (all && leaf->size > BB_TIME_SPAN_MAX_NBYTES) {
        snprintf(span->why, sizeof span->why, "it must be read in full and has more than %llu MiB of text",
                 (unsigned long long)(BB_TIME_SPAN_MAX_NBYTES >> 20));
        return BB_OK;
    }
    status = begin(&l, err);
    if (status == BB_OK) status = read_parts(&l, all, err);
    end(&l);
    if (status == BB_SKIP || status == BB_IO) {
        snprintf(span->why, sizeof span->why, "%s", err->text);
        if (l.min_utc_s < span->first_utc_s) span->first_utc_s = l.min_utc_s;
        return BB_OK;
    }
    if (status == BB_OK && l.max_utc_s == 0 && l.n_rejects > 0)
        snprintf(span->why, sizeof span->why, "its rows cannot be read on their own; convert says why");
    if (status != BB_OK || l.max_utc_s == 0) return status;
    span->first_utc_s = l.min_utc_s;
    span->last_utc_s = l.max_utc_s;
    return BB_OK;
}
