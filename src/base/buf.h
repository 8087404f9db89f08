/* A growing byte buffer with a mandatory ceiling, charged to a budget. */
#ifndef BB_BUF_H
#define BB_BUF_H

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

struct bb_buf {
    char *p; /* NULL while empty */
    size_t n;
    size_t cap;
    size_t max_nbytes; /* growing beyond is refused */
    struct bb_budget *budget;
};

void bb_buf_init(struct bb_buf *b, struct bb_budget *budget, size_t max_nbytes);
void bb_buf_reset(struct bb_buf *b); /* frees; the buffer may be used again */

/* Each returns false when the ceiling or the budget is reached; the buffer is then unchanged. */
int bb_buf_reserve(struct bb_buf *b, size_t more_nbytes) BB_WARN_UNUSED; /* room behind b->p + b->n */
static inline int bb_buf_put(struct bb_buf *b, const void *p, size_t n) BB_WARN_UNUSED;
int bb_buf_puts(struct bb_buf *b, const char *cstring) BB_WARN_UNUSED;
int bb_buf_putc(struct bb_buf *b, char c) BB_WARN_UNUSED;
int bb_buf_printf(struct bb_buf *b, const char *fmt, ...) BB_WARN_UNUSED BB_PRINTF(2, 3);
static inline int bb_buf_put(struct bb_buf *b, const void *p, size_t n)
{
    if (n == 0) return 1;
    if (b->cap - b->n < n && !bb_buf_reserve(b, n)) return 0;
    memcpy(b->p + b->n, p, n);
    b->n += n;
    return 1;
}

static inline struct bb_str bb_buf_str(const struct bb_buf *b) { return (struct bb_str){ b->p ? b->p : "", b->n }; }

#endif
