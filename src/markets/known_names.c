#include "markets/known_names.h"
#include "base/hash.h"

#define TEXT_BLOCK_NBYTES ((size_t)16 << 10)

struct entry { /* found by id and by name */
    struct bb_str name, id;
    uint8_t iso, type;
};

struct text_block {
    struct text_block *next;
    size_t used;
    char text[TEXT_BLOCK_NBYTES];
};

struct bb_known_names {
    struct bb_budget *budget;
    struct entry *entries;
    size_t n, cap;
    uint32_t *by_id, *by_name; /* entry + 1; one size for both */
    size_t table_size;
    struct text_block *text;
};

struct bb_known_names *bb_known_names_new(struct bb_budget *budget)
{
    struct bb_known_names *k = bb_calloc(budget, sizeof *k);
    if (k) k->budget = budget;
    return k;
}

void bb_known_names_free(struct bb_known_names *k)
{
    if (!k) return;
    while (k->text) {
        struct text_block *next = k->text->next;
        bb_free(k->text);
        k->text = next;
    }
    bb_free(k->entries);
    bb_free(k->by_id);
    bb_free(k->by_name);
    bb_free(k);
}

static uint32_t *slot(const struct bb_known_names *k, uint32_t *table, enum bb_iso iso, struct bb_str text,
                      int is_id)
{
    for (size_t i = bb_hash64(text.p, text.n) + (size_t)iso;; i++) {
        uint32_t *at = &table[i & (k->table_size - 1)];
        const struct entry *e = *at ? &k->entries[*at - 1] : NULL;
        if (!e || (e->iso == (uint8_t)iso && bb_str_eq(is_id ? e->id : e->name, text))) return at;
    }
}

static int grow(struct bb_known_names *k)
{
    size_t size = k->table_size ? k->table_size : 256;
    uint32_t *by_id, *by_name;
    if (!bb_grow(k->budget, (void **)&k->entries, &k->cap, k->n + 1, sizeof *k->entries)) return 0;
    if (k->table_size && (k->n + 1) * 2 <= k->table_size) return 1;
    if (k->table_size) size *= 2;
    by_id = bb_calloc(k->budget, size * sizeof *by_id);
    by_name = bb_calloc(k->budget, size * sizeof *by_name);
    if (!by_id || !by_name) {
        bb_free(by_id);
        bb_free(by_name);
        return 0;
    }
    bb_free(k->by_id);
    bb_free(k->by_name);
    k->by_id = by_id;
    k->by_name = by_name;
    k->table_size = size;
    for (size_t i = 0; i < k->n; i++) {
        const struct entry *e = &k->entries[i];
        if (e->id.n) *slot(k, k->by_id, (enum bb_iso)e->iso, e->id, 1) = (uint32_t)i + 1;
        *slot(k, k->by_name, (enum bb_iso)e->iso, e->name, 0) = (uint32_t)i + 1;
    }
    return 1;
}

static int keep(struct bb_known_names *k, struct bb_str *s)
{
    struct text_block *block = k->text;
    if (s->n == 0) return 1;
    if (s->n > TEXT_BLOCK_NBYTES) return 0;
    if (!block || block->used + s->n > TEXT_BLOCK_NBYTES) {
        block = bb_alloc(k->budget, sizeof *block);
        if (!block) return 0;
        block->next = k->text;
        block->used = 0;
        k->text = block;
    }
    memcpy(block->text + block->used, s->p, s->n);
    s->p = block->text + block->used;
    block->used += s->n;
    return 1;
}

int bb_known_names_learn(struct bb_known_names *k, enum bb_iso iso, const struct bb_place_key *key)
{
    struct entry e = { key->name, key->id, (uint8_t)iso, (uint8_t)key->type };
    if (bb_str_eq(key->name, key->id) && key->type == BB_TYPE_NODE) return 1; /* says nothing */
    if (bb_str_eq(key->name, key->id)) e.id.n = 0;
    if (e.id.n == 0 && key->type == BB_TYPE_NODE) return 1;
    if (!grow(k) || !keep(k, &e.name) || !keep(k, &e.id)) return 0;
    k->entries[k->n++] = e;
    if (e.id.n) *slot(k, k->by_id, iso, e.id, 1) = (uint32_t)k->n;
    *slot(k, k->by_name, iso, e.name, 0) = (uint32_t)k->n;
    return 1;
}

void bb_known_names_fill(const struct bb_known_names *k, enum bb_iso iso, struct bb_place_key *key)
{
    const struct entry *e = NULL;
    if (k->table_size == 0) return;
    if (key->id.n && bb_str_eq(key->name, key->id)) {
        uint32_t at = *slot(k, k->by_id, iso, key->id, 1);
        if (at) e = &k->entries[at - 1], key->name = e->name;
    }
    if (!e) {
        uint32_t at = *slot(k, k->by_name, iso, key->name, 0);
        if (!at) return;
        e = &k->entries[at - 1];
        if (key->id.n == 0) key->id = e->id;
    }
    if (key->type == BB_TYPE_NODE && bb_type_half((enum bb_type)e->type) == bb_type_half(key->type))
        key->type = (enum bb_type)e->type;
}
