/* A report bound to a file (reader), what a thread needs (worker), and the walk over a block in pieces. */
#include "markets/mapper.h"
#include "base/hash.h"
#include "markets/footer.h"

#include <stdio.h>

/* ---- reader ---- */

static void span_add(struct bb_span *span, int field, enum bb_role role)
{
    if (span->n == (int)BB_ARRAY_LEN(span->field)) return;
    span->first = span->n ? BB_MIN(span->first, field) : field;
    span->last = span->n ? BB_MAX(span->last, field) : field;
    span->field[span->n] = (int16_t)field;
    span->role[span->n++] = role;
    span->together = span->last - span->first + 1 == span->n;
}

static void add_price(struct bb_reader *r, int field, int slot, int negated)
{
    if (r->n_prices == BB_N_VALUES) return;
    r->price_field[r->n_prices] = (int16_t)field;
    r->price_slot[r->n_prices] = (int16_t)slot;
    r->price_negated[r->n_prices++] = (uint8_t)negated;
}

static void add_wide_column(struct bb_reader *r, const struct bb_column *c, int field)
{
    struct bb_wide_column *at = r->wide, *end = at + r->n_wide;
    while (at < end && (strcmp(at->product, c->product) != 0 ||
                        !bb_str_eq(bb_str_of(at->region ? at->region : ""), bb_str_of(c->region ? c->region : ""))))
        at++;
    if (at == end) {
        if (r->n_wide == (int)BB_ARRAY_LEN(r->wide)) return;
        r->n_wide++;
        *at = (struct bb_wide_column){ -1, -1, c->product, c->region };
    }
    *(c->role == BB_AS_WIDE_PRICE ? &at->field : &at->quantity_field) = field;
}

static void bind_column(struct bb_reader *r, const struct bb_column *c, int field)
{
    switch (c->role) {
    case BB_TIME_UTC_BEGIN:
    case BB_TIME_UTC_END:
    case BB_TIME_LOCAL_BEGIN:
    case BB_TIME_LOCAL_END:
    case BB_TIME_DATE:
    case BB_TIME_HOUR_ENDING:
    case BB_TIME_INTERVAL:
    case BB_TIME_REPEATED:
    case BB_TIME_CHECK_LOCAL_BEGIN:
    case BB_TIME_CHECK_LOCAL_HOUR:
    case BB_TIME_CHECK_LOCAL_END:
    case BB_TIME_ZONE_LABEL:
    case BB_TIME_CHECK_LOCAL: span_add(&r->time, field, c->role); break;
    case BB_LOCATION_NAME:
    case BB_LOCATION_ID:
    case BB_LOCATION_TYPE:
    case BB_LOCATION_ZONE:
    case BB_LOCATION_VOLTAGE:
    case BB_AS_PRODUCT:
    case BB_AS_REGION:
    case BB_AS_ITEM:
    case BB_AS_UNIT:
    case BB_LOCATION_OTHER: span_add(&r->place, field, c->role); break;
    case BB_COMPONENT:
    case BB_COMPONENT_ITEM: span_add(&r->component, field, c->role); break;
    case BB_PRICE_TOTAL: add_price(r, field, BB_VALUE_TOTAL, c->negated); break;
    case BB_PRICE_ENERGY: add_price(r, field, BB_VALUE_ENERGY, c->negated); break;
    case BB_PRICE_CONGESTION: add_price(r, field, BB_VALUE_CONGESTION, c->negated); break;
    case BB_PRICE_LOSS: add_price(r, field, BB_VALUE_LOSS, c->negated); break;
    case BB_AS_PRICE: add_price(r, field, BB_VALUE_PRICE, c->negated); break;
    case BB_AS_QUANTITY: add_price(r, field, BB_VALUE_QUANTITY, c->negated); break;
    case BB_AS_WIDE_PRICE:
    case BB_AS_WIDE_QUANTITY: add_wide_column(r, c, field); break;
    case BB_COMPONENT_VALUE: r->value_field = field; break;
    case BB_HOUR_VALUES: r->first_hour = field; break;
    case BB_VERSION: r->version_field = field; break;
    case BB_IS_CURRENT: r->current_field = field; break;
    case BB_MARKET_RUN: r->run_field = field; break;
    case BB_RECORD_LETTER: r->letters.used = 1; break;
    default: break;
    }
}

/* The columns of component, run and place with what stands between them, where that is nothing that a record is read for. */
static void find_subject(struct bb_reader *r)
{
    int first = r->place.first, last = r->place.last,
        others[] = { r->value_field, r->version_field, r->current_field };
    r->subject_first = r->subject_last = -1;
    if (r->format->shape != BB_LONG || r->place.n == 0) return;
    if (r->component.n) first = BB_MIN(first, r->component.first), last = BB_MAX(last, r->component.last);
    if (r->run_field >= 0) first = BB_MIN(first, r->run_field), last = BB_MAX(last, r->run_field);
    for (int i = 0; i < r->time.n; i++)
        if (r->time.field[i] >= first && r->time.field[i] <= last) return;
    for (size_t i = 0; i < BB_ARRAY_LEN(others); i++)
        if (others[i] >= first && others[i] <= last) return;
    r->subject_first = first;
    r->subject_last = last;
}

/* A column that stands among the location's but belongs to nobody would make them two stretches; equipment is such a
 * one and is bound as BB_LOCATION_OTHER. When a file leaves it out or moves it, the span drops it. */
static void drop_strays(struct bb_span *span)
{
    int n = 0, together = span->together;
    for (int i = 0; i < span->n; i++) {
        if (!together && span->role[i] == BB_LOCATION_OTHER) continue;
        span->field[n] = span->field[i];
        span->role[n++] = span->role[i];
    }
    span->n = 0;
    for (int i = 0; i < n; i++) span_add(span, span->field[i], span->role[i]);
}

static enum bb_status copy_header(struct bb_reader *r, const struct bb_binding *b, struct bb_str line,
                                  struct bb_error *err)
{
    struct bb_str fields[BB_MAX_FIELDS];
    size_t n = BB_MIN(bb_line_fields(line, fields, BB_MAX_FIELDS), (size_t)b->n_fields), used = 0;
    r->header_text = bb_alloc(r->budget, line.n + 1);
    r->header = bb_alloc(r->budget, line.n + n + 1);
    r->names = bb_calloc(r->budget, (n + 1) * sizeof *r->names);
    if (!r->header_text || !r->header || !r->names) return bb_fail_budget(err, r->budget, "a header");
    memcpy(r->header_text, line.p, line.n);
    r->header_line = (struct bb_str){ r->header_text, line.n };
    for (size_t i = 0; i < n; i++) {
        r->names[i] = r->header + used;
        memcpy(r->header + used, fields[i].p, fields[i].n);
        used += fields[i].n;
        r->header[used++] = 0;
    }
    r->n_fields = (int)n;
    return BB_OK;
}

void bb_reader_hours(const struct bb_reader *r, int32_t day, int64_t hour_utc_s[BB_MAX_HOURS])
{
    for (int h = 0; h < r->n_hours; h++) {
        struct bb_wall wall = { day, h * 3600 };
        int64_t utc_s[2];
        int known =
            h < 24 && bb_zone_utc(r->zone, wall, utc_s) != BB_WALL_GAP && utc_s[0] > 0 && utc_s[0] < UINT32_MAX;
        hour_utc_s[h] = known ? utc_s[0] : -1;
    }
}

/* Only a file of the very day is cut: an archive of past or made-up future days is not. */
static void settle_cut(struct bb_reader *r, int64_t modified_utc_s)
{
    int64_t start;
    if (modified_utc_s <= 0) return;
    r->cut_from_utc_s = modified_utc_s;
    bb_zone_day(r->zone, bb_zone_local(r->zone, modified_utc_s).wall.day, &start, &r->cut_to_utc_s);
}

static uint64_t layout_of(const struct bb_reader *r, const struct bb_binding *b, int part)
{
    uint64_t h = bb_hash64(r->format->report, strlen(r->format->report));
    h = h * 0x9E3779B97F4A7C15u ^ bb_hash64(b->field, sizeof b->field);
    h = h * 0x9E3779B97F4A7C15u ^ (uint32_t)r->shift_s;
    return h * 0x9E3779B97F4A7C15u ^ (uint64_t)(r->dataset.minutes * 4 + part);
}

/* Rows of the format need no other rows to be complete. */
static int is_whole(const struct bb_format *format)
{
    return (format->shape == BB_FLAT || format->shape == BB_WIDE_AS || format->flags & BB_FORMAT_AGREE) &&
           !(format->flags & BB_FORMAT_PARTIAL);
}

enum bb_status bb_reader_new(const struct bb_detection *d, const struct bb_dataset *dataset,
                             const struct bb_evidence *evidence, const struct bb_zone *zone,
                             struct bb_places *places, struct bb_budget *budget, struct bb_reader **reader_ret,
                             struct bb_error *err)
{
    const struct bb_binding *b = &d->binding;
    const struct bb_format *format = d->format;
    struct bb_reader *r;
    enum bb_status status;
    int part = 0;
    *reader_ret = NULL;
    for (int i = 0; i < d->n_datasets; i++)
        if (bb_dataset_cmp(&d->datasets[i], dataset) == 0) part = i + 1;
    if (part == 0) return bb_fail(err, BB_BUG, "%s holds no rows of the dataset that was asked for", d->report);
    if (b->header_nbytes > evidence->head.n || b->header_at > evidence->head.n - b->header_nbytes)
        return bb_fail(err, BB_BUG, "the head of the file became shorter between two looks at it");
    r = bb_calloc(budget, sizeof *r);
    if (!r) return bb_fail_budget(err, budget, "a reader");
    r->format = format;
    r->dataset = *dataset;
    r->zone = zone;
    r->places = places;
    r->budget = budget;
    r->data_at = b->data_at;
    r->value_field = r->run_field = r->version_field = r->current_field = -1;
    r->version = (uint16_t)d->version;
    r->flags = (uint8_t)((is_whole(format) ? 0 : BB_ROW_PARTIAL) |
                         (format->flags & BB_FORMAT_PRELIMINARY ? BB_ROW_PRELIMINARY : 0));
    r->derive_energy = format->shape == BB_FLAT && (format->flags & BB_FORMAT_DERIVE_ENERGY);
    r->shift_s = d->shift_s;
    if (d->second_from_utc_s) {
        r->from_utc_s = part == 1 ? 0 : d->second_from_utc_s;
        r->until_utc_s = part == 1 ? d->second_from_utc_s : INT64_MAX;
    }
    if (d->preliminary) r->flags |= BB_ROW_PRELIMINARY;
    snprintf(r->market_run, sizeof r->market_run, "%s",
             d->market_run[0] || !format->market_run ? d->market_run : format->market_run);
    r->market_run_n = strlen(r->market_run);
    r->layout = layout_of(r, b, part);
    for (int i = 0; format->columns[i].header; i++)
        if (b->field[i] >= 0 && (format->columns[i].dataset == 0 || (int)format->columns[i].dataset == part))
            bind_column(r, &format->columns[i], b->field[i]);
    if (r->market_run_n == 0) r->run_field = -1;
    for (int i = 0; i < r->n_prices; i++)
        if (d->turn_congestion && r->price_slot[i] == BB_VALUE_CONGESTION) r->price_negated[i] ^= 1;
    drop_strays(&r->place);
    find_subject(r);
    r->n_hours = b->n_hours;
    if (r->n_hours) bb_reader_hours(r, d->day, r->hour_utc_s);
    r->day_known = d->day_known;
    r->day = d->day;
    if (format->flags & BB_FORMAT_CUT_NOW) settle_cut(r, evidence->modified_utc_s);
    r->time_layout = (r->layout * 0x9E3779B97F4A7C15u ^ (uint64_t)(uint32_t)r->day) * 0x9E3779B97F4A7C15u ^
                     (uint64_t)r->cut_from_utc_s;
    status = copy_header(r, b, (struct bb_str){ evidence->head.p + b->header_at, b->header_nbytes }, err);
    if (status != BB_OK) {
        bb_reader_free(r);
        return status;
    }
    *reader_ret = r;
    return BB_OK;
}

void bb_reader_use_names(struct bb_reader *r, const struct bb_known_names *names) { r->known = names; }

void bb_reader_use_reference(struct bb_reader *r, const struct bb_reference *reference)
{
    r->reference = reference;
}

void bb_reader_free(struct bb_reader *r)
{
    if (!r) return;
    bb_row_order_reset(&r->order);
    bb_agree_reset(&r->agree);
    bb_free(r->header_text);
    bb_free(r->header);
    bb_free(r->names);
    bb_free(r);
}

/* ---- worker ---- */

#define DAY_NBYTES ((size_t)8 << 20) /* 13,000 locations: four times as many as MISO has */

struct bb_worker *bb_worker_new(struct bb_budget *budget)
{
    struct bb_worker *w = bb_calloc(budget, sizeof *w);
    struct bb_error ignored;
    if (!w) return NULL;
    w->budget = budget;
    bb_place_cache_init(&w->places, budget);
    bb_day_table_init(&w->day, budget, DAY_NBYTES);
    w->times = bb_calloc(budget, sizeof *w->times);
    w->scratch = bb_alloc(budget, BB_SCRATCH_NBYTES);
    w->unquoted = bb_alloc(budget, BB_SCRATCH_NBYTES);
    if (w->times && w->scratch && w->unquoted && bb_csv_index_init(&w->index, budget, &ignored) == BB_OK) return w;
    bb_worker_free(w);
    return NULL;
}

void bb_worker_limit(struct bb_worker *w, size_t nbytes)
{
    bb_day_table_reset(&w->day);
    bb_day_table_init(&w->day, w->budget, BB_MIN(nbytes, DAY_NBYTES));
}

void bb_worker_free(struct bb_worker *w)
{
    if (!w) return;
    bb_place_cache_reset(&w->places);
    bb_day_table_reset(&w->day);
    bb_csv_index_reset(&w->index);
    bb_free(w->times);
    bb_free(w->scratch);
    bb_free(w->unquoted);
    bb_free(w);
}

/* ---- block ---- */

static uint64_t count_lines(const char *p, size_t n)
{
    uint64_t lines = 0;
    const char *end = p + n;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) lines++, p++;
    return lines;
}

static void reject_line(const struct bb_pass *pass, const char *reason, const char *detail, struct bb_str text)
{
    struct bb_reject reject = {
        pass->line, pass->byte, "", reason, detail, { text.p, BB_MIN(text.n, (size_t)4096) }
    };
    pass->counts->records++;
    pass->counts->rejects++;
    if (pass->block->on_reject) pass->block->on_reject(pass->block->reject_ctx, &reject);
}

static enum bb_status map_piece(struct bb_pass *pass)
{
    if (pass->reader->format->flags & BB_FORMAT_AGREE) return bb_map_agree(pass);
    switch (pass->reader->format->shape) {
    case BB_FLAT: return bb_map_flat(pass);
    case BB_LONG: return bb_map_long(pass);
    case BB_WIDE_AS: return bb_map_wide_as(pass);
    default: return bb_map_wide(pass);
    }
}

enum bb_status bb_reader_block(struct bb_reader *reader, struct bb_worker *worker, const struct bb_block *block,
                               struct bb_row_batch *out, struct bb_block_counts *counts, struct bb_error *err)
{
    struct bb_pass pass = { .reader = reader,
                            .worker = worker,
                            .block = block,
                            .out = out,
                            .counts = counts,
                            .err = err,
                            .slice = block->slice,
                            .line = block->first_line,
                            .byte = block->first_byte };
    const char *p = block->text, *end = p + block->n;
    memset(counts, 0, sizeof *counts);
    counts->min_utc_s = UINT32_MAX;
    if (block->first_byte < reader->data_at) { /* preamble and header */
        size_t skip = (size_t)BB_MIN(reader->data_at - block->first_byte, (uint64_t)block->n);
        pass.line += count_lines(p, skip);
        pass.byte += skip;
        p += skip;
    }
    if (block->is_last && reader->format->max_footer)
        end = p + bb_footer_at(p, (size_t)(end - p), reader->format->max_footer);
    bb_wide_begin(&pass);
    while (p < end) {
        size_t left = (size_t)(end - p), n = BB_MIN(left, BB_CSV_PIECE_MAX_NBYTES);
        const char *last = memrchr(p, '\n', n);
        if (!last) {
            const char *stop = memchr(p, '\n', left);
            n = stop ? (size_t)(stop - p) + 1 : left;
            if (n > BB_CSV_PIECE_MAX_NBYTES)
                reject_line(&pass, "line_too_long",
                            "the line is longer than any record (128 KiB): passed over; download the file anew",
                            (struct bb_str){ p, n });
            else
                reject_line(&pass, "cut_off", "the text ends within a line", (struct bb_str){ p, n });
            pass.line += 1;
        } else {
            n = (size_t)(last - p) + 1;
            pass.text = p;
            bb_csv_scan(p, n, &worker->index);
            BB_TRY(map_piece(&pass));
            pass.line += worker->index.n_lines;
        }
        pass.byte += n;
        p += n;
    }
    BB_TRY(bb_wide_end(&pass));
    if (block->is_last && reader->agree.n) BB_TRY(bb_agree_emit(&pass));
    if (reader->letters.used && block->is_last && !reader->letters.ended)
        return bb_fail(err, BB_SKIP,
                       "the file ends without its trailer record: it was cut; download the report again");
    return BB_OK;
}
