/* WIDE reports in which many records hold one and the same price: MISO prints a zone's reserve price beside each resource of the
 * zone. They become one row per place and hour; a price on which two records disagree becomes none. */
#ifndef BB_MAP_AGREE_H
#define BB_MAP_AGREE_H

#include "base/mem.h"
#include "base/status.h"

struct bb_pass;
struct bb_agree_entry;

/* What has been said so far about each place. Belongs to the reader; blocks are read one after the other. */
struct bb_agree {
    struct bb_agree_entry *entries;
    uint32_t *places; /* of the entries */
    size_t n, cap, places_cap;
    size_t last; /* entry of the record before */
};

/* One piece of a block. No row is made; a cell that contradicts an earlier record is a reject ("contradiction", once per place and
 * hour) and the hour is lost for the place. BB_SKIP: more places than any report has (4096). */
enum bb_status bb_map_agree(struct bb_pass *pass);
/* Behind the last block: the rows. */
enum bb_status bb_agree_emit(struct bb_pass *pass);
void bb_agree_reset(struct bb_agree *agree);

#endif
