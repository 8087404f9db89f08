#include "io/zip_lister.h"

#include "io/zip_member.h"

#define MAX_GUESSES                                                                                                \
    256u /* at the same time, by all threads: they count as archives until they turn out to be none */
#define PIECE_MEMBERS 32u
#define NEAR_NBYTES   ((size_t)512 << 10)

struct survey {
    int document, workbook, overlap;
    struct bb_found_pieces *pieces; /* to be filled; NULL: not wanted */
};

static enum bb_status note_piece(struct bb_lister *l, struct bb_found_pieces *of, uint64_t pos,
                                 struct bb_error *why)
{
    struct bb_piece piece = { .pos = pos, .nbytes = of->directory.n - pos, .data_from = UINT64_MAX };
    if (of->n_pieces > 0) {
        of->pieces[of->n_pieces - 1].n_entries = PIECE_MEMBERS;
        of->pieces[of->n_pieces - 1].nbytes = pos - of->pieces[of->n_pieces - 1].pos;
    }
    if (!bb_grow(l->budget, (void **)&of->pieces, &of->cap_pieces, of->n_pieces + 1, sizeof *of->pieces))
        return bb_lister_fail_room(l, why);
    of->pieces[of->n_pieces++] = piece;
    return BB_OK;
}

/* What the whole directory shows: a document, or members that share bytes (then a small file can hold endless content). */
static enum bb_status survey(struct bb_lister *l, struct bb_zip_directory *zip, struct survey *s,
                             struct bb_error *why)
{
    struct bb_zip_entry entry;
    enum bb_status status;
    uint64_t stored = 0, pos = 0;
    int types = 0;
    s->document = s->workbook = s->overlap = 0;
    for (unsigned i = 0; (status = bb_zip_directory_next(zip, &entry, why)) == BB_OK; i++) {
        if (bb_str_is(entry.name, "[Content_Types].xml")) types = 1; /* Office */
        if (bb_str_is(entry.name, "xl/workbook.xml")) s->workbook = 1;
        if (i == 0 && bb_str_is(entry.name, "mimetype") && entry.method == 0)
            s->document = 1; /* OpenDocument, EPUB */
        if (entry.stored_size <= zip->range.n) stored += entry.stored_size;
        if (stored > zip->range.n) {
            s->overlap = 1;
            break;
        }
        if (s->pieces && i % PIECE_MEMBERS == 0) BB_TRY(note_piece(l, s->pieces, pos, why));
        if (s->pieces) {
            struct bb_piece *piece = &s->pieces->pieces[s->pieces->n_pieces - 1];
            piece->data_from = BB_MIN(piece->data_from, entry.header_offset);
            piece->data_to = BB_MAX(piece->data_to, entry.next_offset);
        }
        pos = zip->pos;
    }
    s->document |= types;
    s->workbook &= types;
    bb_zip_directory_rewind(zip);
    return status == BB_IO || status == BB_BUDGET ? status : BB_OK;
}

/* n_max 0: all; *ended_ret: the directory ended. A failure is told or stops the run. */
static enum bb_status list_entries(struct bb_lister *l, const struct bb_thing *t, struct bb_zip_directory *zip,
                                   struct bb_archive *archive, unsigned n_max, int *ended_ret, struct bb_error *err)
{
    struct bb_zip_entry entry;
    struct bb_error why;
    enum bb_status status = BB_OK;
    *ended_ret = 0;
    for (unsigned n = 0; !n_max || n < n_max; n++) {
        uint64_t before;
        if (l->file->passed_limit) return BB_OK;
        status = bb_zip_directory_next(zip, &entry, &why);
        if (status != BB_OK) break;
        before = l->file->n_members++;
        if (before >= BB_MAX_MEMBERS) {
            if (l->file->in_pieces) l->file->passed_limit = 1;
            if (l->file->in_pieces || before > BB_MAX_MEMBERS) return BB_OK;
            bb_fail(&why, BB_SKIP, "the file holds more than %u members; the further ones are not read",
                    BB_MAX_MEMBERS);
            return bb_lister_tolerate(l, t->member, &why, err);
        }
        BB_TRY(bb_lister_member(l, t, zip, archive, &entry, err));
    }
    *ended_ret = status == BB_EOF;
    return status == BB_OK || status == BB_EOF ? BB_OK : bb_lister_tolerate(l, t->member, &why, err);
}

static enum bb_status list_members(struct bb_lister *l, const struct bb_thing *t, struct bb_zip_directory *zip,
                                   struct bb_archive *archive, struct bb_error *err)
{
    const struct bb_found *before = l->found->last;
    struct bb_error why;
    int ended;
    BB_TRY(list_entries(l, t, zip, archive, 0, &ended, err));
    if (!ended || l->found->last != before) return BB_OK;
    bb_fail(&why, BB_SKIP, "the archive holds no files");
    return bb_lister_tolerate(l, t->member, &why, err);
}

static enum bb_status list_directory(struct bb_lister *l, const struct bb_thing *t, struct bb_zip_directory *zip,
                                     struct bb_archive *archive, struct bb_error *err)
{
    /* only what is opened by its path: of others, the bytes would have to be held until all pieces are listed */
    int can_split = l->file->in_pieces && t->depth == 0 && !l->file->mem;
    struct survey seen = { .pieces = can_split ? bb_calloc(l->budget, sizeof *seen.pieces) : NULL };
    struct bb_error why;
    enum bb_status status;
    if (can_split && !seen.pieces) return bb_lister_fail_room(l, err);
    if (seen.pieces) {
        *seen.pieces = (struct bb_found_pieces){ .found.kind = BB_FOUND_PIECES,
                                                 .older = l->pieces,
                                                 .file = l->file,
                                                 .archive = archive,
                                                 .around = *t,
                                                 .directory = *zip };
        l->pieces = seen.pieces;
    }
    status = survey(l, zip, &seen, &why);
    if (status != BB_OK) return bb_lister_tolerate(l, t->member, &why, err);
    if (seen.document) {
        struct bb_thing leaf = *t;
        if (seen.workbook) {
            leaf.workbook = archive;
            leaf.size = 0; /* of the text that is read from it: not known */
        }
        return bb_lister_add_leaf(l, &leaf, NULL, err);
    }
    if (seen.overlap) {
        bb_fail(&why, BB_SKIP, "the members claim more bytes than the archive has: a hostile or damaged archive");
        return bb_lister_tolerate(l, t->member, &why, err);
    }
    if (!seen.pieces || seen.pieces->n_pieces < 2) return list_members(l, t, zip, archive, err);
    bb_chain_hang(l->found, &seen.pieces->found);
    return BB_OK;
}

/* The leaves among `found` and what follows that are read from the archive's own bytes. */
static unsigned count_own(const struct bb_archive *archive, const struct bb_found *found)
{
    unsigned n = 0;
    for (; found; found = found->next) {
        const struct bb_source_locator *at = &((const struct bb_found_leaf *)found)->locator;
        if (found->kind == BB_FOUND_LEAF) n += (at->workbook ? at->workbook : at->archive) == archive;
    }
    return n;
}

static int is_zip_in_memory(const struct bb_byte_range *range)
{
    struct bb_thing_head head = { .n = (size_t)BB_MIN(range->n, (uint64_t)BB_THING_HEAD_NBYTES) };
    if (!range->mem) return 0;
    memcpy(head.p, range->mem, head.n);
    return bb_head_is_zip(&head);
}

enum bb_status bb_lister_zip(struct bb_lister *l, const struct bb_thing *t, const struct bb_byte_range *range,
                             int *guessed, struct bb_error *err)
{
    struct bb_archive_place place = {
        .parent = t->archive,
        .path = l->file->path,
        .mem = t->mem,
        .offset = t->offset,
        .n = t->stored_size,
        .packed = t->packed,
    };
    struct bb_outer_file *file = l->file;
    struct bb_archive *archive;
    struct bb_archive_bytes bytes;
    struct bb_zip_directory zip;
    struct bb_error why;
    const struct bb_found *before = l->found->last;
    enum bb_status status;
    if (guessed) *guessed = t->depth < BB_MAX_DEPTH && file->n_archives < BB_MAX_ARCHIVES - MAX_GUESSES;
    if (guessed && !*guessed) return BB_OK;
    if (t->depth >= BB_MAX_DEPTH) {
        bb_fail(&why, BB_SKIP, "archives within archives are read %u deep; unpack this one first", BB_MAX_DEPTH);
        return bb_lister_tolerate(l, t->member, &why, err);
    }
    if (file->n_archives++ >= BB_MAX_ARCHIVES || file->unpacked_nbytes > BB_MAX_UNPACKED_NBYTES) {
        if (file->in_pieces) file->passed_limit = 1;
        bb_fail(&why, BB_SKIP, "the file holds too many or too large inner archives; unpack it first");
        return bb_lister_tolerate(l, t->member, &why, err);
    }
    archive = bb_archive_set_add(l->archives, &place);
    if (!archive) return bb_lister_fail_room(l, err);
    status = bb_archive_open(l->archives, archive, t->depth > 0 ? range : NULL, &bytes, &why);
    file->unpacked_nbytes += bytes.unpacked_nbytes;
    if (guessed && (status != BB_OK || !is_zip_in_memory(&bytes.range))) {
        *guessed = 0;
        file->n_archives--;
        if (status == BB_OK) bb_archive_close(l->archives, &bytes);
        return BB_OK;
    }
    if (status != BB_OK) return bb_lister_tolerate(l, t->member, &why, err);
    if (bb_zip_directory_init(&zip, &bytes.range, l->budget, &why) == BB_OK) {
        status = list_directory(l, t, &zip, archive, err);
        bb_zip_directory_reset(&zip);
    } else {
        status = bb_lister_tolerate(l, t->member, &why, err);
    }
    if (status == BB_OK && bytes.held)
        bb_archive_keep(l->archives, archive, count_own(archive, before ? before->next : l->found->first));
    bb_archive_close(l->archives, &bytes);
    return status;
}

/* ---- a piece of a directory ---- */

/* Members that lie close together are read at once. Without room for that, or where they do not, each is read by itself. */
static void fetch_near(struct bb_lister *l, const struct bb_piece *piece, struct bb_byte_range *range)
{
    uint64_t n = piece->data_to - BB_MIN(piece->data_from, piece->data_to);
    struct bb_error ignored;
    size_t got;
    if (range->mem || n == 0 || n > NEAR_NBYTES || piece->data_to > range->n) return;
    if (!l->near) l->near = bb_alloc(l->budget, NEAR_NBYTES);
    if (!l->near || bb_byte_range_read(range, piece->data_from, l->near, (size_t)n, &got, &ignored) != BB_OK)
        return;
    range->near = l->near;
    range->near_at = piece->data_from;
    range->near_n = got;
}

enum bb_status bb_lister_piece(struct bb_lister *l, struct bb_found_pieces *of, struct bb_piece *piece,
                               struct bb_error *err)
{
    struct bb_archive_bytes bytes;
    struct bb_zip_directory zip;
    struct bb_error why;
    enum bb_status status;
    int ended;
    l->file = of->file;
    l->found = &piece->found;
    if (l->file->passed_limit) return BB_OK;
    status = bb_archive_open(l->archives, of->archive, NULL, &bytes, &why);
    if (status == BB_OK) {
        fetch_near(l, piece, &bytes.range);
        status = bb_zip_directory_init_part(&zip, &of->directory, &bytes.range, piece->pos, piece->nbytes,
                                            l->budget, &why);
        if (status == BB_OK) {
            status = list_entries(l, &of->around, &zip, of->archive, piece->n_entries, &ended, err);
            bb_zip_directory_reset(&zip);
            bb_archive_close(l->archives, &bytes);
            return status;
        }
        bb_archive_close(l->archives, &bytes);
    }
    if (status == BB_SKIP) { /* changed meanwhile: whoever lists all of it says so, once */
        l->file->passed_limit = 1;
        return BB_OK;
    }
    return bb_lister_tolerate(l, of->around.member, &why, err);
}
