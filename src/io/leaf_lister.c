#include "io/leaf_lister.h"

#include <unistd.h>

#define CHUNK_LEAVES     256u
#define HEAD_NBYTES      8u
#define PEEK_NBYTES      384u /* of packed bytes: enough for the first block's tables */
#define MAX_DEPTH        4u
#define PROOF_NBYTES     ((uint64_t)64 << 20)
#define SMALL_ZIP_NBYTES ((uint64_t)96 << 10)
#define MAX_GUESSES                                                                                                \
    256u /* at the same time, by all threads: they count as archives until they turn out to be none */
#define PIECE_MEMBERS 32u
#define NEAR_NBYTES   ((size_t)512 << 10)

struct bb_leaf_chunk {
    struct bb_leaf_chunk *next;
    unsigned n;
    struct bb_found_leaf leaves[CHUNK_LEAVES];
};

/* The first bytes of a thing's content. */
struct head {
    uint8_t p[HEAD_NBYTES];
    size_t n;
    size_t text_n; /* of l->head, until the next peek */
    int goes_on;   /* l->peeker has what follows */
};

static enum bb_status fail_room(struct bb_lister *l, struct bb_error *err)
{
    return bb_fail_budget(err, l->budget, "the list of input files");
}

static void hang(struct bb_chain *chain, struct bb_found *found)
{
    if (chain->last)
        chain->last->next = found;
    else
        chain->first = found;
    chain->last = found;
}

enum bb_status bb_lister_problem(struct bb_lister *l, struct bb_chain *chain, struct bb_str path,
                                 struct bb_str member, const struct bb_error *why, struct bb_error *err)
{
    struct bb_found_problem *p = bb_alloc(l->budget, sizeof *p);
    if (!p) return fail_room(l, err);
    *p = (struct bb_found_problem){ .found.kind = BB_FOUND_PROBLEM,
                                    .older = l->problems,
                                    .told = { path, member, *why } };
    l->problems = p;
    hang(chain, &p->found);
    return BB_OK;
}

static enum bb_status add_problem(struct bb_lister *l, struct bb_str member, const struct bb_error *why,
                                  struct bb_error *err)
{
    struct bb_error many;
    uint64_t before = l->file->n_problems++;
    if (before < BB_MAX_PROBLEMS) return bb_lister_problem(l, l->found, l->file->path, member, why, err);
    if (l->file->in_pieces) l->file->passed_limit = 1;
    if (l->file->in_pieces || before > BB_MAX_PROBLEMS) return BB_OK;
    bb_fail(&many, BB_SKIP, "more than %u members have problems; the further ones are not named", BB_MAX_PROBLEMS);
    return bb_lister_problem(l, l->found, l->file->path, BB_STR(""), &many, err);
}

/* A failure of something inside the file at hand: a problem, unless it stops the run. */
static enum bb_status tolerate(struct bb_lister *l, struct bb_str member, const struct bb_error *why,
                               struct bb_error *err)
{
    if (why->status == BB_SKIP) return add_problem(l, member, why, err);
    if (err) *err = *why;
    return why->status;
}

/* head: of the last peek, whose bytes are still there, and nothing was peeked at since; NULL: what the leaf begins with is not at hand. */
static void show(struct bb_lister *l, struct bb_leaf *leaf, const struct bb_packed *packed, const struct head *head)
{
    size_t n = head ? head->text_n : 0, more = 0;
    struct bb_error ignored;
    if (!l->look) return;
    if (n == HEAD_NBYTES && head->goes_on &&
        bb_inflate_read(l->peeker, l->head + n, sizeof l->head - n, &more, &ignored) == BB_OK)
        n += more;
    if (n < sizeof l->head || (packed->checked && packed->size < n)) n = 0;
    l->look(l->look_ctx, leaf, (struct bb_str){ l->head, n });
}

static enum bb_status add_leaf(struct bb_lister *l, const struct bb_thing *t, const struct head *head,
                               struct bb_error *err)
{
    struct bb_leaf_chunk *chunk = l->chunks;
    struct bb_found_leaf *f;
    if (!chunk || chunk->n == CHUNK_LEAVES) {
        chunk = bb_alloc(l->budget, sizeof *chunk);
        if (!chunk) return fail_room(l, err);
        chunk->next = l->chunks;
        chunk->n = 0;
        l->chunks = chunk;
    }
    f = &chunk->leaves[chunk->n++];
    f->found = (struct bb_found){ .kind = BB_FOUND_LEAF };
    f->locator = (struct bb_source_locator){
        .archives = l->archives,
        .offset = t->offset,
        .archive = t->archive,
        .workbook = t->workbook,
        .crc = t->packed.crc,
        .n_packings = t->packed.n_packings,
        .checked = t->packed.checked,
        .mem = t->mem,
        .content_size = t->packed.size,
    };
    memcpy(f->locator.packings, t->packed.packings, sizeof f->locator.packings);
    f->leaf = (struct bb_leaf){
        .path = l->file->path,
        .member = t->member,
        .name = t->name,
        .size = t->size,
        .stored_size = t->stored_size,
        .member_time_s = t->time_s,
        .locator = &f->locator,
    };
    hang(l->found, &f->found);
    show(l, &f->leaf, &t->packed, head);
    return BB_OK;
}

static enum bb_status peek(struct bb_lister *l, const struct bb_byte_range *range, const struct bb_packed *packed,
                           struct head *head, struct bb_error *why)
{
    int is_plain = packed->n_packings == 0 || (packed->n_packings == 1 && packed->packings[0] == BB_PACKING_STORED);
    size_t n = is_plain && l->look ? sizeof l->head : HEAD_NBYTES;
    enum bb_status status;
    head->n = head->text_n = 0;
    head->goes_on = !is_plain;
    if (is_plain) {
        status = bb_byte_range_read(range, 0, l->head, n, &head->text_n, why);
    } else {
        status = l->peeker ? bb_inflate_restart(l->peeker, range, packed, PEEK_NBYTES, why)
                           : bb_inflate_new(range, packed, PEEK_NBYTES, l->budget, &l->peeker, why);
        if (status == BB_OK) status = bb_inflate_read(l->peeker, l->head, n, &head->text_n, why);
        if (status == BB_EOF) status = BB_OK;
    }
    head->n = BB_MIN(head->text_n, sizeof head->p);
    memcpy(head->p, l->head, head->n);
    return status;
}

static int begins(const struct head *head, const char *magic, size_t n)
{
    return head->n >= n && memcmp(head->p, magic, n) == 0;
}

static int is_zip(const struct head *head) { return begins(head, "PK\3\4", 4) || begins(head, "PK\5\6", 4); }

/* -1: not packed */
static int packing_of(const struct head *head)
{
    if (begins(head, "\x1f\x8b\x08", 3)) return BB_PACKING_GZIP;
    if (begins(head, "\x28\xb5\x2f\xfd", 4)) return BB_PACKING_ZSTD;
    if (head->n >= 4 && (head->p[0] & 0xf0) == 0x50 && memcmp(head->p + 1, "\x2a\x4d\x18", 3) == 0)
        return BB_PACKING_ZSTD;
    return -1;
}

static struct bb_str without_suffix(struct bb_str name)
{
    static const char *const suffixes[] = { ".gz", ".gzip", ".zst", ".zstd" };
    for (unsigned i = 0; i < BB_ARRAY_LEN(suffixes); i++) {
        struct bb_str suffix = bb_str_of(suffixes[i]), end;
        if (name.n <= suffix.n) continue;
        end = (struct bb_str){ name.p + name.n - suffix.n, suffix.n };
        if (bb_str_eq_nocase(end, suffix)) return (struct bb_str){ name.p, name.n - suffix.n };
    }
    return name;
}

static enum bb_status examine(struct bb_lister *l, struct bb_thing t, const struct bb_byte_range *range,
                              struct head head, struct bb_error *err);
static enum bb_status list_zip(struct bb_lister *l, const struct bb_thing *t, const struct bb_byte_range *range,
                               int *guessed, struct bb_error *err);

/* The name to show: what surrounds it, then its own without what could harm a terminal. */
static enum bb_status name_member(struct bb_lister *l, struct bb_str around, struct bb_str raw, struct bb_thing *t,
                                  struct bb_error *err)
{
    struct bb_buf *b = &l->scratch;
    size_t from;
    b->n = 0;
    if (raw.n == 0) raw = BB_STR("(no name)");
    if (raw.n > BB_ZIP_NAME_MAX_NBYTES) raw.n = BB_ZIP_NAME_MAX_NBYTES;
    if (around.n > 0 && (!bb_buf_put(b, around.p, around.n) || !bb_buf_putc(b, '/'))) return fail_room(l, err);
    from = b->n;
    if (!bb_buf_put(b, raw.p, raw.n)) return fail_room(l, err);
    for (size_t i = from; i < b->n; i++) {
        unsigned char c = (unsigned char)b->p[i];
        unsigned char before = i > from ? (unsigned char)b->p[i - 1] : 0;
        if (c < 0x20 || c == 0x7f) b->p[i] = '?';
        if (before == 0xc2 && c >= 0x80 && c < 0xa0) b->p[i - 1] = b->p[i] = '?'; /* control characters of UTF-8 */
        if (c == '\\') b->p[i] = '/'; /* written so by some Windows tools */
    }
    t->member = bb_text_put(&l->arena, bb_buf_str(b));
    if (!t->member.p) return fail_room(l, err);
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
    if (!block) return fail_room(l, why);
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
                                uint64_t *start_ret, struct head *head, struct bb_error *why)
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
    status = peek(l, &part, packed, head, &ignored);
    if (status == BB_SKIP || (status == BB_OK && !certain)) {
        for (unsigned i = 0; i < n; i++) {
            part = bb_byte_range_part(&zip->range, starts[i], entry->stored_size);
            status = prove(l, &part, packed, &ignored);
            if (status == BB_OK) best = i;
            if (status != BB_SKIP) break;
        }
        if (status == BB_OK || status == BB_SKIP) {
            part = bb_byte_range_part(&zip->range, starts[best], entry->stored_size);
            status = peek(l, &part, packed, head, &ignored);
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
    return list_zip(l, &t, &part, guessed_ret, err);
}

static enum bb_status list_member(struct bb_lister *l, const struct bb_thing *around,
                                  const struct bb_zip_directory *zip, struct bb_archive *archive,
                                  const struct bb_zip_entry *entry, struct bb_error *err)
{
    struct bb_error why;
    struct bb_byte_range part;
    struct head head;
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
        return tolerate(l, t.member, &why, err);
    }
    if (entry->name.n > BB_ZIP_NAME_MAX_NBYTES) {
        bb_fail(&why, BB_SKIP, "the member's name has %zu bytes; at most %d are read", entry->name.n,
                BB_ZIP_NAME_MAX_NBYTES);
        return tolerate(l, t.member, &why, err);
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
        return tolerate(l, t.member, &why, err);
    }
    BB_TRY(list_small_zip(l, zip, entry, t, &guessed, err));
    if (guessed) return BB_OK;
    if (find_data(l, zip, entry, &t.packed, &t.offset, &head, &why) != BB_OK)
        return tolerate(l, t.member, &why, err);
    part = bb_byte_range_part(&zip->range, t.offset, t.stored_size);
    return examine(l, t, &part, head, err);
}

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
        return fail_room(l, why);
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
            return tolerate(l, t->member, &why, err);
        }
        BB_TRY(list_member(l, t, zip, archive, &entry, err));
    }
    *ended_ret = status == BB_EOF;
    return status == BB_OK || status == BB_EOF ? BB_OK : tolerate(l, t->member, &why, err);
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
    return tolerate(l, t->member, &why, err);
}

static enum bb_status list_directory(struct bb_lister *l, const struct bb_thing *t, struct bb_zip_directory *zip,
                                     struct bb_archive *archive, struct bb_error *err)
{
    /* only what is opened by its path: of others, the bytes would have to be held until all pieces are listed */
    int can_split = l->file->in_pieces && t->depth == 0 && !l->file->mem;
    struct survey seen = { .pieces = can_split ? bb_calloc(l->budget, sizeof *seen.pieces) : NULL };
    struct bb_error why;
    enum bb_status status;
    if (can_split && !seen.pieces) return fail_room(l, err);
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
    if (status != BB_OK) return tolerate(l, t->member, &why, err);
    if (seen.document) {
        struct bb_thing leaf = *t;
        if (seen.workbook) {
            leaf.workbook = archive;
            leaf.size = 0; /* of the text that is read from it: not known */
        }
        return add_leaf(l, &leaf, NULL, err);
    }
    if (seen.overlap) {
        bb_fail(&why, BB_SKIP, "the members claim more bytes than the archive has: a hostile or damaged archive");
        return tolerate(l, t->member, &why, err);
    }
    if (!seen.pieces || seen.pieces->n_pieces < 2) return list_members(l, t, zip, archive, err);
    hang(l->found, &seen.pieces->found);
    return BB_OK;
}

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
    return tolerate(l, of->around.member, &why, err);
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
    struct head head = { .n = (size_t)BB_MIN(range->n, (uint64_t)HEAD_NBYTES) };
    if (!range->mem) return 0;
    memcpy(head.p, range->mem, head.n);
    return is_zip(&head);
}

/* guessed: NULL, or it is not known yet whether this is a zip; becomes 0, and nothing was told, when it is none or anything is wrong. */
static enum bb_status list_zip(struct bb_lister *l, const struct bb_thing *t, const struct bb_byte_range *range,
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
    if (guessed) *guessed = t->depth < MAX_DEPTH && file->n_archives < BB_MAX_ARCHIVES - MAX_GUESSES;
    if (guessed && !*guessed) return BB_OK;
    if (t->depth >= MAX_DEPTH) {
        bb_fail(&why, BB_SKIP, "archives within archives are read %u deep; unpack this one first", MAX_DEPTH);
        return tolerate(l, t->member, &why, err);
    }
    if (file->n_archives++ >= BB_MAX_ARCHIVES || file->unpacked_nbytes > BB_MAX_UNPACKED_NBYTES) {
        if (file->in_pieces) file->passed_limit = 1;
        bb_fail(&why, BB_SKIP, "the file holds too many or too large inner archives; unpack it first");
        return tolerate(l, t->member, &why, err);
    }
    archive = bb_archive_set_add(l->archives, &place);
    if (!archive) return fail_room(l, err);
    status = bb_archive_open(l->archives, archive, t->depth > 0 ? range : NULL, &bytes, &why);
    file->unpacked_nbytes += bytes.unpacked_nbytes;
    if (guessed && (status != BB_OK || !is_zip_in_memory(&bytes.range))) {
        *guessed = 0;
        file->n_archives--;
        if (status == BB_OK) bb_archive_close(l->archives, &bytes);
        return BB_OK;
    }
    if (status != BB_OK) return tolerate(l, t->member, &why, err);
    if (bb_zip_directory_init(&zip, &bytes.range, l->budget, &why) == BB_OK) {
        status = list_directory(l, t, &zip, archive, err);
        bb_zip_directory_reset(&zip);
    } else {
        status = tolerate(l, t->member, &why, err);
    }
    if (status == BB_OK && bytes.held)
        bb_archive_keep(l->archives, archive, count_own(archive, before ? before->next : l->found->first));
    bb_archive_close(l->archives, &bytes);
    return status;
}

/* range: the thing's packed bytes; head: the beginning of its content. */
static enum bb_status examine(struct bb_lister *l, struct bb_thing t, const struct bb_byte_range *range,
                              struct head head, struct bb_error *err)
{
    struct bb_error why;
    int packing;
    while ((packing = packing_of(&head)) >= 0) {
        if (t.depth >= MAX_DEPTH || t.packed.n_packings >= BB_MAX_PACKINGS) {
            bb_fail(&why, BB_SKIP, "the content is packed more than %u times; unpack it first", MAX_DEPTH);
            return tolerate(l, t.member, &why, err);
        }
        t.packed.packings[t.packed.n_packings++] = (uint8_t)packing;
        t.depth++;
        t.size = 0;
        t.name = without_suffix(t.name);
        if (peek(l, range, &t.packed, &head, &why) == BB_OK) continue;
        if (why.status != BB_SKIP) return tolerate(l, t.member, &why, err);
        break; /* reading it will tell */
    }
    if (packing < 0 && is_zip(&head)) return list_zip(l, &t, range, NULL, err);
    return add_leaf(l, &t, &head, err);
}

enum bb_status bb_lister_file(struct bb_lister *l, struct bb_outer_file *file, struct bb_error *err)
{
    struct bb_thing t = { .member = BB_STR(""), .name = bb_path_base(file->path), .mem = file->mem };
    struct bb_byte_range range = { .mem = file->mem, .fd = -1, .n = file->mem_n };
    struct bb_error why;
    struct head head;
    enum bb_status status;
    l->file = file;
    l->found = &file->found;
    if (!file->mem && bb_open_file(file->path.p, &range.fd, &range.n, &why) != BB_OK)
        return add_problem(l, t.member, &why, err);
    t.size = t.stored_size = range.n;
    if (peek(l, &range, &t.packed, &head, &why) == BB_OK)
        status = examine(l, t, &range, head, err);
    else
        status = add_problem(l, t.member, &why, err);
    if (range.fd >= 0) close(range.fd);
    return status;
}

void bb_lister_init(struct bb_lister *l, struct bb_archive_set *archives, struct bb_budget *budget)
{
    *l = (struct bb_lister){ .budget = budget, .archives = archives, .arena.budget = budget };
    bb_buf_init(&l->scratch, budget, (MAX_DEPTH + 1) * (BB_ZIP_NAME_MAX_NBYTES + 1));
}

void bb_lister_rest(struct bb_lister *l)
{
    bb_buf_reset(&l->scratch);
    bb_inflate_free(l->peeker);
    l->peeker = NULL;
    bb_free(l->near);
    l->near = NULL;
    while (l->pieces) {
        struct bb_found_pieces *older = l->pieces->older;
        bb_free(l->pieces->pieces);
        bb_free(l->pieces);
        l->pieces = older;
    }
}

void bb_lister_reset(struct bb_lister *l)
{
    bb_lister_rest(l);
    while (l->problems) {
        struct bb_found_problem *older = l->problems->older;
        bb_free(l->problems);
        l->problems = older;
    }
    while (l->chunks) {
        struct bb_leaf_chunk *next = l->chunks->next;
        bb_free(l->chunks);
        l->chunks = next;
    }
    bb_text_arena_reset(&l->arena);
}
