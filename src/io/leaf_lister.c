#include "io/leaf_lister.h"

#include "io/zip_lister.h"

#include <unistd.h>

#define CHUNK_LEAVES 256u
#define PEEK_NBYTES  384u /* of packed bytes: enough for the first block's tables */

struct bb_leaf_chunk {
    struct bb_leaf_chunk *next;
    unsigned n;
    struct bb_found_leaf leaves[CHUNK_LEAVES];
};

enum bb_status bb_lister_fail_room(struct bb_lister *l, struct bb_error *err)
{
    return bb_fail_budget(err, l->budget, "the list of input files");
}

void bb_chain_hang(struct bb_chain *chain, struct bb_found *found)
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
    if (!p) return bb_lister_fail_room(l, err);
    *p = (struct bb_found_problem){ .found.kind = BB_FOUND_PROBLEM,
                                    .older = l->problems,
                                    .told = { path, member, *why } };
    l->problems = p;
    bb_chain_hang(chain, &p->found);
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

enum bb_status bb_lister_tolerate(struct bb_lister *l, struct bb_str member, const struct bb_error *why,
                                  struct bb_error *err)
{
    if (why->status == BB_SKIP) return add_problem(l, member, why, err);
    if (err) *err = *why;
    return why->status;
}

/* head: as for bb_lister_add_leaf. */
static void show(struct bb_lister *l, struct bb_leaf *leaf, const struct bb_packed *packed,
                 const struct bb_thing_head *head)
{
    size_t n = head ? head->text_n : 0, more = 0;
    struct bb_error ignored;
    if (!l->look) return;
    if (n == BB_THING_HEAD_NBYTES && head->goes_on &&
        bb_inflate_read(l->peeker, l->head + n, sizeof l->head - n, &more, &ignored) == BB_OK)
        n += more;
    if (n < sizeof l->head || (packed->checked && packed->size < n)) n = 0;
    l->look(l->look_ctx, leaf, (struct bb_str){ l->head, n });
}

enum bb_status bb_lister_add_leaf(struct bb_lister *l, const struct bb_thing *t, const struct bb_thing_head *head,
                                  struct bb_error *err)
{
    struct bb_leaf_chunk *chunk = l->chunks;
    struct bb_found_leaf *f;
    if (!chunk || chunk->n == CHUNK_LEAVES) {
        chunk = bb_alloc(l->budget, sizeof *chunk);
        if (!chunk) return bb_lister_fail_room(l, err);
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
    bb_chain_hang(l->found, &f->found);
    show(l, &f->leaf, &t->packed, head);
    return BB_OK;
}

enum bb_status bb_lister_peek(struct bb_lister *l, const struct bb_byte_range *range,
                              const struct bb_packed *packed, struct bb_thing_head *head, struct bb_error *why)
{
    int is_plain = packed->n_packings == 0 || (packed->n_packings == 1 && packed->packings[0] == BB_PACKING_STORED);
    size_t n = is_plain && l->look ? sizeof l->head : BB_THING_HEAD_NBYTES;
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

static int begins(const struct bb_thing_head *head, const char *magic, size_t n)
{
    return head->n >= n && memcmp(head->p, magic, n) == 0;
}

int bb_head_is_zip(const struct bb_thing_head *head)
{
    return begins(head, "PK\3\4", 4) || begins(head, "PK\5\6", 4);
}

/* -1: not packed */
static int packing_of(const struct bb_thing_head *head)
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

enum bb_status bb_lister_examine(struct bb_lister *l, struct bb_thing t, const struct bb_byte_range *range,
                                 struct bb_thing_head head, struct bb_error *err)
{
    struct bb_error why;
    int packing;
    while ((packing = packing_of(&head)) >= 0) {
        if (t.depth >= BB_MAX_DEPTH || t.packed.n_packings >= BB_MAX_PACKINGS) {
            bb_fail(&why, BB_SKIP, "the content is packed more than %u times; unpack it first", BB_MAX_DEPTH);
            return bb_lister_tolerate(l, t.member, &why, err);
        }
        t.packed.packings[t.packed.n_packings++] = (uint8_t)packing;
        t.depth++;
        t.size = 0;
        t.name = without_suffix(t.name);
        if (bb_lister_peek(l, range, &t.packed, &head, &why) == BB_OK) continue;
        if (why.status != BB_SKIP) return bb_lister_tolerate(l, t.member, &why, err);
        break; /* reading it will tell */
    }
    if (packing < 0 && bb_head_is_zip(&head)) return bb_lister_zip(l, &t, range, NULL, err);
    return bb_lister_add_leaf(l, &t, &head, err);
}

enum bb_status bb_lister_file(struct bb_lister *l, struct bb_outer_file *file, struct bb_error *err)
{
    struct bb_thing t = { .member = BB_STR(""), .name = bb_path_base(file->path), .mem = file->mem };
    struct bb_byte_range range = { .mem = file->mem, .fd = -1, .n = file->mem_n };
    struct bb_error why;
    struct bb_thing_head head;
    enum bb_status status;
    l->file = file;
    l->found = &file->found;
    if (!file->mem && bb_open_file(file->path.p, &range.fd, &range.n, &why) != BB_OK)
        return add_problem(l, t.member, &why, err);
    t.size = t.stored_size = range.n;
    if (bb_lister_peek(l, &range, &t.packed, &head, &why) == BB_OK)
        status = bb_lister_examine(l, t, &range, head, err);
    else
        status = add_problem(l, t.member, &why, err);
    if (range.fd >= 0) close(range.fd);
    return status;
}

void bb_lister_init(struct bb_lister *l, struct bb_archive_set *archives, struct bb_budget *budget)
{
    *l = (struct bb_lister){ .budget = budget, .archives = archives, .arena.budget = budget };
    bb_buf_init(&l->scratch, budget, (BB_MAX_DEPTH + 1) * (BB_ZIP_NAME_MAX_NBYTES + 1));
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
