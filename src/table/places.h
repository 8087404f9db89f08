/* The registry of settlement locations (energy) or product-and-region pairs (ancillary) of one job.
 *
 * A place is one spelling of all attributes; several places may share one identity (a PJM pnode whose zone changed).
 * Rows with one identity and one instant are one key; the winner's own place supplies name, type, zone and voltage.
 * Ids are dense, start at 0 and are handed out in any order: use ranks for anything that is written.
 * All may be called from any thread, but for bb_places_rank. */
#ifndef BB_PLACES_H
#define BB_PLACES_H

#include "base/mem.h"
#include "base/str.h"
#include "table/dataset.h"

struct bb_place_key {
    struct bb_str identity; /* the operator's unique id where it has one, else the name */
    struct bb_str name;     /* settlement_location; ancillary: as_product */
    struct bb_str id;       /* settlement_location_id; n == 0: NULL. ancillary: as_region */
    struct bb_str zone;     /* n == 0: NULL. ancillary: as_product_standard */
    enum bb_type type;      /* energy only */
    double voltage_kv;      /* NaN: NULL. energy only */
    struct bb_str unit;     /* ancillary only: "$/MW" */
};

/* Order of the lake: by (name, id, zone, type, voltage, unit, identity), text by bytes, what is NULL first. */
int bb_place_key_cmp(const struct bb_place_key *a, const struct bb_place_key *b);

struct bb_places;
struct bb_places *bb_places_new(struct bb_budget *budget);
void bb_places_free(struct bb_places *places);

/* Finds or adds; *place_ret is the id. Copies all text. BB_BUDGET when it does not fit. */
enum bb_status bb_places_intern(struct bb_places *places, const struct bb_place_key *key, uint32_t *place_ret,
                                struct bb_error *err) BB_WARN_UNUSED;

size_t bb_places_count(const struct bb_places *places);
/* Of an id that intern handed out, from any thread. It and its texts live as long as the registry and do not move. */
const struct bb_place_key *bb_places_at(const struct bb_places *places, uint32_t place);
/* The number of its identity, the same for all places that share one; they are dense and start at 0. */
uint32_t bb_places_identity(const struct bb_places *places, uint32_t place);

/* The order of the places that were there when it was asked for. */
struct bb_place_order {
    uint32_t *rank_of, *identity_of; /* per place */
    uint32_t *place_at;              /* per rank */
    size_t n_places;
    uint32_t n_identities;
};
/* Recomputed when places were added since; lives until it is asked for again. One thread at a time; others may go on interning. */
enum bb_status bb_places_rank(struct bb_places *places, const struct bb_place_order **order_ret,
                              struct bb_error *err) BB_WARN_UNUSED;

#endif
