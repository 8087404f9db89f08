/* Inside the markets floor: what the shapes (map_flat.c, map_long.c, map_wide.c) share. */
#ifndef BB_MAPPER_H
#define BB_MAPPER_H

#include "base/decimal.h"
#include "markets/day_table.h"
#include "markets/map_agree.h"
#include "markets/place_cache.h"
#include "markets/reader.h"
#include "markets/record_letter.h"
#include "markets/row_order.h"
#include "markets/time_cache.h"

/* Columns whose raw bytes together are the key of a cache. Neighbouring columns are one stretch of text; others are put
 * together in scratch memory. */
struct bb_span {
    int n, together;
    int first, last;  /* lowest and highest field */
    int16_t field[8]; /* in the order of the format's table */
    enum bb_role role[8];
};

/* WIDE_AS: the columns with clearing price and cleared quantity of one product; -1: there is none. */
struct bb_wide_column {
    int field, quantity_field;
    const char *product, *region; /* region NULL: the record's */
};

struct bb_reader {
    const struct bb_format *format;
    struct bb_dataset dataset;
    const struct bb_zone *zone;
    struct bb_places *places;
    struct bb_budget *budget;
    const struct bb_reference *reference; /* or NULL */
    const struct bb_known_names *known;   /* or NULL */
    uint64_t layout;                      /* of format, dataset and column map: tags cache entries */
    uint64_t time_layout;                 /* the same for instants, which may also depend on the file's day */
    size_t data_at;                       /* records start here, in the content */
    int n_fields;                         /* fields of a record: the header's names; more only if empty */
    char *header;                         /* names, each ended by NUL */
    const char **names;
    struct bb_str header_line; /* as it stands: a repeated header is not a bad record */
    char *header_text;
    struct bb_span time, place, component;
    /* LONG: the columns from the first to the last that say whose price of what a record is, with what stands between them,
     * unless that is a time, price or version: then -1. */
    int subject_first, subject_last;
    int n_prices;
    int16_t price_field[BB_N_VALUES], price_slot[BB_N_VALUES];
    uint8_t price_negated[BB_N_VALUES];
    int value_field, run_field, version_field, current_field; /* -1: none */
    int first_hour, n_hours;
    struct bb_wide_column wide[BB_MAX_COLUMNS];
    int n_wide;
    int64_t hour_utc_s[BB_MAX_HOURS]; /* of the file's day; -1: no such hour */
    uint16_t version;
    uint8_t flags; /* of every row: partial, preliminary */
    int derive_energy;
    char market_run[40]; /* run_field must say this */
    size_t market_run_n;
    int32_t shift_s; /* added to every stamp */
    int64_t from_utc_s,
        until_utc_s; /* rows outside belong to another resolution of the file; 0, 0: there is none */
    int day_known;   /* the file's day, for stamps that are only a time of day */
    int32_t day;
    int64_t cut_from_utc_s,
        cut_to_utc_s; /* intervals that end after the first and start before the second are left out */
    /* What sequential reading remembers from record to record: only one thread at a time is in here. */
    struct bb_row_order order;
    struct bb_letters letters;
    struct bb_agree agree;
};

struct bb_worker {
    struct bb_budget *budget;
    struct bb_csv_index index;
    struct bb_place_cache places;
    struct bb_time_cache *times;
    struct bb_day_table day; /* WIDE_LONG */
    char *scratch;           /* BB_SCRATCH_NBYTES: keys of columns that do not touch */
    char *unquoted;          /* as long: fields without their quotes */
};
#define BB_SCRATCH_NBYTES (BB_CSV_PIECE_MAX_NBYTES + 1024)

/* A price text of up to eight bytes and its value: the energy component is the same for all locations of an instant. */
struct bb_last_price {
    uint64_t text; /* its bytes, the last one in the highest */
    size_t n;      /* 0: none */
    double value;
};

/* A component as a report spells it. */
#define BB_N_COMPONENTS_KNOWN 8
struct bb_known_component {
    struct bb_str raw; /* in the block's text */
    int slot;
};

/* LONG: what the columns from subject_first to subject_last said last. */
struct bb_subject {
    struct bb_str raw, place_raw; /* in the block's text; n == 0: none */
    int slot;
    uint32_t place, unknown;
};

/* One piece of a block being mapped. */
struct bb_pass {
    struct bb_reader *reader;
    struct bb_worker *worker;
    const struct bb_block *block;
    struct bb_row_batch *out;
    struct bb_block_counts *counts;
    struct bb_error *err;
    const char *text;                        /* of the piece */
    uint64_t line, byte;                     /* of its first record */
    uint32_t slice;                          /* of last_time's run */
    struct bb_str last_time, last_component; /* raw, in the block's text; n == 0: none */
    uint32_t last_utc_s;
    struct bb_order_need need; /* of last_time: what is still to be decided */
    int last_slot;
    struct bb_known_component components[BB_N_COMPONENTS_KNOWN]; /* what was last_component before */
    unsigned n_components;
    struct bb_subject subject;
    struct bb_last_price last_prices[BB_N_VALUES]; /* FLAT, one per price column */
    uint32_t
        hours_of; /* WIDE with a date in every record: hour_utc_s is for the day that begins here; 0: for none yet */
    int64_t hour_utc_s[BB_MAX_HOURS];
    enum bb_status status; /* of what failed for good: memory, flush */
};

struct bb_record {
    const uint32_t *sep; /* of its first field's end; sep[-1] + 1 is its start */
    uint32_t start;
    int n;
    size_t r;
};

enum bb_status bb_map_flat(struct bb_pass *pass);
enum bb_status bb_map_long(struct bb_pass *pass);
enum bb_status bb_map_wide(struct bb_pass *pass);
/* Around the pieces of a WIDE_LONG block: what is left of a file that failed is forgotten; what no later block of this worker adds to is sent. */
void bb_wide_begin(struct bb_pass *pass);
enum bb_status bb_wide_end(struct bb_pass *pass);
/* The starts of the hour columns of a local day; -1: the day has no such hour. */
void bb_reader_hours(const struct bb_reader *reader, int32_t day, int64_t hour_utc_s_ret[BB_MAX_HOURS]);
enum bb_status bb_map_wide_as(struct bb_pass *pass);

/* What is wrong with a record. */
struct bb_flaw {
    const char *reason; /* NULL: nothing */
    int field;          /* -1: the whole record */
    char detail[240];
};
void bb_flaw_set(struct bb_flaw *flaw, const char *reason, int field, const char *fmt, ...) BB_PRINTF(4, 5);
void bb_pass_reject(struct bb_pass *pass, const struct bb_record *rec, const struct bb_flaw *flaw);

/* The rare ways through a record's check: 1 when it is to be read although its number of fields differs; otherwise it was
 * skipped (blank) or rejected. */
int bb_record_odd(struct bb_pass *pass, const struct bb_record *rec);
/* 1: the record is data (letter D); 0: it was a comment, header or trailer, or pass->status says what is wrong. */
int bb_record_letter(struct bb_pass *pass, const struct bb_record *rec);
/* What the stamp alone does not decide, once the place is known. 1: *utc_s is final; 0: rejected or left out. */
int bb_pass_order(struct bb_pass *pass, const struct bb_record *rec, uint32_t place, uint32_t *utc_s);
int bb_pass_time_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, uint32_t *utc_s_ret);
int bb_pass_place_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, uint32_t *place_ret);
int bb_pass_wide_place_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, int product,
                            uint32_t *place_ret);
int bb_pass_component_miss(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw, int *slot_ret);
int bb_pass_price_odd(struct bb_pass *pass, const struct bb_record *rec, int field, double *value_ret,
                      int *there_ret);
int bb_pass_version_odd(struct bb_pass *pass, const struct bb_record *rec, uint16_t *version_ret);
int bb_pass_current_odd(struct bb_pass *pass, const struct bb_record *rec, uint8_t *flags_ret);
int bb_pass_run_odd(struct bb_pass *pass, const struct bb_record *rec);
struct bb_str bb_span_collect(const struct bb_pass *pass, const struct bb_record *rec, const struct bb_span *span);

/* Raw field f, its '\r' before a newline excluded. */
static inline struct bb_str bb_record_field(const char *text, const struct bb_record *rec, int f)
{
    uint32_t from = rec->sep[f - 1] + 1, to = rec->sep[f];
    if (text[to] == '\n' && to > from && text[to - 1] == '\r') to--;
    return (struct bb_str){ text + from, to - from };
}

static inline struct bb_str bb_span_raw(const struct bb_pass *pass, const struct bb_record *rec,
                                        const struct bb_span *span)
{
    uint32_t from, to;
    if (BB_UNLIKELY(!span->together)) return bb_span_collect(pass, rec, span);
    from = rec->sep[span->first - 1] + 1;
    to = rec->sep[span->last];
    if (pass->text[to] == '\n' && to > from && pass->text[to - 1] == '\r') to--;
    return (struct bb_str){ pass->text + from, to - from };
}

/* 1: the record is to be read. */
static inline int bb_record_open(struct bb_pass *pass, size_t r, struct bb_record *rec)
{
    const struct bb_csv_index *ix = &pass->worker->index;
    size_t first = bb_csv_first_sep(ix, r);
    rec->sep = ix->seps + first;
    rec->start = rec->sep[-1] + 1;
    rec->n = (int)(ix->lines[r] - first) + 1;
    rec->r = r;
    if (BB_UNLIKELY(pass->reader->letters.used) && !bb_record_letter(pass, rec)) return 0;
    if (BB_UNLIKELY(rec->n != pass->reader->n_fields) && !bb_record_odd(pass, rec)) return 0;
    pass->counts->records++;
    return 1;
}

static inline int bb_pass_time(struct bb_pass *pass, const struct bb_record *rec, uint32_t *utc_s_ret)
{
    struct bb_str raw = bb_span_raw(pass, rec, &pass->reader->time);
    if (BB_LIKELY(raw.n == pass->last_time.n && raw.n && bb_text_same(raw.p, pass->last_time.p, raw.n))) {
        *utc_s_ret = pass->last_utc_s;
        return 1;
    }
    return bb_pass_time_miss(pass, rec, raw, utc_s_ret);
}

/* The same where the times of a location follow each other from record to record: only what came after this time last time
 * is worth a look here. */
static inline int bb_pass_time_in_turn(struct bb_pass *pass, const struct bb_record *rec, uint32_t *utc_s_ret)
{
    const struct bb_reader *reader = pass->reader;
    struct bb_str raw = bb_span_raw(pass, rec, &reader->time);
    const struct bb_time_entry *e;
    if (BB_UNLIKELY(!reader->time.together || (reader->format->flags & BB_FORMAT_FLOOR)) ||
        !(e = bb_time_cache_next(pass->worker->times, reader->time_layout, raw)))
        return bb_pass_time(pass, rec, utc_s_ret);
    pass->last_time.n = 0; /* is another one, and asking for it again would lead here */
    pass->need.kind = BB_ORDER_SETTLED;
    *utc_s_ret = e->utc_s;
    return 1;
}

static inline int bb_pass_place(struct bb_pass *pass, const struct bb_record *rec, uint32_t *place_ret)
{
    struct bb_str raw = bb_span_raw(pass, rec, &pass->reader->place);
    const struct bb_place_entry *e = bb_place_cache_next(&pass->worker->places, pass->reader->layout, raw);
    if (BB_UNLIKELY(!e)) return bb_pass_place_miss(pass, rec, raw, place_ret);
    *place_ret = e->place;
    pass->counts->unknown_words += e->unknown;
    return 1;
}

/* A WIDE_AS record holds several products: each has cache entries of its own for the record's region. */
static inline uint64_t bb_wide_layout(const struct bb_reader *reader, int product)
{
    return reader->layout + (uint64_t)(product + 1) * 0x9E3779B97F4A7C15u;
}

static inline int bb_pass_wide_place(struct bb_pass *pass, const struct bb_record *rec, struct bb_str raw,
                                     int product, uint32_t *place_ret)
{
    const struct bb_place_entry *e =
        bb_place_cache_next(&pass->worker->places, bb_wide_layout(pass->reader, product), raw);
    if (BB_UNLIKELY(!e)) return bb_pass_wide_place_miss(pass, rec, raw, product, place_ret);
    *place_ret = e->place;
    pass->counts->unknown_words += e->unknown;
    return 1;
}

static inline int bb_pass_price(struct bb_pass *pass, const struct bb_record *rec, int field, double *value_ret,
                                int *there_ret)
{
    struct bb_str s = bb_record_field(pass->text, rec, field);
    if (BB_UNLIKELY(bb_decimal_parse_padded(s.p, s.n, value_ret) != BB_NUMBER_OK))
        return bb_pass_price_odd(pass, rec, field, value_ret, there_ret);
    *there_ret = 1;
    return 1;
}

/* The same for a column that may say what it said in the record before. */
static inline __attribute__((always_inline)) int bb_pass_price_again(struct bb_pass *pass,
                                                                     const struct bb_record *rec, int field,
                                                                     struct bb_last_price *last, double *value_ret,
                                                                     int *there_ret)
{
    struct bb_str s = bb_record_field(pass->text, rec, field);
    uint64_t text;
    *there_ret = 1;
    if (BB_UNLIKELY(s.n == 0)) return bb_pass_price_odd(pass, rec, field, value_ret, there_ret);
    memcpy(&text, s.p, 8);
    text <<= s.n < 8 ? 64 - 8 * s.n : 0;
    if (text == last->text && s.n == last->n) {
        *value_ret = last->value;
        return 1;
    }
    if (BB_UNLIKELY(bb_decimal_parse_padded(s.p, s.n, value_ret) != BB_NUMBER_OK))
        return bb_pass_price_odd(pass, rec, field, value_ret, there_ret);
    *last = (struct bb_last_price){ text, s.n <= 8 ? s.n : 0, *value_ret };
    return 1;
}

static inline int bb_pass_component(struct bb_pass *pass, const struct bb_record *rec, int *slot_ret)
{
    struct bb_str raw = bb_span_raw(pass, rec, &pass->reader->component);
    if (BB_LIKELY(raw.n == pass->last_component.n && raw.n && bb_text_same(raw.p, pass->last_component.p, raw.n))) {
        *slot_ret = pass->last_slot;
        return 1;
    }
    return bb_pass_component_miss(pass, rec, raw, slot_ret);
}

/* 1: the record is of the market that the file is about. */
static inline int bb_pass_run(struct bb_pass *pass, const struct bb_record *rec)
{
    const struct bb_reader *reader = pass->reader;
    struct bb_str s;
    if (reader->run_field < 0) return 1;
    s = bb_record_field(pass->text, rec, reader->run_field);
    if (BB_LIKELY(s.n == reader->market_run_n && memcmp(s.p, reader->market_run, s.n) == 0)) return 1;
    return bb_pass_run_odd(pass, rec);
}

/* LONG: component, market run and place. Mostly those of the record before: then the whole stretch of columns is the same
 * text, and one look says so. 0: rejected. */
static inline int bb_pass_subject(struct bb_pass *pass, const struct bb_record *rec, int *slot_ret,
                                  uint32_t *place_ret)
{
    const struct bb_reader *reader = pass->reader;
    struct bb_subject *last = &pass->subject;
    struct bb_str raw = { "", 0 }, place_raw = { "", 0 };
    uint64_t unknown;
    if (BB_LIKELY(reader->subject_first >= 0)) {
        uint32_t from = rec->sep[reader->subject_first - 1] + 1;
        raw = (struct bb_str){ pass->text + from, rec->sep[reader->subject_last] - from };
        if (BB_LIKELY(raw.n == last->raw.n && raw.n && bb_text_same(raw.p, last->raw.p, raw.n))) {
            *slot_ret = last->slot;
            *place_ret = last->place;
            pass->counts->unknown_words += last->unknown;
            return 1;
        }
    }
    if (reader->component.n && !bb_pass_component(pass, rec, slot_ret)) return 0;
    if (!bb_pass_run(pass, rec)) return 0;
    if (reader->place.together) { /* the next component of the same place */
        place_raw = bb_span_raw(pass, rec, &reader->place);
        if (place_raw.n == last->place_raw.n && place_raw.n &&
            bb_text_same(place_raw.p, last->place_raw.p, place_raw.n)) {
            *place_ret = last->place;
            pass->counts->unknown_words += last->unknown;
            last->raw = raw;
            last->slot = *slot_ret;
            return 1;
        }
    }
    unknown = pass->counts->unknown_words;
    if (!bb_pass_place(pass, rec, place_ret)) return 0;
    *last = (struct bb_subject){ raw, place_raw, *slot_ret, *place_ret,
                                 (uint32_t)(pass->counts->unknown_words - unknown) };
    return 1;
}

/* Version and is_current of a record; 0: rejected. */
static inline int bb_pass_vintage(struct bb_pass *pass, const struct bb_record *rec, uint16_t *version_ret,
                                  uint8_t *flags_ret)
{
    const struct bb_reader *reader = pass->reader;
    *version_ret = reader->version;
    *flags_ret = reader->flags;
    if (reader->version_field >= 0) {
        struct bb_str s = bb_record_field(pass->text, rec, reader->version_field);
        if (BB_LIKELY(s.n == 1 && s.p[0] >= '0' && s.p[0] <= '9'))
            *version_ret = (uint16_t)(s.p[0] - '0');
        else if (!bb_pass_version_odd(pass, rec, version_ret))
            return 0;
    }
    if (reader->current_field >= 0) {
        struct bb_str s = bb_record_field(pass->text, rec, reader->current_field);
        if (BB_UNLIKELY(s.n != 4 || memcmp(s.p, "True", 4) != 0) && !bb_pass_current_odd(pass, rec, flags_ret))
            return 0;
    }
    return 1;
}

/* The place for the next row of the batch. */
static inline struct bb_row *bb_pass_row(struct bb_pass *pass) { return &pass->out->rows[pass->out->n]; }

/* The row is complete: counts it and flushes a full batch. 0: the flush failed, pass->status says how. */
static inline int bb_pass_emit(struct bb_pass *pass)
{
    uint32_t t = pass->out->rows[pass->out->n].start_utc_s;
    if (t < pass->counts->min_utc_s) pass->counts->min_utc_s = t;
    if (t > pass->counts->max_utc_s) pass->counts->max_utc_s = t;
    pass->counts->rows++;
    if (BB_LIKELY(++pass->out->n < pass->out->cap)) return 1;
    pass->status = pass->out->flush(pass->out, pass->err);
    return pass->status == BB_OK;
}

#endif
