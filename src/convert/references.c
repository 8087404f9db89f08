#include "convert/references.h"

#include "convert/feed.h"

static enum bb_status read_blocks(struct bb_run *run, const struct bb_leaf *leaf, struct bb_feed *feed,
                                  struct bb_feed_buffer *buffer, struct bb_reference *reference,
                                  struct bb_detection *found, uint64_t *n_taken, struct bb_error *err)
{
    for (;;) {
        struct bb_block block = { 0 };
        struct bb_reject too_long = { 0 };
        uint32_t sequence;
        enum bb_status status = bb_feed_next(feed, buffer, &block, &sequence, &too_long, err);
        if (status == BB_REJECT) continue; /* a line that long tells of no location */
        if (status != BB_OK) return status;
        if (bb_run_stopped(run)) return bb_fail(err, BB_INTERRUPTED, "interrupted");
        if (block.is_first) {
            struct bb_evidence evidence = { .path = leaf->path,
                                            .member = leaf->member,
                                            .name = leaf->name,
                                            .head = { block.text, block.n },
                                            .head_is_all = block.is_last,
                                            .forced_iso = -1 };
            BB_TRY(bb_detect(&evidence, found, err));
        }
        BB_TRY(bb_reference_read(reference, found, block.text, block.n, block.first_byte, n_taken, err));
    }
}

enum bb_status bb_references_read(struct bb_run *run, const struct bb_leaf *leaf, struct bb_reference *reference,
                                  uint64_t *n_taken_ret, struct bb_error *err)
{
    struct bb_detection *found = bb_calloc(&run->budget, sizeof *found);
    struct bb_feed_buffer buffer = { 0 };
    struct bb_feed *feed = NULL;
    enum bb_status status = found ? bb_feed_open(leaf, run->block_nbytes, &run->budget, &feed, err)
                                  : bb_fail_budget(err, &run->budget, "a list of locations");
    *n_taken_ret = 0;
    if (status == BB_OK) status = bb_feed_buffer_init(&buffer, run->block_nbytes, &run->budget, err);
    if (status == BB_OK) status = read_blocks(run, leaf, feed, &buffer, reference, found, n_taken_ret, err);
    bb_feed_buffer_reset(&buffer);
    bb_feed_close(feed);
    bb_free(found);
    return status == BB_EOF ? BB_OK : status;
}
