/* LAKE/rejects/<iso>/<run>.jsonl: one JSON object per rejected row or file. Grows under a hidden name while the run goes on and gets
 * its name at the end; a run without rejects leaves nothing. One writer per run; any thread may add. */
#ifndef BB_REJECTS_H
#define BB_REJECTS_H

#include "lake/lake.h"

struct bb_rejects;

struct bb_reject_entry {
    struct bb_str path, member;
    uint64_t line, byte; /* line 0: the whole file */
    struct bb_str column, reason, detail, text;
};

/* root NULL: nothing is written (dry runs). run: "20241103T070000Z-123". */
enum bb_status bb_rejects_new(const char *root, const char *run, struct bb_budget *budget,
                              struct bb_rejects **rejects_ret, struct bb_error *err) BB_WARN_UNUSED;
/* iso -1: nothing shows whose file it is (folder "unknown"). */
enum bb_status bb_rejects_add(struct bb_rejects *rejects, int iso, const struct bb_reject_entry *entry,
                              struct bb_error *err) BB_WARN_UNUSED;
/* Gives the files their names. */
enum bb_status bb_rejects_publish(struct bb_rejects *rejects, struct bb_error *err) BB_WARN_UNUSED;
void bb_rejects_free(struct bb_rejects *rejects); /* removes what was not published */

#endif
