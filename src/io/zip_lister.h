/* What is in a zip archive, for a lister (leaf_lister.h). */
#ifndef BB_ZIP_LISTER_H
#define BB_ZIP_LISTER_H

#include "io/leaf_lister.h"

/* Lists the zip that thing is, or makes a leaf of it where it is a document or a workbook. range: its packed bytes. guessed: NULL, or it is not
 * known yet whether this is a zip; becomes 0, and nothing was told, when it is none or anything is wrong. */
enum bb_status bb_lister_zip(struct bb_lister *lister, const struct bb_thing *thing,
                             const struct bb_byte_range *range, int *guessed, struct bb_error *err) BB_WARN_UNUSED;
/* Lists a piece of a large archive into piece->found; by any lister, once all files were listed. */
enum bb_status bb_lister_piece(struct bb_lister *lister, struct bb_found_pieces *of, struct bb_piece *piece,
                               struct bb_error *err) BB_WARN_UNUSED;

#endif
