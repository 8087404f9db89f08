#include "base/buf.h"

#include <stdio.h>

void bb_buf_init(struct bb_buf *b, struct bb_budget *budget, size_t max_nbytes)
{
    *b = (struct bb_buf){ .max_nbytes = max_nbytes, .budget = budget };
}

void bb_buf_reset(struct bb_buf *b)
{
    bb_free(b->p);
    b->p = NULL;
    b->n = b->cap = 0;
}

int bb_buf_reserve(struct bb_buf *b, size_t more_nbytes)
{
    size_t need = b->n + more_nbytes, cap;
    char *moved;
    if (need <= b->cap) return 1;
    if (need < b->n || need > b->max_nbytes) return 0;
    cap = b->cap + b->cap / 2;
    if (cap < need) cap = need;
    if (cap < 256) cap = 256;
    if (cap > b->max_nbytes) cap = b->max_nbytes;
    moved = bb_realloc(b->budget, b->p, cap);
    if (!moved) return 0;
    b->p = moved;
    b->cap = cap;
    return 1;
}

int bb_buf_puts(struct bb_buf *b, const char *cstring) { return bb_buf_put(b, cstring, strlen(cstring)); }
int bb_buf_putc(struct bb_buf *b, char c) { return bb_buf_put(b, &c, 1); }

int bb_buf_printf(struct bb_buf *b, const char *fmt, ...)
{
    va_list args;
    int n;
    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0 || !bb_buf_reserve(b, (size_t)n + 1)) return 0;
    va_start(args, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, args);
    va_end(args);
    b->n += (size_t)n;
    return 1;
}
