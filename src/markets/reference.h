/* Lists of locations given beside price files (PJM pnode, CAISO ATL_PNODE_MAP, ERCOT settlement points): what price files leave out,
 * zone, voltage and kind of a location, is filled in from them. They never override what a price file says, and never decide
 * which half of a dataset a location belongs to.
 *
 * Filled before prices are read; then any number of threads may look things up. */
#ifndef BB_REFERENCE_H
#define BB_REFERENCE_H

#include "markets/reader.h"

struct bb_reference;
struct bb_reference *bb_reference_new(struct bb_budget *budget); /* NULL: no memory */
void bb_reference_free(struct bb_reference *reference);

/* Takes the records of one list: detection->is_reference is set, text holds whole lines, first_byte is its offset in the content;
 * a content may come in pieces. Of several entries for one location the one with the latest effective date counts, whatever the
 * order of files. Records that cannot be read are passed over; *n_taken (may be NULL) grows by those that were. */
enum bb_status bb_reference_read(struct bb_reference *reference, const struct bb_detection *detection,
                                 const char *text, size_t n, uint64_t first_byte, uint64_t *n_taken,
                                 struct bb_error *err) BB_WARN_UNUSED;

/* Completes a place of this operator; texts stay those of the reference. */
void bb_reference_fill(const struct bb_reference *reference, enum bb_iso iso, struct bb_place_key *key);

/* The id that a list gives for a name; n == 0: no list names it, or it is the name of several locations. */
struct bb_str bb_reference_id_of(const struct bb_reference *reference, enum bb_iso iso, struct bb_str name);

size_t bb_reference_count(const struct bb_reference *reference);

#endif
