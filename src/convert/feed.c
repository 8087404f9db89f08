#include "convert/feed.h"

#define FIRST_NBYTES ((size_t)128 << 10) /* all others wait for who reads the first block */

struct bb_feed {
    struct bb_budget *budget;
    struct bb_stream *stream;
    struct bb_hasher *hasher;
    pthread_mutex_t mutex;
    char *carry; /* start of the record that the last block cut */
    size_t n_carry, block_nbytes;
    uint64_t next_line, next_byte, content_nbytes;
    _Atomic uint64_t stored_position, reported_nbytes;
    uint32_t sequence;
    int at_end;    /* the stream has nothing more */
    int finished;  /* BB_EOF was or will be said */
    int skipping;  /* inside a line that is longer than a block */
    int owes_last; /* a block was given, the last one not yet */
};

enum bb_status bb_feed_buffer_init(struct bb_feed_buffer *buffer, size_t block_nbytes, struct bb_budget *budget,
                                   struct bb_error *err)
{
    buffer->block_nbytes = block_nbytes;
    buffer->memory = bb_calloc(budget, block_nbytes + 2 * BB_FEED_PAD + 1);
    return buffer->memory ? BB_OK : bb_fail_budget(err, budget, "a block of text");
}

void bb_feed_buffer_reset(struct bb_feed_buffer *buffer)
{
    bb_free(buffer->memory);
    buffer->memory = NULL;
}

enum bb_status bb_feed_open(const struct bb_leaf *leaf, size_t block_nbytes, struct bb_budget *budget,
                            struct bb_feed **feed_ret, struct bb_error *err)
{
    struct bb_feed *f = bb_calloc(budget, sizeof *f);
    enum bb_status status;
    if (!f) return bb_fail_budget(err, budget, "an open file");
    f->budget = budget;
    f->block_nbytes = block_nbytes;
    f->next_line = 1;
    pthread_mutex_init(&f->mutex, NULL);
    f->hasher = bb_hasher_new(budget);
    status =
        f->hasher ? bb_stream_open(leaf, budget, &f->stream, err) : bb_fail_budget(err, budget, "an open file");
    if (status != BB_OK) {
        bb_feed_close(f);
        return status;
    }
    *feed_ret = f;
    return BB_OK;
}

void bb_feed_close(struct bb_feed *f)
{
    if (!f) return;
    bb_stream_close(f->stream);
    bb_hasher_free(f->hasher);
    bb_free(f->carry);
    pthread_mutex_destroy(&f->mutex);
    bb_free(f);
}

/* Bytes are summed up in a byte as long as it cannot overflow: the compiler then compares and adds whole vectors, six times
 * as fast as with one wide sum. */
static uint64_t count_lines(const char *p, size_t n)
{
    uint64_t lines = 0;
    while (n) {
        size_t part = BB_MIN(n, (size_t)4096);
        uint8_t sums[32] = { 0 };
        size_t i = 0;
        for (; i + 32 <= part; i += 32)
            for (size_t k = 0; k < 32; k++) sums[k] = (uint8_t)(sums[k] + (p[i + k] == '\n'));
        for (; i < part; i++) lines += p[i] == '\n';
        for (size_t k = 0; k < 32; k++) lines += sums[k];
        p += part;
        n -= part;
    }
    return lines;
}

/* Reads behind what text already holds, until it has limit bytes or the stream ends. A damage wins over
 * the text before it: a small file is known to be damaged before any of its rows is used. */
static enum bb_status fill(struct bb_feed *f, char *text, size_t limit, size_t *n, struct bb_error *err)
{
    while (*n < limit && !f->at_end) {
        size_t got = 0;
        enum bb_status status = bb_stream_read(f->stream, text + *n, limit - *n, &got, err);
        if (got > 0) {
            bb_hasher_update(f->hasher, text + *n, got);
            *n += got;
            f->content_nbytes += got;
        }
        if (status == BB_OK) continue;
        f->at_end = 1;
        if (status != BB_EOF) return status;
    }
    f->stored_position = bb_stream_stored_position(f->stream);
    return BB_OK;
}

static enum bb_status keep_carry(struct bb_feed *f, const char *p, size_t n, struct bb_error *err)
{
    if (n > 0 && !f->carry) {
        f->carry = bb_alloc(f->budget, f->block_nbytes);
        if (!f->carry) return bb_fail_budget(err, f->budget, "a block of text");
    }
    if (n > 0) memcpy(f->carry, p, n);
    f->n_carry = n;
    return BB_OK;
}

/* Passes over the rest of a too long line; what follows its newline becomes the carry. */
static enum bb_status skip_line(struct bb_feed *f, char *text, struct bb_error *err)
{
    for (;;) {
        size_t n = 0;
        const char *end;
        f->n_carry = 0;
        BB_TRY(fill(f, text, f->block_nbytes, &n, err));
        if (n == 0) {
            f->skipping = 0;
            return BB_OK;
        }
        end = memchr(text, '\n', n);
        if (!end) {
            f->next_byte += n;
            continue;
        }
        end++;
        f->next_byte += (uint64_t)(end - text);
        f->next_line++;
        f->skipping = 0;
        return keep_carry(f, end, n - (size_t)(end - text), err);
    }
}

static enum bb_status next_locked(struct bb_feed *f, struct bb_feed_buffer *buffer, struct bb_block *block,
                                  uint32_t *sequence_ret, struct bb_reject *too_long, struct bb_error *err)
{
    char *text = buffer->memory + BB_FEED_PAD;
    size_t n, whole;
    if (f->finished) return BB_EOF;
    if (f->skipping) BB_TRY(skip_line(f, text, err));
    n = f->n_carry;
    if (n) memcpy(text, f->carry, n);
    f->n_carry = 0;
    if (f->sequence == 0) BB_TRY(fill(f, text, BB_MIN(FIRST_NBYTES, f->block_nbytes), &n, err));
    if (f->sequence > 0 || !memrchr(text, '\n', n)) BB_TRY(fill(f, text, f->block_nbytes, &n, err));
    if (n == 0) {
        f->finished = 1;
        if (!f->owes_last) return BB_EOF;
    }
    if (f->at_end) {
        f->finished = 1;
        whole = n;
        block->n = n;
        if (n > 0 && text[n - 1] != '\n')
            text[block->n++] = '\n'; /* nothing is left behind a line that was too long */
    } else {
        const char *end = memrchr(text, '\n', n);
        if (!end) { /* a block and no newline: no operator's record is that long */
            too_long->line = f->next_line;
            too_long->byte = f->next_byte;
            too_long->text = (struct bb_str){ text, BB_MIN(n, (size_t)4096) };
            f->next_byte += n;
            f->skipping = 1;
            return BB_REJECT;
        }
        /* A block that ends with the text so far may be the last one and not know it: its last line waits, so that the block
         * that is marked as the last one is never missing. */
        if (end + 1 == text + n && n > 1) {
            const char *before = memrchr(text, '\n', n - 1);
            if (before) end = before;
        }
        whole = (size_t)(end + 1 - text);
        BB_TRY(keep_carry(f, text + whole, n - whole, err));
        block->n = whole;
    }
    block->text = text;
    block->first_line = f->next_line;
    block->first_byte = f->next_byte;
    block->is_first = f->sequence == 0;
    block->is_last = f->at_end;
    f->owes_last = !f->at_end;
    f->next_line += count_lines(text, whole);
    f->next_byte += whole;
    *sequence_ret = f->sequence++;
    return BB_OK;
}

enum bb_status bb_feed_next(struct bb_feed *f, struct bb_feed_buffer *buffer, struct bb_block *block,
                            uint32_t *sequence_ret, struct bb_reject *too_long_ret, struct bb_error *err)
{
    enum bb_status status;
    pthread_mutex_lock(&f->mutex);
    status = next_locked(f, buffer, block, sequence_ret, too_long_ret, err);
    if (status != BB_OK && status != BB_REJECT) f->finished = 1;
    pthread_mutex_unlock(&f->mutex);
    return status;
}

void bb_feed_identity(const struct bb_feed *f, char hash[33], uint64_t *nbytes_ret)
{
    bb_hasher_hex(f->hasher, hash);
    *nbytes_ret = f->content_nbytes;
}

uint64_t bb_feed_progress(struct bb_feed *f)
{
    uint64_t now = f->stored_position, seen = f->reported_nbytes;
    while (now > seen)
        if (atomic_compare_exchange_weak(&f->reported_nbytes, &seen, now)) return now - seen;
    return 0;
}
