/* What busbar saw when it last read an input: LAKE/.busbar.seen remembers path, member, size and modification time with the content's hash, so
 * that an unchanged input is known without being read, and of an input that gave no row the years that all its rows are of: no ledger names it.
 * Only a shortcut: without the file, inputs of a known name are hashed again and inputs without rows read again. */
#ifndef BB_SEEN_H
#define BB_SEEN_H

#include "io/source.h"
#include "lake/year_set.h"

struct bb_seen;
/* A missing or damaged file gives an empty list. */
enum bb_status bb_seen_load(const char *lake_root, struct bb_budget *budget, struct bb_seen **seen_ret,
                            struct bb_error *err) BB_WARN_UNUSED;
void bb_seen_free(struct bb_seen *seen);
/* 1 and the hash when the outer file still has the size and time that it had then. */
int bb_seen_find(struct bb_seen *seen, const struct bb_leaf *leaf, char hash[33]);
/* 1 and the hash that the leaf had when it was last remembered, whatever became of it since. */
int bb_seen_before(struct bb_seen *seen, const struct bb_leaf *leaf, char hash[33]);
/* 1 when the outer file still has the size and time that it had when the leaf was remembered with years. */
int bb_seen_years(struct bb_seen *seen, const struct bb_leaf *leaf, struct bb_year_set *years_ret);
/* Remembers; replaces what was known of the leaf. years: all its rows are of these, none of which was asked for; NULL: it gave rows, or not all
 * is known of it. */
enum bb_status bb_seen_put(struct bb_seen *seen, const struct bb_leaf *leaf, const char *hash,
                           const struct bb_year_set *years, struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_seen_save(struct bb_seen *seen, const char *lake_root, struct bb_error *err) BB_WARN_UNUSED;

#endif
