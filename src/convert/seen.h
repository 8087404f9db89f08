/* What busbar saw when it last read an input: LAKE/.busbar.seen remembers path, member, size and modification time with the content's hash, so
 * that an unchanged input is known without being read. Only a shortcut: without the file, inputs of a known name are hashed again. */
#ifndef BB_SEEN_H
#define BB_SEEN_H

#include "io/source.h"

struct bb_seen;
/* A missing or damaged file gives an empty list. */
enum bb_status bb_seen_load(const char *lake_root, struct bb_budget *budget, struct bb_seen **seen_ret,
                            struct bb_error *err) BB_WARN_UNUSED;
void bb_seen_free(struct bb_seen *seen);
/* 1 and the hash when the outer file still has the size and time that it had then. */
int bb_seen_find(struct bb_seen *seen, const struct bb_leaf *leaf, char hash[33]);
/* 1 and the hash that the leaf had when it was last remembered, whatever became of it since. */
int bb_seen_before(struct bb_seen *seen, const struct bb_leaf *leaf, char hash[33]);
/* Remembers; replaces what was known of the leaf. */
enum bb_status bb_seen_put(struct bb_seen *seen, const struct bb_leaf *leaf, const char *hash,
                           struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_seen_save(struct bb_seen *seen, const char *lake_root, struct bb_error *err) BB_WARN_UNUSED;

#endif
