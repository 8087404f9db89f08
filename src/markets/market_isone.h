/* What ISO-NE's two files share: energy (market_isone.c) and ancillary services (market_isone_as.c). */
#ifndef BB_MARKET_ISONE_H
#define BB_MARKET_ISONE_H

#include "markets/reader.h"

/* A comment before the header holds these words. */
int bb_isone_says(const struct bb_sniff *sniff, const struct bb_binding *binding, const char *words);
/* Day, publication time, first instant and contradictions between the file's name and its comments. */
void bb_isone_note(struct bb_sniff *sniff, const struct bb_format *format, const struct bb_binding *binding,
                   struct bb_facts *facts);

#endif
