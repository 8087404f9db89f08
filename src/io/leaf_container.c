#include "io/leaf_container.h"

#include "io/leaf_list.h"

const char *const bb_wrapping_names[] = { "zip", "gzip", "zstd", "xlsx" };

static void put(enum bb_wrapping *out, int *n, enum bb_wrapping w)
{
    if (*n < BB_MAX_WRAPPINGS) out[(*n)++] = w;
}

/* The first packing of a member is the zip's own way of storing it. */
static void put_packings(enum bb_wrapping *out, int *n, const uint8_t *packings, unsigned n_packings, int is_member)
{
    for (unsigned i = n_packings; i > (unsigned)is_member; i--)
        put(out, n, packings[i - 1] == BB_PACKING_ZSTD ? BB_IN_ZSTD : BB_IN_GZIP);
}

int bb_leaf_wrappings(const struct bb_leaf *leaf, enum bb_wrapping out[BB_MAX_WRAPPINGS])
{
    const struct bb_source_locator *at = leaf->locator;
    const struct bb_archive *archive = at->archive;
    int n = 0;
    if (at->workbook) put(out, &n, BB_IN_WORKBOOK);
    put_packings(out, &n, at->packings, at->n_packings, archive != NULL);
    while (archive) {
        const struct bb_archive_place *place = bb_archive_place_of(archive);
        archive = place->parent;
        put(out, &n, BB_IN_ZIP);
        put_packings(out, &n, place->packed.packings, place->packed.n_packings, archive != NULL);
    }
    return n;
}
