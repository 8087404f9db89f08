/* The lake as folders and files: where a dataset lives, who may write, and how a file comes into being.
 *
 *   plain  LAKE/parquet/<iso>/<dataset>/<dataset>_<year>.parquet
 *   hive   LAKE/energy/iso=<iso>/dataset=<dataset>/year=<year>/<dataset>_<year>.parquet  (or ancillary/)
 *
 * A file is written beside its final name under a hidden name (.<name>.tmp-<pid>), synced, checked, then renamed; then the folder is
 * synced. Readers see the old file or the new one. A killed run leaves at most hidden temporary files; the next run that opens the
 * lake for writing removes them. */
#ifndef BB_LAKE_H
#define BB_LAKE_H

#include "base/buf.h"
#include "table/dataset.h"

#define BB_PATH_MAX 4096

struct bb_lake;

/* Called while another run holds the lock, again and again; holder says who. Returns non-zero to give up waiting: BB_INTERRUPTED. */
typedef int (*bb_lake_wait)(void *ctx, const char *holder);

/* Makes the folder if needed, takes the lock, finishes what a killed run had declared (intent.h), removes what killed runs left.
 * BB_IO: cannot be made, read or locked. */
enum bb_status bb_lake_open(const char *root, struct bb_budget *budget, bb_lake_wait wait, void *wait_ctx,
                            struct bb_lake **lake_ret, struct bb_error *err) BB_WARN_UNUSED;
void bb_lake_close(struct bb_lake *lake); /* gives the lock back */
const char *bb_lake_root(const struct bb_lake *lake);
/* 1 when a killed run had published files whose metadata may not be written yet. */
int bb_lake_was_unfinished(const struct bb_lake *lake);

/* Final path of a year file; out holds BB_PATH_MAX bytes. */
void bb_lake_path(const char *root, int hive, const struct bb_dataset *dataset, enum bb_half half, int year,
                  char *out);

/* 1: a file at this path below a lake's root is one that busbar itself writes there, and no input. */
int bb_lake_is_own(struct bb_str below);

/* ---- one file on its way ---- */
struct bb_publication {
    int fd; /* open for reading and writing, at offset 0; closed by commit and abort */
    char final_path[BB_PATH_MAX];
    char temp_path[BB_PATH_MAX];
};
/* Makes the folders and the hidden file. final_path may name any file of the lake. */
enum bb_status bb_publish_begin(const char *final_path, struct bb_publication *pub,
                                struct bb_error *err) BB_WARN_UNUSED;
/* Appends to the hidden file. */
enum bb_status bb_publish_write(struct bb_publication *pub, struct bb_str text,
                                struct bb_error *err) BB_WARN_UNUSED;
/* Flushes the file to the disk; it keeps its hidden name. The caller checks it by reading temp_path. */
enum bb_status bb_publish_sync(struct bb_publication *pub, struct bb_error *err) BB_WARN_UNUSED;
/* Renames and syncs the folder. On failure the old file is still there. */
enum bb_status bb_publish_commit(struct bb_publication *pub, struct bb_error *err) BB_WARN_UNUSED;
void bb_publish_abort(
    struct bb_publication *pub); /* removes the hidden file; fine when begin failed or commit was done */

/* A small text file in one go, the same way. */
enum bb_status bb_publish_text(const char *final_path, struct bb_str text, struct bb_error *err) BB_WARN_UNUSED;

/* mkdir -p for the folder of path. */
enum bb_status bb_make_folder_of(const char *path, struct bb_error *err) BB_WARN_UNUSED;

#endif
