#include "markets/place_rule.h"
#include "markets/product_rule.h"
#include "markets/known_names.h"
#include "markets/reference.h"

#include <math.h>

#define NAME_MAX_NBYTES 512 /* the longest real name has 50 */

/* UTF-8 as RFC 3629 has it, without control characters. */
static int is_text(struct bb_str s)
{
    const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
    while (p < end) {
        unsigned c = *p++, more, low = 0x80, high = 0xBF;
        if (c < 0x80) {
            if (c < 0x20 || c == 0x7F) return 0;
            continue;
        }
        if (c >= 0xC2 && c <= 0xDF)
            more = 1;
        else if (c >= 0xE0 && c <= 0xEF)
            more = 2;
        else if (c >= 0xF0 && c <= 0xF4)
            more = 3;
        else
            return 0;
        if (c == 0xE0) low = 0xA0;
        if (c == 0xED) high = 0x9F;
        if (c == 0xF0) low = 0x90;
        if (c == 0xF4) high = 0x8F;
        for (; more; more--, low = 0x80, high = 0xBF)
            if (p == end || *p < low || *p++ > high) return 0;
    }
    return 1;
}

double bb_place_voltage(struct bb_str s)
{
    double value;
    s = bb_str_trim(s);
    if (s.n > 2 && bb_str_eq_nocase((struct bb_str){ s.p + s.n - 2, 2 }, BB_STR("KV"))) s.n -= 2;
    return bb_decimal_parse(s.p, s.n, &value) == BB_NUMBER_OK && value > 0 && value < 10000 ? value : NAN;
}

int bb_place_text_ok(struct bb_str s, int field, struct bb_flaw *flaw)
{
    if (s.n <= NAME_MAX_NBYTES && is_text(s)) return 1;
    bb_flaw_set(flaw, "bad_name", field, "%s",
                s.n > NAME_MAX_NBYTES ? "the text is too long" : "the text is not valid UTF-8");
    return 0;
}

static enum bb_type type_of(const struct bb_format *format, struct bb_str name, struct bb_str word,
                            const char **suffix, int *unknown)
{
    enum bb_type type = format->default_type;
    if (format->types && word.p) {
        const struct bb_word *w = format->types;
        while (w->word && !bb_str_eq_nocase(word, bb_str_of(w->word))) w++;
        *unknown = w->word == NULL;
        type = w->word ? (enum bb_type)w->value : BB_TYPE_NODE;
        *suffix = w->item;
    }
    return format->type_of ? format->type_of(name, type) : type;
}

int bb_place_resolve(const struct bb_reader *reader, const struct bb_str *texts, const struct bb_wide_column *wide,
                     char *scratch, struct bb_place_key *key, int *unknown, struct bb_flaw *flaw)
{
    const struct bb_span *span = &reader->place;
    struct bb_str word = { NULL, 0 }; /* p NULL: no column says the type */
    const char *suffix = NULL;
    int name_field = -1, id_field = -1, by_id = (reader->format->flags & BB_FORMAT_ID_IS_IDENTITY) != 0;
    int name_is_id = (reader->format->flags & BB_FORMAT_NAME_IS_ID) != 0;
    if (reader->format->kind == BB_ANCILLARY)
        return bb_product_resolve(reader, texts, wide, scratch, key, unknown, flaw);
    *unknown = 0;
    *key = (struct bb_place_key){ { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, BB_TYPE_NODE, NAN, { "", 0 } };
    for (int i = 0; i < span->n; i++) {
        struct bb_str s = texts[i];
        if (!bb_place_text_ok(s, span->field[i], flaw)) return 0;
        switch ((int)span->role[i]) {
        case BB_LOCATION_NAME: key->name = s, name_field = span->field[i]; break;
        case BB_LOCATION_ID: key->id = s, id_field = span->field[i]; break;
        case BB_LOCATION_TYPE: word = s; break;
        case BB_LOCATION_ZONE: key->zone = s; break;
        case BB_LOCATION_VOLTAGE: key->voltage_kv = bb_place_voltage(s); break;
        default: break;
        }
    }
    if (reader->format->only_location) key->name = bb_str_of(reader->format->only_location);
    if (reader->format->flags & BB_FORMAT_BY_ID) key->name = key->id;
    if (reader->format->flags & BB_FORMAT_ID_FROM_LIST && key->name.n) {
        if (reader->reference) key->id = bb_reference_id_of(reader->reference, reader->format->iso, key->name);
        if (key->id.n == 0) {
            bb_flaw_set(flaw, "unknown_location", name_field,
                        "no list of locations among the inputs gives this name one id; convert it together with "
                        "such a list");
            return 0;
        }
    }
    if (key->name.n == 0 || (by_id && key->id.n == 0 && !name_is_id)) {
        bb_flaw_set(flaw, "missing_name", key->name.n == 0 ? name_field : id_field, "the location's %s is empty",
                    key->name.n == 0 ? "name" : "id");
        return 0;
    }
    if (key->zone.n == 0 && reader->format->default_zone) key->zone = bb_str_of(reader->format->default_zone);
    key->type = type_of(reader->format, key->name, word, &suffix, unknown);
    if (suffix) {
        size_t n = strlen(suffix);
        memcpy(scratch, key->name.p, key->name.n);
        memcpy(scratch + key->name.n, suffix, n);
        key->name = (struct bb_str){ scratch, key->name.n + n };
    }
    if (name_is_id && key->id.n == 0) key->id = key->name;
    key->identity = by_id ? key->id : key->name;
    if (reader->known) bb_known_names_fill(reader->known, reader->format->iso, key);
    if (reader->format->finish_place) reader->format->finish_place(key);
    if (reader->reference) bb_reference_fill(reader->reference, reader->format->iso, key);
    return 1;
}
