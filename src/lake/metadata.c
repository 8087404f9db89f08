#include "lake/metadata.h"
#include "base/json.h"
#include "lake/lake.h"
#include "lake/quality_view.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_MAX_NBYTES ((size_t)256 << 20)
#define PIECE_NBYTES    ((size_t)64 << 10) /* written at a time: a registry of all nodes is 4 MB */
#define N_MINUTES       3
#define N_CODES         (BB_N_MARKET * N_MINUTES * BB_N_HALF) /* of datasets: fits the bits of a mask */
#define NO_TEXT         UINT32_MAX

_Static_assert(N_CODES <= 64, "datasets are bits of a uint64_t");

struct record { /* of one location or product; its name and id are those of the place */
    uint32_t first_utc_s, last_utc_s;
    uint32_t attributes_utc_s; /* last instant of the entry that type, zone, voltage and unit came from */
    uint32_t zone, unit;       /* places of m->texts */
    enum bb_type type;
    int is_product;
    double voltage_kv;
    uint64_t datasets;
};

struct coverage { /* of one dataset */
    uint32_t first_utc_s, last_utc_s;
    uint64_t rows, years[4]; /* bit y: 1900 + y */
};

struct market {
    struct bb_places *names; /* dense ids for (name, id, is_product) */
    struct record *records;
    size_t n, cap;
    struct coverage coverage[N_CODES];
    uint64_t datasets;
};

struct bb_metadata {
    struct bb_budget *budget;
    struct bb_places *texts; /* zones and units, as names */
    struct market operators[BB_N_ISO];
    uint32_t last_zone, last_unit; /* of the entry before */
};

static enum bb_status no_room(const struct bb_metadata *m, struct bb_error *err)
{
    return bb_fail_budget(err, m->budget, "the registry of locations");
}

enum bb_status bb_metadata_new(struct bb_budget *budget, struct bb_metadata **m_ret, struct bb_error *err)
{
    struct bb_metadata *m = bb_calloc(budget, sizeof *m);
    if (!m) return bb_fail_budget(err, budget, "the registry of locations");
    m->budget = budget;
    m->texts = bb_places_new(budget);
    if (!m->texts) {
        bb_metadata_free(m);
        return bb_fail_budget(err, budget, "the registry of locations");
    }
    m->last_zone = m->last_unit = NO_TEXT;
    *m_ret = m;
    return BB_OK;
}

void bb_metadata_free(struct bb_metadata *m)
{
    if (!m) return;
    for (int i = 0; i < BB_N_ISO; i++) {
        bb_places_free(m->operators[i].names);
        bb_free(m->operators[i].records);
    }
    bb_places_free(m->texts);
    bb_free(m);
}

/* ---- adding ---- */

static int minutes_code(int minutes) { return minutes == 60 ? 0 : minutes == 15 ? 1 : 2; }
static int code_of(const struct bb_dataset *d, enum bb_half half)
{
    return ((int)d->market * N_MINUTES + minutes_code(d->minutes)) * BB_N_HALF + (int)half;
}

static struct bb_dataset dataset_of(enum bb_iso iso, int code, enum bb_half *half)
{
    static const int minutes[N_MINUTES] = { 60, 15, 5 };
    *half = (enum bb_half)(code % BB_N_HALF);
    return (struct bb_dataset){ iso, (enum bb_market)(code / BB_N_HALF / N_MINUTES),
                                *half == BB_AS ? BB_ANCILLARY : BB_ENERGY, minutes[code / BB_N_HALF % N_MINUTES] };
}

/* *id_ret comes with a guess: neighbours often agree. */
static enum bb_status keep_text(struct bb_metadata *m, struct bb_str text, uint32_t *id_ret, struct bb_error *err)
{
    struct bb_place_key key = { .name = text, .voltage_kv = NAN };
    if (text.n == 0) {
        *id_ret = NO_TEXT;
        return BB_OK;
    }
    if (*id_ret != NO_TEXT && bb_str_eq(bb_places_at(m->texts, *id_ret)->name, text)) return BB_OK;
    return bb_places_intern(m->texts, &key, id_ret, err);
}

static struct bb_str text_of(struct bb_metadata *m, uint32_t id)
{
    return id == NO_TEXT ? (struct bb_str){ "", 0 } : bb_places_at(m->texts, id)->name;
}

static enum bb_status add_entry(struct bb_metadata *m, struct market *o, const struct bb_quality_entry *e,
                                int is_product, uint64_t dataset, struct bb_error *err)
{
    struct bb_place_key key = { .identity = e->key.name,
                                .name = e->key.name,
                                .id = e->key.id,
                                .voltage_kv = NAN,
                                .unit = is_product ? BB_STR("as") : BB_STR("") };
    struct record *r;
    uint32_t at, zone = m->last_zone, unit = m->last_unit;
    int newer;
    BB_TRY(bb_places_intern(o->names, &key, &at, err));
    BB_TRY(keep_text(m, e->key.zone, &zone, err));
    BB_TRY(keep_text(m, e->key.unit, &unit, err));
    m->last_zone = zone;
    m->last_unit = unit;
    if (at >= o->n) {
        if (!bb_grow(m->budget, (void **)&o->records, &o->cap, (size_t)at + 1, sizeof *o->records))
            return no_room(m, err);
        o->records[at] = (struct record){
            .first_utc_s = UINT32_MAX, .zone = NO_TEXT, .unit = NO_TEXT, .is_product = is_product, .voltage_kv = NAN
        };
        o->n = (size_t)at + 1;
    }
    r = &o->records[at];
    newer = e->last_utc_s > r->attributes_utc_s;
    if (!newer &&
        e->last_utc_s ==
            r->attributes_utc_s) { /* files come in any order: the greater attributes, so that it does not matter */
        int c = bb_str_cmp(e->key.zone, text_of(m, r->zone));
        newer = c > 0 || (c == 0 && e->key.type > r->type);
    }
    if (zone != NO_TEXT && (newer || r->zone == NO_TEXT)) r->zone = zone;
    if (unit != NO_TEXT && (newer || r->unit == NO_TEXT)) r->unit = unit;
    if (!isnan(e->key.voltage_kv) && (newer || isnan(r->voltage_kv))) r->voltage_kv = e->key.voltage_kv;
    if ((e->key.type != BB_TYPE_NODE || r->datasets == 0) && (newer || r->type == BB_TYPE_NODE))
        r->type = e->key.type;
    r->attributes_utc_s = BB_MAX(r->attributes_utc_s, e->last_utc_s);
    r->first_utc_s = BB_MIN(r->first_utc_s, e->first_utc_s);
    r->last_utc_s = BB_MAX(r->last_utc_s, e->last_utc_s);
    r->datasets |= dataset;
    return BB_OK;
}

enum bb_status bb_metadata_add(struct bb_metadata *m, const struct bb_quality_state *s, struct bb_error *err)
{
    struct market *o = &m->operators[s->dataset.iso];
    int code = code_of(&s->dataset, s->half), year = s->year - 1900;
    struct coverage *c = &o->coverage[code];
    struct bb_quality_group totals;
    if (s->n_entries == 0) return BB_OK;
    if (!o->names) o->names = bb_places_new(m->budget);
    if (!o->names) return no_room(m, err);
    bb_quality_totals(s, &totals);
    c->first_utc_s = o->datasets >> code & 1 ? BB_MIN(c->first_utc_s, s->first_utc_s) : s->first_utc_s;
    c->last_utc_s = BB_MAX(c->last_utc_s, s->last_utc_s);
    c->rows += totals.rows;
    if (year >= 0 && year < 256) c->years[year / 64] |= (uint64_t)1 << year % 64;
    o->datasets |= (uint64_t)1 << code;
    for (size_t i = 0; i < s->n_entries; i++)
        BB_TRY(add_entry(m, o, &s->entries[i], s->dataset.kind == BB_ANCILLARY, (uint64_t)1 << code, err));
    return BB_OK;
}

/* ---- writing ---- */

enum category { HUBS, ZONES, NODES, PRODUCTS, N_CATEGORY };
static const char *const category_names[N_CATEGORY] = { "hubs", "zones", "nodes", "ancillary_services" };

static enum category category_of(const struct record *r)
{
    if (r->is_product) return PRODUCTS;
    if (r->type == BB_TYPE_ZONE) return ZONES;
    return bb_type_half(r->type) == BB_HUB ? HUBS : NODES;
}

static void put_utc(struct bb_json *j, const char *key, uint32_t utc_s)
{
    char text[BB_TIME_TEXT];
    bb_json_put_cstr(j, key, bb_utc_text(utc_s, text));
}

static void put_optional(struct bb_json *j, const char *key, struct bb_str text)
{
    bb_json_key(j, key);
    if (text.n)
        bb_json_str(j, text);
    else
        bb_json_null(j);
}

static void put_attributes(struct bb_json *j, struct bb_metadata *m, enum bb_iso iso, const struct record *r)
{
    if (!r->is_product) bb_json_put_cstr(j, "type", bb_type_names[r->type]);
    put_optional(j, r->is_product ? "product_standard" : "zone", text_of(m, r->zone));
    if (r->is_product)
        put_optional(j, "unit", text_of(m, r->unit));
    else
        bb_json_put_num(j, "voltage_kv", r->voltage_kv);
    put_utc(j, "first", r->first_utc_s);
    put_utc(j, "last", r->last_utc_s);
    bb_json_key(j, "datasets");
    bb_json_open(j, '[');
    for (uint64_t left = r->datasets; left; left &= left - 1) {
        enum bb_half half;
        struct bb_dataset d = dataset_of(iso, __builtin_ctzll(left), &half);
        char name[64];
        bb_dataset_name(&d, half, name);
        bb_json_str(j, bb_str_of(name));
    }
    bb_json_close(j, ']');
}

/* Where in the buffer the attributes were spelled last: most locations have those of their neighbour. */
struct spelled {
    struct record record;
    size_t at, nbytes; /* 0: nowhere */
};

static int same_voltage(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static int same_attributes(const struct record *a, const struct record *b)
{
    return a->first_utc_s == b->first_utc_s && a->last_utc_s == b->last_utc_s && a->zone == b->zone &&
           a->unit == b->unit && a->type == b->type && a->is_product == b->is_product &&
           a->datasets == b->datasets && same_voltage(a->voltage_kv, b->voltage_kv);
}

static void put_record(struct bb_json *j, struct bb_metadata *m, enum bb_iso iso, const struct bb_place_key *key,
                       const struct record *r, struct spelled *last)
{
    bb_json_open(j, '{');
    bb_json_put_str(j, r->is_product ? "product" : "name", key->name);
    put_optional(j, r->is_product ? "region" : "id", key->id);
    if (last->nbytes > 0 && same_attributes(r, &last->record)) {
        bb_json_again(j, last->at, last->nbytes);
    } else {
        *last = (struct spelled){ .record = *r, .at = j->out->n };
        put_attributes(j, m, iso, r);
        last->nbytes = j->out->n - last->at;
    }
    bb_json_close(j, '}');
}

static enum bb_status publish(struct bb_metadata *m, const char *path, const struct bb_json *j, struct bb_buf *out,
                              struct bb_error *err)
{
    if (!bb_json_ok(j) || !bb_buf_putc(out, '\n')) return no_room(m, err);
    return bb_publish_text(path, bb_buf_str(out), err);
}

static enum bb_status write_category(struct bb_metadata *m, const char *root, enum bb_iso iso,
                                     enum category category, struct bb_publication *pub, struct bb_buf *out,
                                     struct bb_error *err)
{
    struct market *o = &m->operators[iso];
    const struct bb_place_order *order;
    struct spelled last = { .nbytes = 0 };
    char path[BB_PATH_MAX];
    struct bb_json j;
    int64_t n = 0;
    const char *what = category_names[category];
    if ((size_t)snprintf(path, sizeof path, "%s/metadata/%s/%s_%s.json", root, what, bb_iso_infos[iso].folder,
                         what) >= sizeof path)
        return bb_fail(err, BB_IO, "%.200s…: path is too long", root);
    for (size_t i = 0; i < o->n; i++) n += category_of(&o->records[i]) == category;
    if (n == 0)
        return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR
                   ? BB_OK
                   : bb_fail_errno(err, BB_IO, errno, "%s: cannot be removed", path);
    BB_TRY(bb_places_rank(o->names, &order, err));
    BB_TRY(bb_publish_begin(path, pub, err));
    out->n = 0;
    bb_json_init(&j, out, 1);
    bb_json_open(&j, '{');
    bb_json_put_cstr(&j, "iso", bb_iso_infos[iso].name);
    bb_json_put_int(&j, "count", n);
    bb_json_key(&j, what);
    bb_json_open(&j, '[');
    for (size_t i = 0; i < o->n; i++) {
        uint32_t place = order->place_at[i];
        if (category_of(&o->records[place]) != category) continue;
        put_record(&j, m, iso, bb_places_at(o->names, place), &o->records[place], &last);
        if (out->n < PIECE_NBYTES) continue;
        BB_TRY(bb_publish_write(pub, bb_buf_str(out), err));
        out->n = last.nbytes = 0;
    }
    bb_json_close(&j, ']');
    bb_json_close(&j, '}');
    if (!bb_json_ok(&j) || !bb_buf_putc(out, '\n')) return no_room(m, err);
    BB_TRY(bb_publish_write(pub, bb_buf_str(out), err));
    BB_TRY(bb_publish_sync(pub, err));
    return bb_publish_commit(pub, err);
}

enum bb_status bb_metadata_write(struct bb_metadata *m, const char *root, enum bb_iso iso, struct bb_error *err)
{
    struct bb_buf out;
    enum bb_status status = BB_OK;
    bb_buf_init(&out, m->budget, FILE_MAX_NBYTES);
    for (int c = 0; c < N_CATEGORY && status == BB_OK; c++) {
        struct bb_publication pub = { .fd = -1 };
        status = write_category(m, root, iso, (enum category)c, &pub, &out, err);
        if (status != BB_OK) bb_publish_abort(&pub);
    }
    bb_buf_reset(&out);
    return status;
}

static void put_coverage(struct bb_json *j, struct market *o, enum bb_iso iso, int code)
{
    const struct coverage *c = &o->coverage[code];
    enum bb_half half;
    char name[64];
    int64_t n = 0;
    struct bb_dataset d = dataset_of(iso, code, &half);
    bb_dataset_name(&d, half, name);
    for (size_t i = 0; i < o->n; i++) n += (int64_t)(o->records[i].datasets >> code & 1);
    bb_json_open(j, '{');
    bb_json_put_cstr(j, "dataset", name);
    bb_json_put_cstr(j, "market_type", bb_market_names[d.market]);
    bb_json_put_int(j, "interval_minutes", d.minutes);
    put_utc(j, "first", c->first_utc_s);
    put_utc(j, "last", c->last_utc_s);
    bb_json_put_int(j, "rows", (int64_t)c->rows);
    bb_json_put_int(j, half == BB_AS ? "products" : "locations", n);
    bb_json_key(j, "years");
    bb_json_open(j, '[');
    for (int y = 0; y < 256; y++)
        if (c->years[y / 64] >> y % 64 & 1) bb_json_int(j, 1900 + y);
    bb_json_close(j, ']');
    bb_json_close(j, '}');
}

static void put_resolutions(struct bb_json *j, const struct market *o, enum bb_iso iso)
{
    int seen[61] = { 0 };
    for (int code = 0; code < N_CODES; code++) {
        enum bb_half half;
        if (o->datasets >> code & 1) seen[dataset_of(iso, code, &half).minutes] = 1;
    }
    bb_json_key(j, "resolutions_minutes");
    bb_json_open(j, '[');
    for (int minutes = 60; minutes > 0; minutes--)
        if (seen[minutes]) bb_json_int(j, minutes);
    bb_json_close(j, ']');
}

enum bb_status bb_metadata_write_market_info(struct bb_metadata *m, const char *root, struct bb_error *err)
{
    struct bb_buf out;
    struct bb_json j;
    char path[BB_PATH_MAX];
    enum bb_status status;
    if ((size_t)snprintf(path, sizeof path, "%s/metadata/market_info.json", root) >= sizeof path)
        return bb_fail(err, BB_IO, "%.200s…: path is too long", root);
    bb_buf_init(&out, m->budget, FILE_MAX_NBYTES);
    bb_json_init(&j, &out, 1);
    bb_json_open(&j, '{');
    bb_json_key(&j, "operators");
    bb_json_open(&j, '[');
    for (int iso = 0; iso < BB_N_ISO; iso++) {
        struct market *o = &m->operators[iso];
        if (o->datasets == 0) continue;
        bb_json_open(&j, '{');
        bb_json_put_cstr(&j, "iso", bb_iso_infos[iso].name);
        bb_json_put_cstr(&j, "time_zone", bb_iso_infos[iso].zone_name);
        put_resolutions(&j, o, (enum bb_iso)iso);
        bb_json_key(&j, "datasets");
        bb_json_open(&j, '[');
        for (int code = 0; code < N_CODES; code++)
            if (o->datasets >> code & 1) put_coverage(&j, o, (enum bb_iso)iso, code);
        bb_json_close(&j, ']');
        bb_json_close(&j, '}');
    }
    bb_json_close(&j, ']');
    bb_json_close(&j, '}');
    status = publish(m, path, &j, &out, err);
    bb_buf_reset(&out);
    return status;
}
