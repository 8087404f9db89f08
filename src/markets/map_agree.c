#include "markets/map_agree.h"
#include "markets/mapper.h"

#define MAX_PLACES ((size_t)4096)

enum said { NOTHING, ONE_PRICE, DISAGREED };
struct bb_agree_entry {
    uint32_t slice; /* where it was said first */
    uint8_t said[BB_MAX_HOURS];
    double value[BB_MAX_HOURS];
};

void bb_agree_reset(struct bb_agree *a)
{
    bb_free(a->entries);
    bb_free(a->places);
    memset(a, 0, sizeof *a);
}

/* Records of a place follow each other or come in the same order again, so the search begins behind the last hit. */
static size_t find(const struct bb_agree *a, uint32_t place)
{
    for (size_t k = 0; k < a->n; k++) {
        size_t i = (a->last + k) % a->n;
        if (a->places[i] == place) return i;
    }
    return a->n;
}

static struct bb_agree_entry *entry_of(struct bb_pass *pass, uint32_t place)
{
    struct bb_agree *a = &pass->reader->agree;
    struct bb_budget *budget = pass->reader->budget;
    size_t i = find(a, place);
    if (i == a->n) {
        if (a->n == MAX_PLACES) {
            pass->status = bb_fail(pass->err, BB_SKIP,
                                   "more than %zu products and zones: this is not the report that its header says",
                                   MAX_PLACES);
            return NULL;
        }
        if (!bb_grow(budget, (void **)&a->entries, &a->cap, a->n + 1, sizeof *a->entries) ||
            !bb_grow(budget, (void **)&a->places, &a->places_cap, a->n + 1, sizeof *a->places)) {
            pass->status = bb_fail_budget(pass->err, budget, "a report's zones");
            return NULL;
        }
        memset(&a->entries[i], 0, sizeof a->entries[i]);
        a->entries[i].slice = pass->block->slice;
        a->places[i] = place;
        a->n++;
    }
    a->last = i;
    return &a->entries[i];
}

/* The second table of the file has a header of its own. */
static int is_header(const struct bb_pass *pass, const struct bb_record *rec)
{
    const struct bb_reader *reader = pass->reader;
    for (int i = 0; i < reader->place.n; i++) {
        int f = reader->place.field[i];
        if (reader->place.role[i] != BB_AS_PRODUCT) continue;
        return bb_str_eq_nocase(bb_str_trim(bb_record_field(pass->text, rec, f)), bb_str_of(reader->names[f]));
    }
    return 0;
}

static void say(struct bb_pass *pass, const struct bb_record *rec, struct bb_agree_entry *entry, int h)
{
    int field = pass->reader->first_hour + h, there = 0;
    struct bb_flaw flaw;
    double value = 0;
    if (!bb_pass_price(pass, rec, field, &value, &there) || !there || entry->said[h] == DISAGREED) return;
    if (entry->said[h] == NOTHING) {
        entry->said[h] = ONE_PRICE;
        entry->value[h] = value;
        return;
    }
    if (entry->value[h] == value) return;
    bb_flaw_set(&flaw, "contradiction", field,
                "%.10g where an earlier record of the same product and zone says %.10g; neither is taken", value,
                entry->value[h]);
    bb_pass_reject(pass, rec, &flaw);
    entry->said[h] = DISAGREED;
}

enum bb_status bb_map_agree(struct bb_pass *pass)
{
    size_t n_records = pass->worker->index.n_lines;
    for (size_t r = 0; r < n_records; r++) {
        struct bb_record rec;
        struct bb_agree_entry *entry;
        uint32_t place;
        if (!bb_record_open(pass, r, &rec)) continue;
        if (is_header(pass, &rec)) {
            pass->counts->records--;
            continue;
        }
        if (!bb_pass_place(pass, &rec, &place)) {
            if (pass->status != BB_OK) return pass->status;
            continue;
        }
        entry = entry_of(pass, place);
        if (!entry) return pass->status;
        for (int h = 0; h < pass->reader->n_hours; h++) say(pass, &rec, entry, h);
    }
    return BB_OK;
}

enum bb_status bb_agree_emit(struct bb_pass *pass)
{
    struct bb_reader *reader = pass->reader;
    for (size_t i = 0; i < reader->agree.n; i++) {
        const struct bb_agree_entry *entry = &reader->agree.entries[i];
        for (int h = 0; h < reader->n_hours; h++) {
            struct bb_row *row = bb_pass_row(pass);
            if (entry->said[h] != ONE_PRICE || reader->hour_utc_s[h] < 0) continue;
            memset(row, 0, sizeof *row);
            row->start_utc_s = (uint32_t)reader->hour_utc_s[h];
            row->place = reader->agree.places[i];
            row->slice = entry->slice;
            row->version = reader->version;
            row->flags = reader->flags;
            row->value[BB_VALUE_PRICE] = entry->value[h];
            row->present = 1u << BB_VALUE_PRICE;
            if (!bb_pass_emit(pass)) return pass->status;
        }
    }
    bb_agree_reset(&reader->agree);
    return BB_OK;
}
