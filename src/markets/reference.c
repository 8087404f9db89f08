#include "markets/reference.h"
#include "base/hash.h"
#include "markets/place_rule.h"

#include <math.h>

#define MAX_ENTRIES     ((size_t)1 << 18) /* several times the locations of the largest operator */
#define TEXT_MAX_NBYTES ((size_t)200)
#define LINE_MAX_NBYTES ((size_t)64 << 10)

struct entry {
    uint64_t hash;
    uint32_t text; /* in the arena: location, then zone */
    uint16_t n_id, n_zone;
    int32_t from_day; /* effective date */
    uint8_t iso, has_type;
    uint8_t type;
    double voltage_kv; /* NaN: not said */
};

struct bb_reference {
    struct bb_budget *budget;
    struct entry *entries;
    size_t n, cap;
    size_t n_names; /* of the entries: see put_name */
    char *arena;
    size_t arena_n, arena_cap;
    uint32_t *table; /* entry + 1 */
    size_t table_size;
};

struct bb_reference *bb_reference_new(struct bb_budget *budget)
{
    struct bb_reference *r = bb_calloc(budget, sizeof *r);
    if (r) r->budget = budget;
    return r;
}

void bb_reference_free(struct bb_reference *r)
{
    if (!r) return;
    bb_free(r->entries);
    bb_free(r->arena);
    bb_free(r->table);
    bb_free(r);
}

size_t bb_reference_count(const struct bb_reference *r) { return r->n - r->n_names; }

static uint64_t hash_of(enum bb_iso iso, struct bb_str id)
{
    return bb_hash64(id.p, id.n) * 0x9E3779B97F4A7C15u + (uint64_t)iso;
}

static struct bb_str id_of(const struct bb_reference *r, const struct entry *e)
{
    return (struct bb_str){ r->arena + e->text, e->n_id };
}
static struct bb_str zone_of(const struct bb_reference *r, const struct entry *e)
{
    return (struct bb_str){ r->arena + e->text + e->n_id, e->n_zone };
}

static struct entry *find(const struct bb_reference *r, enum bb_iso iso, struct bb_str id)
{
    uint64_t hash = hash_of(iso, id);
    if (r->table_size == 0) return NULL;
    for (size_t i = hash & (r->table_size - 1); r->table[i]; i = (i + 1) & (r->table_size - 1)) {
        struct entry *e = &r->entries[r->table[i] - 1];
        if (e->hash == hash && e->iso == (uint8_t)iso && bb_str_eq(id_of(r, e), id)) return e;
    }
    return NULL;
}

static int make_table(struct bb_reference *r, size_t size)
{
    uint32_t *table = bb_calloc(r->budget, size * sizeof *table);
    if (!table) return 0;
    for (size_t n = 0; n < r->n; n++) {
        size_t i = r->entries[n].hash & (size - 1);
        while (table[i]) i = (i + 1) & (size - 1);
        table[i] = (uint32_t)n + 1;
    }
    bb_free(r->table);
    r->table = table;
    r->table_size = size;
    return 1;
}

/* What one record says. */
struct line {
    struct bb_str id, name, also, zone;
    int32_t from_day;
    int has_type;
    enum bb_type type;
    double voltage_kv;
};

static int put_text(struct bb_reference *r, struct entry *e, const struct line *line)
{
    if (!bb_grow(r->budget, (void **)&r->arena, &r->arena_cap, r->arena_n + line->id.n + line->zone.n + 1, 1))
        return 0;
    e->text = (uint32_t)r->arena_n;
    e->n_id = (uint16_t)line->id.n;
    e->n_zone = (uint16_t)line->zone.n;
    memcpy(r->arena + e->text, line->id.p, line->id.n);
    memcpy(r->arena + e->text + e->n_id, line->zone.p, line->zone.n);
    r->arena_n += line->id.n + line->zone.n;
    return 1;
}

static int put(struct bb_reference *r, enum bb_iso iso, const struct line *line)
{
    struct entry *e = find(r, iso, line->id), fresh;
    size_t i;
    if (e) {
        struct bb_str zone = zone_of(r, e);
        int order =
            line->from_day != e->from_day ? (line->from_day > e->from_day ? 1 : -1) : bb_str_cmp(line->zone, zone);
        if (order == 0)
            order = line->voltage_kv > e->voltage_kv || (isnan(e->voltage_kv) && !isnan(line->voltage_kv));
        if (order <= 0) return 1;
        fresh = *e;
        if (!put_text(r, &fresh, line)) return 0;
        *e = fresh;
    } else {
        if (r->n == MAX_ENTRIES) return 1;
        if (!bb_grow(r->budget, (void **)&r->entries, &r->cap, r->n + 1, sizeof *r->entries)) return 0;
        if ((r->n + 1) * 2 > r->table_size && !make_table(r, r->table_size ? r->table_size * 2 : 1024)) return 0;
        e = &r->entries[r->n];
        *e = (struct entry){ .hash = hash_of(iso, line->id), .iso = (uint8_t)iso };
        if (!put_text(r, e, line)) return 0;
        for (i = e->hash & (r->table_size - 1); r->table[i];) i = (i + 1) & (r->table_size - 1);
        r->table[i] = (uint32_t)++r->n;
    }
    e->from_day = line->from_day;
    e->has_type = line->has_type != 0;
    e->type = (uint8_t)line->type;
    e->voltage_kv = line->voltage_kv;
    return 1;
}

static int read_line(const struct bb_format *format, const struct bb_binding *b, struct bb_str text,
                     struct line *line)
{
    struct bb_str fields[BB_MAX_FIELDS];
    size_t n = bb_line_fields(text, fields, BB_MAX_FIELDS);
    struct bb_flaw ignored;
    *line = (struct line){ .voltage_kv = NAN, .from_day = INT32_MIN };
    for (int i = 0; format->columns[i].header; i++) {
        int f = b->field[i];
        struct bb_str s;
        if (f < 0 || (size_t)f >= BB_MIN(n, (size_t)BB_MAX_FIELDS)) continue;
        s = fields[f];
        if (s.n > TEXT_MAX_NBYTES || !bb_place_text_ok(s, f, &ignored)) return 0;
        switch ((int)format->columns[i].role) {
        case BB_LOCATION_ID: line->id = s; break;
        case BB_LOCATION_NAME: line->name = s; break;
        case BB_REFERENCE_ALSO: line->also = s; break;
        case BB_LOCATION_ZONE: line->zone = s; break;
        case BB_LOCATION_VOLTAGE: line->voltage_kv = bb_place_voltage(s); break;
        case BB_LOCATION_TYPE:
            for (const struct bb_word *w = format->types; w && w->word; w++)
                if (bb_str_eq_nocase(s, bb_str_of(w->word)))
                    line->has_type = 1, line->type = (enum bb_type)w->value;
            break;
        case BB_EFFECTIVE_FROM: {
            struct bb_wall wall;
            if (bb_stamp_wall(s.p, s.n, &wall) == 0) line->from_day = wall.day;
            break;
        }
        default: break;
        }
    }
    if (line->id.n == 0) line->id = line->name;
    return line->id.n != 0;
}

/* Names that lists give ids for stand in the same table, as if they were locations of another operator whose zone is the id. A name that two
 * locations share gives none: has_type says so. */
#define NAMES_OF(iso) ((enum bb_iso)((int)(iso) | 64))

static int put_name(struct bb_reference *r, enum bb_iso iso, struct bb_str name, struct bb_str id)
{
    struct entry *e = find(r, NAMES_OF(iso), name);
    struct line line = { .id = name, .zone = id, .voltage_kv = NAN, .from_day = INT32_MIN };
    if (!e) {
        size_t before = r->n;
        if (!put(r, NAMES_OF(iso), &line)) return 0;
        r->n_names += r->n - before;
        return 1;
    }
    if (!bb_str_eq(zone_of(r, e), id)) e->has_type = 1;
    return 1;
}

struct bb_str bb_reference_id_of(const struct bb_reference *r, enum bb_iso iso, struct bb_str name)
{
    const struct entry *e = find(r, NAMES_OF(iso), name);
    return e && !e->has_type ? zone_of(r, e) : (struct bb_str){ "", 0 };
}

/* A list that tells nothing but names must not hide what another one tells. */
static int tells(const struct bb_format *format)
{
    for (int i = 0; format->columns[i].header; i++) {
        enum bb_role role = format->columns[i].role;
        if (role == BB_LOCATION_ZONE || role == BB_LOCATION_VOLTAGE || role == BB_LOCATION_TYPE) return 1;
    }
    return 0;
}

enum bb_status bb_reference_read(struct bb_reference *r, const struct bb_detection *d, const char *text, size_t n,
                                 uint64_t first_byte, uint64_t *n_taken, struct bb_error *err)
{
    const char *p = text, *end = text + n;
    if (!tells(d->format)) return BB_OK;
    if (first_byte < d->binding.data_at) p += BB_MIN((uint64_t)n, d->binding.data_at - first_byte);
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        struct bb_str s = { p, (size_t)((stop ? stop : end) - p) };
        struct line line;
        p = stop ? stop + 1 : end;
        if (s.n && s.p[s.n - 1] == '\r') s.n--;
        if (s.n > LINE_MAX_NBYTES || !read_line(d->format, &d->binding, s, &line)) continue;
        if (!put(r, d->format->iso, &line) ||
            (line.name.n && !bb_str_eq(line.name, line.id) && !put_name(r, d->format->iso, line.name, line.id)))
            return bb_fail_budget(err, r->budget, "a list of locations");
        if (line.also.n) {
            line.id = line.also;
            if (!put(r, d->format->iso, &line)) return bb_fail_budget(err, r->budget, "a list of locations");
        }
        if (n_taken) ++*n_taken;
    }
    return BB_OK;
}

void bb_reference_fill(const struct bb_reference *r, enum bb_iso iso, struct bb_place_key *key)
{
    const struct entry *e = find(r, iso, key->identity);
    if (!e) return;
    if (key->zone.n == 0) key->zone = zone_of(r, e);
    if (isnan(key->voltage_kv)) key->voltage_kv = e->voltage_kv;
    if (e->has_type && key->type == BB_TYPE_NODE && bb_type_half((enum bb_type)e->type) == bb_type_half(key->type))
        key->type = (enum bb_type)e->type;
}
