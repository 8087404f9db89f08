/* A small zip writer that streams: as CAISO's servers do, local headers have flag bit 3, no check sum and no sizes; the true
 * ones follow the data and stand in the central directory. No zip64: a member and the archive stay below 4 GiB. */
#ifndef BB_GEN_ZIP_H
#define BB_GEN_ZIP_H

#include "base/mem.h"
#include "generate/gen_text.h"

struct bb_gen_zip;

/* Bytes of the archive go to sink. level: 1 fast … 9 small. */
enum bb_status bb_gen_zip_new(struct bb_gen_sink sink, int level, struct bb_budget *budget,
                              struct bb_gen_zip **zip_ret, struct bb_error *err) BB_WARN_UNUSED;
/* Begins a member (ends the one before). day and second: its time stamp. */
enum bb_status bb_gen_zip_member(struct bb_gen_zip *zip, const char *name, struct bb_wall stamp,
                                 struct bb_error *err) BB_WARN_UNUSED;
/* A sink for the bytes of the current member; ctx is the zip. */
enum bb_status bb_gen_zip_write(void *zip, const char *p, size_t n, struct bb_error *err) BB_WARN_UNUSED;
/* Ends the member and writes the central directory. */
enum bb_status bb_gen_zip_finish(struct bb_gen_zip *zip, struct bb_error *err) BB_WARN_UNUSED;
void bb_gen_zip_free(struct bb_gen_zip *zip);

#endif
