/* The way of rows out of one table: its sort and the lake's old file, merged in time order into the new file. */
#ifndef BB_TABLE_MERGE_H
#define BB_TABLE_MERGE_H

#include "convert/tables.h"

/* Emits everything before the bound, UINT32_MAX: all, into the table's file, which is begun with the first row. By one
 * thread at a time; rows may be sent to the table meanwhile. */
enum bb_status bb_table_advance(struct bb_table *table, uint32_t before_utc_s, struct bb_error *err) BB_WARN_UNUSED;

#endif
