#include "io/leaf_list.h"

#include "base/buf.h"
#include "io/io_walk.h"
#include "io/zip_directory.h"

#include <stdlib.h>
#include <unistd.h>

#define CHUNK_LEAVES 256u
#define HEAD_NBYTES  8u
#define PEEK_NBYTES  1024u /* of packed bytes: enough for the first block's tables */
#define MAX_DEPTH    4u
/* What one outer file may cost; a real one never comes near. */
#define MAX_MEMBERS         1000000u
#define MAX_ARCHIVES        65536u
#define MAX_PROBLEMS        200u
#define MAX_UNPACKED_NBYTES ((uint64_t)64 << 30)
#define MAX_PROOF_NBYTES    ((uint64_t)1 << 30)
#define PROOF_NBYTES        ((uint64_t)64 << 20)

struct record {
    struct bb_leaf leaf;
    struct bb_source_locator locator;
};

struct problem {
    struct bb_leaf_problem told;
    size_t serial;
};

struct bb_leaf_list {
    struct bb_budget *budget;
    struct bb_archive_set *archives;
    struct bb_text_arena arena;
    struct record **chunks;
    size_t n_leaves, chunks_cap;
    struct problem **problems;
    size_t n_problems, problems_cap;
    struct bb_buf scratch;     /* for names */
    struct bb_inflate *peeker; /* for first bytes */
    /* of the outer file at hand */
    struct bb_str path;
    size_t n_members, n_archives, n_problems_here;
    uint64_t unpacked_before, proof_left;
};

/* Something that may be a leaf or an archive: packed bytes in an archive or in a file of their own. */
struct thing {
    struct bb_str member, name;
    uint64_t size, offset, stored_size;
    int64_t time_s;
    uint32_t archive, workbook;
    const void *mem;
    struct bb_packed packed;
    unsigned depth; /* wrappings around it */
};

/* The first bytes of a thing's content. */
struct head {
    uint8_t p[HEAD_NBYTES];
    size_t n;
};

static enum bb_status fail_room(struct bb_leaf_list *list, struct bb_error *err)
{
    return bb_fail_budget(err, list->budget, "the list of input files");
}

static enum bb_status add_problem(struct bb_leaf_list *list, struct bb_str path, struct bb_str member,
                                  const struct bb_error *why, struct bb_error *err)
{
    struct problem *p;
    if (list->n_problems_here > MAX_PROBLEMS) return BB_OK;
    if (!bb_grow(list->budget, (void **)&list->problems, &list->problems_cap, list->n_problems + 1,
                 sizeof *list->problems))
        return fail_room(list, err);
    p = bb_alloc(list->budget, sizeof *p);
    if (!p) return fail_room(list, err);
    *p = (struct problem){ .told = { path, member, *why }, .serial = list->n_problems };
    if (list->n_problems_here == MAX_PROBLEMS) {
        p->told.member = BB_STR("");
        bb_fail(&p->told.error, BB_SKIP, "more than %u members have problems; the further ones are not named",
                MAX_PROBLEMS);
    }
    list->n_problems_here++;
    list->problems[list->n_problems++] = p;
    return BB_OK;
}

/* A failure of something inside the file at hand: a problem, unless it stops the run. */
static enum bb_status tolerate(struct bb_leaf_list *list, struct bb_str member, const struct bb_error *why,
                               struct bb_error *err)
{
    if (why->status == BB_SKIP) return add_problem(list, list->path, member, why, err);
    if (err) *err = *why;
    return why->status;
}

static enum bb_status add_leaf(struct bb_leaf_list *list, const struct thing *t, struct bb_error *err)
{
    size_t chunk = list->n_leaves / CHUNK_LEAVES, n_chunks = (list->n_leaves + CHUNK_LEAVES - 1) / CHUNK_LEAVES;
    struct record *r;
    if (chunk == n_chunks) {
        if (!bb_grow(list->budget, (void **)&list->chunks, &list->chunks_cap, n_chunks + 1, sizeof *list->chunks))
            return fail_room(list, err);
        list->chunks[chunk] = bb_alloc(list->budget, CHUNK_LEAVES * sizeof **list->chunks);
        if (!list->chunks[chunk]) return fail_room(list, err);
    }
    r = &list->chunks[chunk][list->n_leaves % CHUNK_LEAVES];
    r->locator = (struct bb_source_locator){
        .archives = list->archives,
        .offset = t->offset,
        .archive = t->archive,
        .workbook = t->workbook,
        .crc = t->packed.crc,
        .n_packings = t->packed.n_packings,
        .checked = t->packed.checked,
        .mem = t->mem,
        .content_size = t->packed.size,
    };
    memcpy(r->locator.packings, t->packed.packings, sizeof r->locator.packings);
    r->leaf = (struct bb_leaf){
        .path = list->path,
        .member = t->member,
        .name = t->name,
        .size = t->size,
        .stored_size = t->stored_size,
        .member_time_s = t->time_s,
        .locator = &r->locator,
    };
    list->n_leaves++;
    return BB_OK;
}

static enum bb_status peek(struct bb_leaf_list *list, const struct bb_byte_range *range,
                           const struct bb_packed *packed, struct head *head, struct bb_error *why)
{
    enum bb_status status;
    head->n = 0;
    if (packed->n_packings == 0 || (packed->n_packings == 1 && packed->packings[0] == BB_PACKING_STORED))
        return bb_byte_range_read(range, 0, head->p, sizeof head->p, &head->n, why);
    status = list->peeker ? bb_inflate_restart(list->peeker, range, packed, PEEK_NBYTES, why)
                          : bb_inflate_new(range, packed, PEEK_NBYTES, list->budget, &list->peeker, why);
    BB_TRY(status);
    status = bb_inflate_read(list->peeker, head->p, sizeof head->p, &head->n, why);
    return status == BB_EOF ? BB_OK : status;
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

static enum bb_status examine(struct bb_leaf_list *list, struct thing t, const struct bb_byte_range *range,
                              struct head head, struct bb_error *err);

/* The name to show: what surrounds it, then its own without what could harm a terminal. */
static enum bb_status name_member(struct bb_leaf_list *list, struct bb_str around, struct bb_str raw,
                                  struct thing *t, struct bb_error *err)
{
    struct bb_buf *b = &list->scratch;
    size_t from;
    b->n = 0;
    if (raw.n == 0) raw = BB_STR("(no name)");
    if (raw.n > BB_ZIP_NAME_MAX_NBYTES) raw.n = BB_ZIP_NAME_MAX_NBYTES;
    if (around.n > 0 && (!bb_buf_put(b, around.p, around.n) || !bb_buf_putc(b, '/'))) return fail_room(list, err);
    from = b->n;
    if (!bb_buf_put(b, raw.p, raw.n)) return fail_room(list, err);
    for (size_t i = from; i < b->n; i++) {
        unsigned char c = (unsigned char)b->p[i];
        unsigned char before = i > from ? (unsigned char)b->p[i - 1] : 0;
        if (c < 0x20 || c == 0x7f) b->p[i] = '?';
        if (before == 0xc2 && c >= 0x80 && c < 0xa0) b->p[i - 1] = b->p[i] = '?'; /* control characters of UTF-8 */
        if (c == '\\') b->p[i] = '/'; /* written so by some Windows tools */
    }
    t->member = bb_text_put(&list->arena, bb_buf_str(b));
    if (!t->member.p) return fail_room(list, err);
    t->name = bb_path_base(t->member);
    return BB_OK;
}

/* Does a start of a member's data hold: right CRC, or at least no damage for a long while? */
static enum bb_status prove(struct bb_leaf_list *list, const struct bb_byte_range *range,
                            const struct bb_packed *packed, struct bb_error *why)
{
    enum { BLOCK_NBYTES = 64 << 10 };
    struct bb_inflate *inflate = NULL;
    uint64_t left = BB_MIN(PROOF_NBYTES, list->proof_left);
    enum bb_status status = BB_OK;
    char *block = bb_alloc(list->budget, BLOCK_NBYTES);
    size_t n;
    if (!block) return fail_room(list, why);
    status = bb_inflate_new(range, packed, 0, list->budget, &inflate, why);
    while (status == BB_OK && left > 0) {
        status = bb_inflate_read(inflate, block, BLOCK_NBYTES, &n, why);
        left -= BB_MIN(left, (uint64_t)n);
        list->proof_left -= BB_MIN(list->proof_left, (uint64_t)n);
    }
    bb_inflate_free(inflate);
    bb_free(block);
    return status == BB_EOF ? BB_OK : status;
}

/* Finds where the member's data begin and what they begin with. A failure is one of the member. */
static enum bb_status find_data(struct bb_leaf_list *list, const struct bb_zip_directory *zip,
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
    status = peek(list, &part, packed, head, &ignored);
    if (status == BB_SKIP || (status == BB_OK && !certain)) {
        for (unsigned i = 0; i < n; i++) {
            part = bb_byte_range_part(&zip->range, starts[i], entry->stored_size);
            status = prove(list, &part, packed, &ignored);
            if (status == BB_OK) best = i;
            if (status != BB_SKIP) break;
        }
        if (status == BB_OK || status == BB_SKIP) {
            part = bb_byte_range_part(&zip->range, starts[best], entry->stored_size);
            status = peek(list, &part, packed, head, &ignored);
        }
    }
    *start_ret = starts[best];
    if (status ==
        BB_SKIP) { /* a leaf all the same: what can be read of it is read, and reading tells what is wrong */
        head->n = 0;
        status = BB_OK;
    }
    if (status != BB_OK) *why = ignored;
    return status;
}

static enum bb_status list_member(struct bb_leaf_list *list, const struct thing *around,
                                  const struct bb_zip_directory *zip, uint32_t archive,
                                  const struct bb_zip_entry *entry, struct bb_error *err)
{
    struct bb_error why;
    struct bb_byte_range part;
    struct head head;
    struct thing t = {
        .size = entry->size,
        .stored_size = entry->stored_size,
        .time_s = entry->time_s,
        .archive = archive,
        .workbook = BB_NO_ARCHIVE,
        .packed = { .n_packings = 1, .checked = 1, .crc = entry->crc, .size = entry->size },
        .depth = around->depth + 1,
    };
    if (entry->name.n > 0 && (entry->name.p[entry->name.n - 1] == '/' || entry->name.p[entry->name.n - 1] == '\\'))
        return BB_OK;
    BB_TRY(name_member(list, around->member, entry->name, &t, err));
    if (t.name.n > 0 && t.name.p[0] == '.') return BB_OK;
    if (entry->flags & (1u | 1u << 6 | 1u << 13)) {
        bb_fail(&why, BB_SKIP, "the member is encrypted; unpack the archive with its password first");
        return tolerate(list, t.member, &why, err);
    }
    if (entry->name.n > BB_ZIP_NAME_MAX_NBYTES) {
        bb_fail(&why, BB_SKIP, "the member's name has %zu bytes; at most %d are read", entry->name.n,
                BB_ZIP_NAME_MAX_NBYTES);
        return tolerate(list, t.member, &why, err);
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
        return tolerate(list, t.member, &why, err);
    }
    if (find_data(list, zip, entry, &t.packed, &t.offset, &head, &why) != BB_OK)
        return tolerate(list, t.member, &why, err);
    part = bb_byte_range_part(&zip->range, t.offset, t.stored_size);
    return examine(list, t, &part, head, err);
}

/* What the whole directory shows: a document, or members that share bytes (then a small file can hold endless content). */
static enum bb_status survey(struct bb_zip_directory *zip, int *document_ret, int *workbook_ret, int *overlap_ret,
                             struct bb_error *why)
{
    struct bb_zip_entry entry;
    enum bb_status status;
    uint64_t stored = 0;
    int types = 0;
    *document_ret = *workbook_ret = *overlap_ret = 0;
    for (unsigned i = 0; (status = bb_zip_directory_next(zip, &entry, why)) == BB_OK; i++) {
        if (bb_str_is(entry.name, "[Content_Types].xml")) types = 1; /* Office */
        if (bb_str_is(entry.name, "xl/workbook.xml")) *workbook_ret = 1;
        if (i == 0 && bb_str_is(entry.name, "mimetype") && entry.method == 0)
            *document_ret = 1; /* OpenDocument, EPUB */
        if (entry.stored_size <= zip->range.n) stored += entry.stored_size;
        if (stored > zip->range.n) {
            *overlap_ret = 1;
            break;
        }
    }
    *document_ret |= types;
    *workbook_ret &= types;
    bb_zip_directory_rewind(zip);
    return status == BB_IO || status == BB_BUDGET ? status : BB_OK;
}

static enum bb_status list_members(struct bb_leaf_list *list, const struct thing *t, struct bb_zip_directory *zip,
                                   uint32_t archive, struct bb_error *err)
{
    size_t before = list->n_leaves + list->n_problems;
    struct bb_zip_entry entry;
    struct bb_error why;
    enum bb_status status;
    while ((status = bb_zip_directory_next(zip, &entry, &why)) == BB_OK) {
        if (++list->n_members > MAX_MEMBERS) {
            bb_fail(&why, BB_SKIP, "the file holds more than %u members; the further ones are not read",
                    MAX_MEMBERS);
            return list->n_members == MAX_MEMBERS + 1 ? tolerate(list, t->member, &why, err) : BB_OK;
        }
        BB_TRY(list_member(list, t, zip, archive, &entry, err));
    }
    if (status == BB_EOF && list->n_leaves + list->n_problems == before)
        status = bb_fail(&why, BB_SKIP, "the archive holds no files");
    return status == BB_EOF ? BB_OK : tolerate(list, t->member, &why, err);
}

static enum bb_status list_zip(struct bb_leaf_list *list, const struct thing *t, struct bb_error *err)
{
    struct bb_archive_place place = {
        .parent = t->archive,
        .path = list->path,
        .mem = t->mem,
        .offset = t->offset,
        .n = t->stored_size,
        .packed = t->packed,
    };
    struct bb_archive_bytes bytes;
    struct bb_zip_directory zip;
    struct bb_error why;
    uint32_t archive;
    enum bb_status status;
    int document, workbook, overlap;
    if (t->depth >= MAX_DEPTH) {
        bb_fail(&why, BB_SKIP, "archives within archives are read %u deep; unpack this one first", MAX_DEPTH);
        return tolerate(list, t->member, &why, err);
    }
    if (list->n_archives++ >= MAX_ARCHIVES ||
        bb_archive_set_unpacked_nbytes(list->archives) - list->unpacked_before > MAX_UNPACKED_NBYTES) {
        bb_fail(&why, BB_SKIP, "the file holds too many or too large inner archives; unpack it first");
        return tolerate(list, t->member, &why, err);
    }
    if (!bb_archive_set_add(list->archives, &place, &archive)) return fail_room(list, err);
    if (bb_archive_open(list->archives, archive, &bytes, &why) != BB_OK)
        return tolerate(list, t->member, &why, err);
    if (bb_zip_directory_init(&zip, &bytes.range, list->budget, &why) != BB_OK) {
        status = tolerate(list, t->member, &why, err);
        bb_archive_close(list->archives, &bytes);
        return status;
    }
    status = survey(&zip, &document, &workbook, &overlap, &why);
    if (status != BB_OK) {
        status = tolerate(list, t->member, &why, err);
    } else if (document) {
        struct thing leaf = *t;
        if (workbook) {
            leaf.workbook = archive;
            leaf.size = 0; /* of the text that is read from it: not known */
        }
        status = add_leaf(list, &leaf, err);
    } else if (overlap) {
        bb_fail(&why, BB_SKIP, "the members claim more bytes than the archive has: a hostile or damaged archive");
        status = tolerate(list, t->member, &why, err);
    } else {
        status = list_members(list, t, &zip, archive, err);
    }
    bb_zip_directory_reset(&zip);
    bb_archive_close(list->archives, &bytes);
    return status;
}

/* range: the thing's packed bytes; head: the beginning of its content. */
static enum bb_status examine(struct bb_leaf_list *list, struct thing t, const struct bb_byte_range *range,
                              struct head head, struct bb_error *err)
{
    struct bb_error why;
    int packing;
    while ((packing = packing_of(&head)) >= 0) {
        if (t.depth >= MAX_DEPTH || t.packed.n_packings >= BB_MAX_PACKINGS) {
            bb_fail(&why, BB_SKIP, "the content is packed more than %u times; unpack it first", MAX_DEPTH);
            return tolerate(list, t.member, &why, err);
        }
        t.packed.packings[t.packed.n_packings++] = (uint8_t)packing;
        t.depth++;
        t.size = 0;
        t.name = without_suffix(t.name);
        if (peek(list, range, &t.packed, &head, &why) == BB_OK) continue;
        if (why.status != BB_SKIP) return tolerate(list, t.member, &why, err);
        break; /* reading it will tell */
    }
    if (packing < 0 && is_zip(&head)) return list_zip(list, &t, err);
    return add_leaf(list, &t, err);
}

static enum bb_status list_file(struct bb_leaf_list *list, struct bb_str path, const void *mem, uint64_t mem_n,
                                struct bb_error *err)
{
    struct thing t = { .member = BB_STR(""),
                       .name = bb_path_base(path),
                       .archive = BB_NO_ARCHIVE,
                       .workbook = BB_NO_ARCHIVE,
                       .mem = mem };
    struct bb_byte_range range = { .mem = mem, .fd = -1, .n = mem_n };
    struct bb_error why;
    struct head head;
    enum bb_status status;
    list->path = path;
    list->n_members = list->n_archives = list->n_problems_here = 0;
    list->unpacked_before = bb_archive_set_unpacked_nbytes(list->archives);
    list->proof_left = MAX_PROOF_NBYTES;
    if (!mem && bb_open_file(path.p, &range.fd, &range.n, &why) != BB_OK)
        return add_problem(list, path, t.member, &why, err);
    t.size = t.stored_size = range.n;
    if (peek(list, &range, &t.packed, &head, &why) == BB_OK) {
        status = examine(list, t, &range, head, err);
    } else {
        status = add_problem(list, path, t.member, &why, err);
    }
    if (range.fd >= 0) close(range.fd);
    return status;
}

static enum bb_status walk_problem(void *ctx, struct bb_str path, const struct bb_error *why, struct bb_error *err)
{
    struct bb_leaf_list *list = ctx;
    struct bb_str kept = bb_text_put(&list->arena, path);
    if (!kept.p) return fail_room(list, err);
    list->n_problems_here = 0;
    return add_problem(list, kept, BB_STR(""), why, err);
}

static int by_path(const void *a, const void *b)
{
    const struct problem *p = *(struct problem *const *)a, *q = *(struct problem *const *)b;
    int order = bb_str_cmp(p->told.path, q->told.path);
    return order != 0 ? order : p->serial < q->serial ? -1 : p->serial > q->serial;
}

static struct bb_leaf_list *list_alloc(const char *temp_dir, struct bb_budget *budget)
{
    struct bb_leaf_list *list = bb_calloc(budget, sizeof *list);
    if (!list) return NULL;
    list->budget = budget;
    list->arena.budget = budget;
    bb_buf_init(&list->scratch, budget, (MAX_DEPTH + 1) * (BB_ZIP_NAME_MAX_NBYTES + 1));
    list->archives = bb_archive_set_new(temp_dir, budget);
    if (list->archives) return list;
    bb_leaf_list_free(list);
    return NULL;
}

static enum bb_status finish(struct bb_leaf_list *list, enum bb_status status, struct bb_leaf_list **list_ret)
{
    if (status == BB_OK) {
        if (list->n_problems > 1) qsort(list->problems, list->n_problems, sizeof *list->problems, by_path);
        bb_buf_reset(&list->scratch);
        bb_inflate_free(list->peeker);
        list->peeker = NULL;
        *list_ret = list;
    } else {
        bb_leaf_list_free(list);
    }
    return status;
}

enum bb_status bb_leaf_list_new(const char *const *inputs, size_t n_inputs, const char *temp_dir,
                                struct bb_budget *budget, struct bb_leaf_list **list_ret, struct bb_error *err)
{
    return bb_leaf_list_apart(inputs, n_inputs, NULL, temp_dir, budget, list_ret, err);
}

enum bb_status bb_leaf_list_apart(const char *const *inputs, size_t n_inputs, const struct bb_apart *apart,
                                  const char *temp_dir, struct bb_budget *budget, struct bb_leaf_list **list_ret,
                                  struct bb_error *err)
{
    struct bb_leaf_list *list = list_alloc(temp_dir, budget);
    struct bb_walk walk = { .budget = budget, .problem = walk_problem, .ctx = list, .apart = apart };
    enum bb_status status;
    *list_ret = NULL;
    if (!list) return bb_fail_budget(err, budget, "the list of input files");
    walk.arena = &list->arena;
    status = bb_walk(&walk, inputs, n_inputs, err);
    for (size_t i = 0; i < walk.n && status == BB_OK; i++) status = list_file(list, walk.paths[i], NULL, 0, err);
    bb_free(walk.paths);
    return finish(list, status, list_ret);
}

enum bb_status bb_leaf_list_of_bytes(const char *name, const void *data, size_t n, const char *temp_dir,
                                     struct bb_budget *budget, struct bb_leaf_list **list_ret, struct bb_error *err)
{
    struct bb_leaf_list *list = list_alloc(temp_dir, budget);
    enum bb_status status;
    struct bb_str path;
    *list_ret = NULL;
    if (!list) return bb_fail_budget(err, budget, "the list of input files");
    path = bb_text_put(&list->arena, bb_str_of(name));
    status = path.p ? list_file(list, path, data ? data : "", data ? n : 0, err) : fail_room(list, err);
    return finish(list, status, list_ret);
}

void bb_leaf_list_free(struct bb_leaf_list *list)
{
    if (!list) return;
    for (size_t i = 0; i * CHUNK_LEAVES < list->n_leaves; i++) bb_free(list->chunks[i]);
    for (size_t i = 0; i < list->n_problems; i++) bb_free(list->problems[i]);
    bb_free(list->chunks);
    bb_free(list->problems);
    bb_buf_reset(&list->scratch);
    bb_inflate_free(list->peeker);
    bb_text_arena_reset(&list->arena);
    bb_archive_set_free(list->archives);
    bb_free(list);
}

size_t bb_leaf_count(const struct bb_leaf_list *list) { return list->n_leaves; }
const struct bb_leaf *bb_leaf_at(const struct bb_leaf_list *list, size_t i)
{
    return &list->chunks[i / CHUNK_LEAVES][i % CHUNK_LEAVES].leaf;
}
size_t bb_leaf_problem_count(const struct bb_leaf_list *list) { return list->n_problems; }
const struct bb_leaf_problem *bb_leaf_problem_at(const struct bb_leaf_list *list, size_t i)
{
    return &list->problems[i]->told;
}
