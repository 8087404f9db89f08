/* What ISO-NE's two files share: energy (market_isone.c) and ancillary services (market_isone_as.c). */
#ifndef BB_MARKET_ISONE_H
#define BB_MARKET_ISONE_H

#include "markets/reader.h"

/* A comment before the header holds these words. */
int bb_isone_says(const struct bb_sniff *sniff, const struct bb_binding *binding, const char *words);
/* Day, publication time, first instant and contradictions between the file's name and its comments. */
void bb_isone_note(struct bb_sniff *sniff, const struct bb_format *format, const struct bb_binding *binding,
                   struct bb_facts *facts);

/* Locations of exports (market_gridstatus.c), which have names and perhaps no ids: kind and voltage follow from the name; five-minute
 * rows are told apart by id, which for hub, zones and external nodes follows from the name too. */
void bb_isone_finish_export(struct bb_place_key *key);
void bb_isone_finish_fivemin_export(struct bb_place_key *key);

#endif
