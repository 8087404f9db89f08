/* The end of one table: the last rows, the ledger of what its file was made from, its quality file. */
#ifndef BB_TABLE_FINISH_H
#define BB_TABLE_FINISH_H

#include "convert/tables.h"

/* After all rows of all tables were sent. Writes the file and LAKE/quality/… under hidden names, synced and read back; table->counts is final. A
 * table that no row came out of gets no file, nor does one of a dry run. */
enum bb_status bb_table_finish(struct bb_table *table, struct bb_error *err) BB_WARN_UNUSED;

#endif
