/* Many files get their names as one: when all of them are complete under their hidden names, LAKE/.busbar.publishing says which they are. From
 * then on the run cannot be undone by a crash: whoever opens the lake for writing next finishes the renames first. Before that, nothing
 * has happened. So a killed run leaves the old lake, or one that the next run completes without reading any input. */
#ifndef BB_INTENT_H
#define BB_INTENT_H

#include "lake/lake.h"

struct bb_intent {
    const char *root;
    struct bb_buf lines; /* "hidden path TAB final path", below root */
};
void bb_intent_init(struct bb_intent *intent, const char *root, struct bb_budget *budget);
void bb_intent_reset(struct bb_intent *intent);
/* pub lies below root and is synced. */
enum bb_status bb_intent_add(struct bb_intent *intent, const struct bb_publication *pub,
                             struct bb_error *err) BB_WARN_UNUSED;
/* Says it, on disk. Without files there is nothing to say. */
enum bb_status bb_intent_declare(struct bb_intent *intent, struct bb_error *err) BB_WARN_UNUSED;
/* All is done. A run that gives up in the middle does not call it: the next one then takes care of what got its name. */
void bb_intent_withdraw(const struct bb_intent *intent);
/* 1: a run is giving its files their names, or was killed while it did: names below root may be of two states. */
int bb_intent_is_declared(const char *root);

/* Finishes the renames that a killed run declared. Called with the lake's lock held, before hidden files are removed. *unfinished_ret 1: there was
 * such a run, and what it would have done after its renames (metadata) is still to be done; this is said again until bb_intent_withdraw. */
enum bb_status bb_intent_resume(const char *root, struct bb_budget *budget, int *unfinished_ret,
                                struct bb_error *err) BB_WARN_UNUSED;

#endif
