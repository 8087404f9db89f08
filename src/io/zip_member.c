#include "io/zip_member.h"

#include "io/zip_lister.h"

#define PROOF_NBYTES     ((uint64_t)64 << 20)
#define SMALL_ZIP_NBYTES ((uint64_t)96 << 10)

/* The name to show: what surrounds it, then its own without what could harm a terminal. */
static enum bb_status name_member(struct bb_lister *l, struct bb_str around, struct bb_str raw, struct bb_thing *t,
                                  struct bb_error *err)
{
    struct bb_buf *b = &l->scratch;
    size_t from;
    b->n = 0;
    if (raw.n == 0) raw = BB_STR("(no name)");
    if (raw.n > BB_ZIP_NAME_MAX_NBYTES) raw.n = BB_ZIP_NAME_MAX_NBYTES;
    if (around.n > 0 && (!bb_buf_put(b, around.p, around.n) || !bb_buf_putc(b, '/')))
        return bb_lister_fail_room(l, err);
    from = b->n;
    if (!bb_buf_put(b, raw.p, raw.n)) return bb_lister_fail_room(l, err);
    for (size_t i = from; i < b->n; i++) {
        unsigned char c = (unsigned char)b->p[i];
        unsigned char before = i > from ? (unsigned char)b->p[i - 1] : 0;
        if (c < 0x20 || c == 0x7f) b->p[i] = '?';
        if (before == 0xc2 && c >= 0x80 && c < 0xa0) b->p[i - 1] = b->p[i] = '?'; /* control characters of UTF-8 */
        if (c == '\\') b->p[i] = '/'; /* written so by some Windows tools */
    }
    t->member = bb_text_put(&l->arena, bb_buf_str(b));
    if (!t->member.p) return bb_lister_fail_room(l, err);
    t->name = bb_path_base(t->member);
    return BB_OK;
}

/* Does a start of a member's data hold: right CRC, or at least no damage for a long while? */
static enum bb_status prove(struct bb_lister *l, const struct bb_byte_range *range, const struct bb_packed *packed,
                            struct bb_error *why)
{
    enum { BLOCK_NBYTES = 64 << 10 };
    struct bb_inflate *inflate = NULL;
    uint64_t spent = l->file->proof_nbytes;
    uint64_t left = BB_MIN(PROOF_NBYTES, BB_MAX_PROOF_NBYTES - BB_MIN(spent, BB_MAX_PROOF_NBYTES));
    enum bb_status status = BB_OK;
    char *block = bb_alloc(l->budget, BLOCK_NBYTES);
    size_t n;
    if (!block) return bb_lister_fail_room(l, why);
    if (left < PROOF_NBYTES && l->file->in_pieces) l->file->passed_limit = 1;
    status = bb_inflate_new(range, packed, 0, l->budget, &inflate, why);
    while (status == BB_OK && left > 0) {
        status = bb_inflate_read(inflate, block, BLOCK_NBYTES, &n, why);
        left -= BB_MIN(left, (uint64_t)n);
        l->file->proof_nbytes += n;
    }
    bb_inflate_free(inflate);
    bb_free(block);
    return status == BB_EOF ? BB_OK : status;
}

/* Finds where the member's data begin and what they begin with. A failure is one of the member. */
static enum bb_status find_data(struct bb_lister *l, const struct bb_zip_directory *zip,
                                const struct bb_zip_entry *entry, const struct bb_packed *packed,
                                uint64_t *start_ret, struct bb_thing_head *head, struct bb_error *why)
{
    uint64_t starts[BB_ZIP_MAX_STARTS];
    struct bb_byte_range part;
    struct bb_error ignored;
    enum bb_status status;
    unsigned n, best = 0;
    int certain;
    BB_TRY(bb_zip_data_starts(zip, entry, starts, &n, &certain, why));
    if (n == 0)
        return bb_fail(why, BB_SKIP,
                       "the archive's directory puts this member outside of the archive: damaged or cut");
    part = bb_byte_range_part(&zip->range, starts[0], entry->stored_size);
    status = bb_lister_peek(l, &part, packed, head, &ignored);
    if (status == BB_SKIP || (status == BB_OK && !certain)) {
        for (unsigned i = 0; i < n; i++) {
            part = bb_byte_range_part(&zip->range, starts[i], entry->stored_size);
            status = prove(l, &part, packed, &ignored);
            if (status == BB_OK) best = i;
            if (status != BB_SKIP) break;
        }
        if (status == BB_OK || status == BB_SKIP) {
            part = bb_byte_range_part(&zip->range, starts[best], entry->stored_size);
            status = bb_lister_peek(l, &part, packed, head, &ignored);
        }
    }
    *start_ret = starts[best];
    if (status ==
        BB_SKIP) { /* a leaf all the same: what can be read of it is read, and reading tells what is wrong */
        head->n = head->text_n = 0;
        status = BB_OK;
    }
    if (status != BB_OK) *why = ignored;
    return status;
}

/* Small and sound members that are called zip are not looked at before they are unpacked. A name is never believed: when it turns out to be
 * something else, *guessed_ret is 0 and it is as if nobody had tried. */
static enum bb_status list_small_zip(struct bb_lister *l, const struct bb_zip_directory *zip,
                                     const struct bb_zip_entry *entry, struct bb_thing t, int *guessed_ret,
                                     struct bb_error *err)
{
    uint64_t starts[BB_ZIP_MAX_STARTS];
    struct bb_byte_range part;
    struct bb_error ignored;
    unsigned n;
    int certain;
    *guessed_ret = 0;
    if (t.packed.packings[0] != BB_PACKING_DEFLATE || t.size > SMALL_ZIP_NBYTES ||
        !bb_str_eq_nocase(bb_path_suffix(t.name), BB_STR(".zip")) ||
        bb_zip_data_starts(zip, entry, starts, &n, &certain, &ignored) != BB_OK || n == 0 || !certain)
        return BB_OK;
    part = bb_byte_range_part(&zip->range, starts[0], entry->stored_size);
    if (!part.mem) return BB_OK;
    t.offset = starts[0];
    return bb_lister_zip(l, &t, &part, guessed_ret, err);
}

enum bb_status bb_lister_member(struct bb_lister *l, const struct bb_thing *around,
                                const struct bb_zip_directory *zip, struct bb_archive *archive,
                                const struct bb_zip_entry *entry, struct bb_error *err)
{
    struct bb_error why;
    struct bb_byte_range part;
    struct bb_thing_head head;
    int guessed;
    struct bb_thing t = {
        .size = entry->size,
        .stored_size = entry->stored_size,
        .time_s = entry->time_s,
        .archive = archive,
        .workbook = NULL,
        .packed = { .n_packings = 1, .checked = 1, .crc = entry->crc, .size = entry->size },
        .depth = around->depth + 1,
    };
    if (entry->name.n > 0 && (entry->name.p[entry->name.n - 1] == '/' || entry->name.p[entry->name.n - 1] == '\\'))
        return BB_OK;
    BB_TRY(name_member(l, around->member, entry->name, &t, err));
    if (t.name.n > 0 && t.name.p[0] == '.') return BB_OK;
    if (entry->flags & (1u | 1u << 6 | 1u << 13)) {
        bb_fail(&why, BB_SKIP, "the member is encrypted; unpack the archive with its password first");
        return bb_lister_tolerate(l, t.member, &why, err);
    }
    if (entry->name.n > BB_ZIP_NAME_MAX_NBYTES) {
        bb_fail(&why, BB_SKIP, "the member's name has %zu bytes; at most %d are read", entry->name.n,
                BB_ZIP_NAME_MAX_NBYTES);
        return bb_lister_tolerate(l, t.member, &why, err);
    }
    switch (entry->method) {
    case 0: t.packed.packings[0] = BB_PACKING_STORED; break;
    case 8: t.packed.packings[0] = BB_PACKING_DEFLATE; break;
    case 93: t.packed.packings[0] = BB_PACKING_ZSTD; break;
    default:
        bb_fail(&why, BB_SKIP,
                "the member is packed with method %u; only 0 (stored), 8 (deflate) and 93 (zstd) can be read: "
                "unpack the archive first",
                entry->method);
        return bb_lister_tolerate(l, t.member, &why, err);
    }
    BB_TRY(list_small_zip(l, zip, entry, t, &guessed, err));
    if (guessed) return BB_OK;
    if (find_data(l, zip, entry, &t.packed, &t.offset, &head, &why) != BB_OK)
        return bb_lister_tolerate(l, t.member, &why, err);
    part = bb_byte_range_part(&zip->range, t.offset, t.stored_size);
    return bb_lister_examine(l, t, &part, head, err);
}
