/* What a list of leaves keeps for opening them; for the list and stream.c only. */
#ifndef BB_LEAF_LIST_H
#define BB_LEAF_LIST_H

#include "io/archive_set.h"
#include "io/source.h"

/* One for each leaf, and a lake is made of a hundred thousand: kept small. */
struct bb_source_locator {
    struct bb_archive_set *archives;
    uint64_t offset;             /* of the leaf's packed bytes (leaf->stored_size) in the archive */
    struct bb_archive *archive;  /* NULL: a file of its own */
    struct bb_archive *workbook; /* the leaf is an xlsx workbook, and this its zip; NULL: it is none */
    uint32_t crc;
    uint8_t packings[BB_MAX_PACKINGS];
    uint8_t n_packings;
    uint8_t checked;       /* crc and content_size hold */
    const void *mem;       /* a file of its own that is in memory */
    uint64_t content_size; /* of the outermost packing's content */
};

#endif
