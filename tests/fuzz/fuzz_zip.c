/* Any bytes as a file: listed, every leaf read to its end or its first MB, nothing left behind. */
#include "io/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char block[10007];
    static const uint8_t nothing[1];
    struct bb_budget budget;
    struct bb_leaf_list *list;
    struct bb_error err;
    bb_budget_init(&budget, (size_t)16 << 20, 0);
    if (bb_leaf_list_of_bytes("x.zip", size > 0 ? data : nothing, size, NULL, &budget, &list, &err) == BB_OK) {
        for (size_t i = 0; i < bb_leaf_count(list) && i < 20; i++) {
            struct bb_stream *stream;
            size_t n, total = 0;
            if (bb_stream_open(bb_leaf_at(list, i), &budget, &stream, &err) != BB_OK) continue;
            while (total < 1 << 20 && bb_stream_read(stream, block, sizeof block, &n, &err) == BB_OK) {
                if (n == 0 || n > sizeof block) abort();
                total += n;
            }
            bb_stream_close(stream);
        }
        bb_leaf_list_free(list);
    }
    if (budget.used_nbytes != 0) abort();
    return 0;
}
