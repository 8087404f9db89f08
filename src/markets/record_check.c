/* The rare ways of a record through the mapper: what is odd is looked at again with care, then read or rejected. */
#include "markets/place_rule.h"
#include "markets/time_rule.h"
#include "base/hash.h"

#include <stdarg.h>
#include <stdio.h>

#define REJECT_TEXT_MAX 4096

void bb_flaw_set(struct bb_flaw *flaw, const char *reason, int field, const char *fmt, ...)
{
    va_list ap;
    flaw->reason = reason;
    flaw->field = field;
    va_start(ap, fmt);
    vsnprintf(flaw->detail, sizeof flaw->detail, fmt, ap);
    va_end(ap);
}

static struct bb_str record_text(const struct bb_pass *pass, const struct bb_record *rec)
{
    uint32_t from = rec->start, to = rec->sep[rec->n - 1];
    if (to > from && pass->text[to - 1] == '\r') to--;
    return (struct bb_str){ pass->text + from, to - from };
}

static int is_blank(struct bb_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ',' && s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '"' && s.p[i] != '\r') return 0;
    return 1;
}

void bb_pass_reject(struct bb_pass *pass, const struct bb_record *rec, const struct bb_flaw *flaw)
{
    const struct bb_reader *reader = pass->reader;
    struct bb_str text = record_text(pass, rec);
    struct bb_reject reject;
    /* Lines of nothing but commas (spreadsheets) and headers repeated by joining files hold no data. */
    if (is_blank(text) || bb_str_eq(text, reader->header_line)) {
        pass->counts->records--;
        return;
    }
    pass->counts->rejects++;
    if (!pass->block->on_reject) return;
    reject.line = pass->line + rec->r;
    reject.byte = pass->byte + rec->start;
    reject.column = flaw->field >= 0 && flaw->field < reader->n_fields ? reader->names[flaw->field] : "";
    reject.reason = flaw->reason;
    reject.detail = flaw->detail;
    reject.text = (struct bb_str){ text.p, BB_MIN(text.n, (size_t)REJECT_TEXT_MAX) };
    pass->block->on_reject(pass->block->reject_ctx, &reject);
}

int bb_record_odd(struct bb_pass *pass, const struct bb_record *rec)
{
    struct bb_flaw flaw;
    int extra_is_blank = rec->n > pass->reader->n_fields;
    if (extra_is_blank && (pass->reader->format->flags & BB_FORMAT_EXTRA_FIELDS)) return 1;
    if (is_blank(record_text(pass, rec))) return 0;
    for (int f = pass->reader->n_fields; f < rec->n && extra_is_blank; f++)
        extra_is_blank = bb_str_trim(bb_record_field(pass->text, rec, f)).n == 0;
    if (extra_is_blank) return 1;
    bb_flaw_set(&flaw, "field_count", -1, "%d fields where the header has %d%s", rec->n, pass->reader->n_fields,
                rec->n < pass->reader->n_fields ? ": the record is cut off" : "");
    pass->counts->records++;
    bb_pass_reject(pass, rec, &flaw);
    return 0;
}

/* Stamps of the hour that comes twice: a record that repeats the one before it byte for byte is a copy, not the second pass,
 * where a second pass would begin with another stamp. */
static int repeats_last(struct bb_pass *pass, const struct bb_record *rec)
{
    struct bb_row_order *order = &pass->reader->order;
    struct bb_str text = record_text(pass, rec);
    uint64_t line = pass->line + rec->r, hash = bb_hash64(text.p, text.n);
    int same = order->last_line + 1 == line && order->last_hash == hash;
    order->last_line = line;
    order->last_hash = hash;
    return same && pass->reader->dataset.minutes < 60;
}

int bb_pass_order(struct bb_pass *pass, const struct bb_record *rec, uint32_t place, uint32_t *utc_s)
{
    struct bb_flaw flaw;
    int decided;
    if (pass->need.kind == BB_ORDER_LEFT_OUT) {
        pass->counts->other_datasets++;
        return 0;
    }
    if (pass->need.kind == BB_ORDER_TWICE && repeats_last(pass, rec)) {
        *utc_s = pass->reader->order.last_utc_s;
        return 1;
    }
    decided = bb_row_order_decide(&pass->reader->order, pass->reader->budget, &pass->need, place, utc_s);
    pass->reader->order.last_utc_s = *utc_s;
    if (decided > 0) return 1;
    if (decided < 0) {
        pass->status = bb_fail_budget(pass->err, pass->reader->budget, "the order of a file's rows");
        return 0;
    }
    bb_flaw_set(&flaw, "no_such_local_time", pass->need.field,
                "this hour does not exist: the clock was put forward over it");
    bb_pass_reject(pass, rec, &flaw);
    return 0;
}

struct bb_str bb_span_collect(const struct bb_pass *pass, const struct bb_record *rec, const struct bb_span *span)
{
    /* Each key has a part of the scratch memory of its own; a field is part of one record, so it fits. */
    char *out = pass->worker->scratch;
    size_t n = 0;
    for (int i = 0; i < span->n; i++) {
        struct bb_str s = bb_record_field(pass->text, rec, span->field[i]);
        if (i) out[n++] = '\x1F';
        memcpy(out + n, s.p, s.n);
        n += s.n;
    }
    return (struct bb_str){ out, n };
}

/* Field without quotes; scratch is used from the given offset on and must outlive the result. */
static struct bb_str clean_field(const struct bb_pass *pass, const struct bb_record *rec, int field, char *scratch)
{
    return bb_csv_unquote(bb_record_field(pass->text, rec, field), scratch);
}

static void clean_span(const struct bb_pass *pass, const struct bb_record *rec, const struct bb_span *span,
                       struct bb_str texts[8])
{
    char *scratch = pass->worker->unquoted;
    for (int i = 0; i < span->n; i++) {
        texts[i] = clean_field(pass, rec, span->field[i], scratch);
        scratch += bb_record_field(pass->text, rec, span->field[i]).n;
    }
}

/* Rows of the later run of an interval take precedence: each run has a slice of its own. */
static int choose_slice(struct bb_pass *pass)
{
    const struct bb_block *block = pass->block;
    if (!block->slice_of_run || !(pass->reader->format->flags & BB_FORMAT_FLOOR)) return 1;
    pass->status = block->slice_of_run(block->run_ctx, pass->need.run_s, &pass->slice, pass->err);
    return pass->status == BB_OK;
}

int bb_pass_time_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, uint32_t *utc_s_ret)
{
    struct bb_time_entry *slot = bb_time_cache_slot(pass->worker->times, pass->reader->time_layout, raw);
    if (!bb_time_entry_is(slot, pass->reader->time_layout, raw)) {
        struct bb_str texts[8];
        struct bb_flaw flaw;
        clean_span(pass, rec, &pass->reader->time, texts);
        if (!bb_time_resolve(pass->reader, texts, utc_s_ret, &pass->need, &flaw)) {
            pass->need.kind = BB_ORDER_SETTLED; /* the flaw belongs to this text only */
            pass->last_time.n = 0;
            bb_pass_reject(pass, rec, &flaw);
            return 0;
        }
        if (pass->need.kind != BB_ORDER_SETTLED) { /* the same text may mean another time in a later record */
            pass->last_time = pass->reader->time.together ? raw : (struct bb_str){ "", 0 };
            pass->last_utc_s = *utc_s_ret;
            return choose_slice(pass);
        }
        bb_time_entry_set(slot, pass->reader->time_layout, raw, *utc_s_ret, pass->need.run_s);
    } else {
        *utc_s_ret = slot->utc_s;
        pass->need.kind = BB_ORDER_SETTLED;
        pass->need.run_s = slot->run_s;
    }
    /* a key that was put together lives in scratch memory only until the next one; its copy in the cache stays until a
     * later miss, which comes through here again */
    if (pass->reader->time.together)
        pass->last_time = raw;
    else
        pass->last_time = (struct bb_str){ slot->text, raw.n <= BB_TIME_TEXT_MAX ? raw.n : 0 };
    pass->last_utc_s = *utc_s_ret;
    return choose_slice(pass);
}

static void tell_unknown(const struct bb_pass *pass, const struct bb_str texts[8])
{
    const struct bb_span *span = &pass->reader->place;
    int energy = pass->reader->format->kind == BB_ENERGY;
    if (!pass->block->on_unknown) return;
    for (int i = 0; i < span->n; i++)
        if (energy ? span->role[i] == BB_LOCATION_TYPE
                   : span->role[i] == BB_AS_PRODUCT || span->role[i] == BB_LOCATION_NAME)
            pass->block->on_unknown(pass->block->unknown_ctx, pass->reader->names[span->field[i]], texts[i]);
}

/* wide: the product columns that the place is for, or NULL. */
static int place_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, uint64_t layout,
                      const struct bb_wide_column *wide, uint32_t *place_ret)
{
    const struct bb_place_entry *e = bb_place_cache_find(&pass->worker->places, layout, raw);
    char scratch[BB_PLACE_ROOM_NBYTES];
    struct bb_str texts[8];
    struct bb_place_key key;
    struct bb_flaw flaw;
    int unknown;
    if (e) {
        *place_ret = e->place;
        pass->counts->unknown_words += e->unknown;
        return 1;
    }
    clean_span(pass, rec, &pass->reader->place, texts);
    if (!bb_place_resolve(pass->reader, texts, wide, scratch, &key, &unknown, &flaw)) {
        bb_pass_reject(pass, rec, &flaw);
        return 0;
    }
    if (unknown) tell_unknown(pass, texts);
    pass->status = bb_places_intern(pass->reader->places, &key, place_ret, pass->err);
    if (pass->status != BB_OK) return 0;
    if (!bb_place_cache_add(&pass->worker->places, layout, raw, *place_ret, unknown)) {
        pass->status = bb_fail_budget(pass->err, pass->worker->budget, "a worker's list of locations");
        return 0;
    }
    pass->counts->unknown_words += (uint64_t)unknown;
    return 1;
}

int bb_pass_place_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, uint32_t *place_ret)
{
    return place_miss(pass, rec, raw, pass->reader->layout, NULL, place_ret);
}

int bb_pass_wide_place_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, int product,
                            uint32_t *place_ret)
{
    return place_miss(pass, rec, raw, bb_wide_layout(pass->reader, product), &pass->reader->wide[product],
                      place_ret);
}

int bb_pass_component_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, int *slot_ret)
{
    const struct bb_span *span = &pass->reader->component;
    const struct bb_word *w = pass->reader->format->components;
    struct bb_str texts[8], word = { "", 0 }, item = { NULL, 0 };
    struct bb_flaw flaw;
    int word_field = -1, item_field = -1;
    unsigned n_known = BB_MIN(pass->n_components, BB_N_COMPONENTS_KNOWN);
    for (unsigned i = 0; i < n_known; i++) {
        const struct bb_known_component *known = &pass->components[i];
        if (known->raw.n != raw.n || !bb_text_same(known->raw.p, raw.p, raw.n)) continue;
        pass->last_component = raw;
        *slot_ret = pass->last_slot = known->slot;
        return 1;
    }
    clean_span(pass, rec, span, texts);
    for (int i = 0; i < span->n; i++) {
        if (span->role[i] == BB_COMPONENT)
            word = bb_str_trim(texts[i]), word_field = span->field[i];
        else
            item = bb_str_trim(texts[i]), item_field = span->field[i];
    }
    while (w->word && !bb_str_eq_nocase(word, bb_str_of(w->word))) w++;
    if (!w->word) {
        bb_flaw_set(&flaw, "unknown_component", word_field, "\"%.*s\" is no price component of this report",
                    BB_STR_ARG(word));
        bb_pass_reject(pass, rec, &flaw);
        return 0;
    }
    if (item_field >= 0 && w->item && !bb_str_eq_nocase(item, bb_str_of(w->item))) {
        bb_flaw_set(&flaw, "contradiction", item_field, "\"%.*s\" beside \"%s\"", BB_STR_ARG(item), w->word);
        bb_pass_reject(pass, rec, &flaw);
        return 0;
    }
    *slot_ret = w->value;
    pass->last_component = span->together ? raw : (struct bb_str){ "", 0 };
    pass->last_slot = w->value;
    if (span->together)
        pass->components[pass->n_components++ % BB_N_COMPONENTS_KNOWN] =
            (struct bb_known_component){ raw, w->value };
    return 1;
}

int bb_pass_price_odd(struct bb_pass *pass, const struct bb_record *rec, int field, double *value_ret,
                      int *there_ret)
{
    struct bb_str s = clean_field(pass, rec, field, pass->worker->unquoted);
    struct bb_flaw flaw;
    enum bb_number kind = bb_decimal_parse(s.p, s.n, value_ret);
    *there_ret = kind == BB_NUMBER_OK;
    if (kind == BB_NUMBER_OK) return 1;
    *value_ret = 0;
    if (kind == BB_NUMBER_EMPTY) return 1;
    bb_flaw_set(&flaw, "bad_number", field, "\"%.*s\" %s", (int)BB_MIN(s.n, (size_t)100), s.p,
                kind == BB_NUMBER_TOO_LARGE ? "is too large: the largest number that can be kept is about 1.8e308"
                                            : "is not a decimal number");
    bb_pass_reject(pass, rec, &flaw);
    return 0;
}

int bb_pass_version_odd(struct bb_pass *pass, const struct bb_record *rec, uint16_t *version_ret)
{
    int field = pass->reader->version_field;
    struct bb_str s = bb_str_trim(clean_field(pass, rec, field, pass->worker->unquoted));
    struct bb_flaw flaw;
    double value; /* pandas writes 1.0 into columns that once held an empty field */
    if (s.n == 0) return 1;
    if (bb_decimal_parse(s.p, s.n, &value) == BB_NUMBER_OK && value >= 0 && value <= UINT16_MAX &&
        value == (double)(uint16_t)value) {
        *version_ret = (uint16_t)value;
        return 1;
    }
    bb_flaw_set(&flaw, "bad_version", field, "\"%.*s\" is not a version number", (int)BB_MIN(s.n, (size_t)100),
                s.p);
    bb_pass_reject(pass, rec, &flaw);
    return 0;
}

int bb_pass_current_odd(struct bb_pass *pass, const struct bb_record *rec, uint8_t *flags_ret)
{
    static const char *const words[] = { "true",  "1", "t", "y", "yes", "",   "1.0",
                                         "false", "0", "f", "n", "no",  "0.0" };
    int field = pass->reader->current_field;
    struct bb_str s = bb_str_trim(clean_field(pass, rec, field, pass->worker->unquoted));
    struct bb_flaw flaw;
    for (size_t i = 0; i < BB_ARRAY_LEN(words); i++) {
        if (!bb_str_eq_nocase(s, bb_str_of(words[i]))) continue;
        if (i >= 7) *flags_ret |= BB_ROW_NOT_CURRENT;
        return 1;
    }
    bb_flaw_set(&flaw, "bad_flag", field, "\"%.*s\" is neither True nor False", (int)BB_MIN(s.n, (size_t)100), s.p);
    bb_pass_reject(pass, rec, &flaw);
    return 0;
}

int bb_pass_run_odd(struct bb_pass *pass, const struct bb_record *rec)
{
    const char *word = pass->reader->market_run;
    int field = pass->reader->run_field;
    struct bb_str s = bb_str_trim(clean_field(pass, rec, field, pass->worker->unquoted));
    struct bb_flaw flaw;
    if (bb_str_eq_nocase(s, bb_str_of(word))) return 1;
    bb_flaw_set(&flaw, "other_market", field, "\"%.*s\" in a file of %s prices", (int)BB_MIN(s.n, (size_t)100), s.p,
                word);
    bb_pass_reject(pass, rec, &flaw);
    return 0;
}
