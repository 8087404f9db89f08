/* The registries of a lake: LAKE/metadata/{hubs,zones,nodes,ancillary_services}/<iso>_….json, one entry per location or product with its
 * first and last interval, and LAKE/metadata/market_info.json. Made from the quality states of the lake's files, so they tell what the lake
 * holds, not what a run did. hubs holds HUB, INTERFACE, DC_TIE and SYSTEM, zones ZONE, nodes all other types. */
#ifndef BB_METADATA_H
#define BB_METADATA_H

#include "lake/quality.h"

struct bb_metadata;
enum bb_status bb_metadata_new(struct bb_budget *budget, struct bb_metadata **m_ret,
                               struct bb_error *err) BB_WARN_UNUSED;
void bb_metadata_free(struct bb_metadata *m);
/* One file of the lake; the state is not needed any longer afterwards. Locations that several files know are joined by name and id: of
 * different types, zones or voltages the one seen last counts, and a known one beats none. */
enum bb_status bb_metadata_add(struct bb_metadata *m, const struct bb_quality_state *state,
                               struct bb_error *err) BB_WARN_UNUSED;
/* Writes the registries of one operator (files that would be empty are left out; a stale one is removed). Add files in a fixed
 * order for equal bytes. */
enum bb_status bb_metadata_write(struct bb_metadata *m, const char *root, enum bb_iso iso,
                                 struct bb_error *err) BB_WARN_UNUSED;
/* market_info.json: every operator of which a file was added. */
enum bb_status bb_metadata_write_market_info(struct bb_metadata *m, const char *root,
                                             struct bb_error *err) BB_WARN_UNUSED;

#endif
