/* The registry of every report. */
#include "markets/reader.h"

#define BB_MARKET(x) extern const struct bb_market_table bb_market_##x;
#include "markets/markets.def"
#undef BB_MARKET

static const struct bb_market_table *const tables[] = {
#define BB_MARKET(x) &bb_market_##x,
#include "markets/markets.def"
#undef BB_MARKET
};

const struct bb_format *bb_format_at(size_t i)
{
    for (size_t t = 0; t < BB_ARRAY_LEN(tables); t++) {
        if (i < tables[t]->n_formats) return &tables[t]->formats[i];
        i -= tables[t]->n_formats;
    }
    return NULL;
}

size_t bb_formats_list(const struct bb_format **formats, size_t max)
{
    size_t n = 0;
    for (size_t t = 0; t < BB_ARRAY_LEN(tables); t++)
        for (size_t i = 0; i < tables[t]->n_formats && n < max; i++) formats[n++] = &tables[t]->formats[i];
    return n;
}

/* Layouts that a report had over the years are entries with one id, one behind the other; the first speaks for all. */
static int is_variant(size_t i)
{
    return i > 0 && strcmp(bb_format_at(i)->report, bb_format_at(i - 1)->report) == 0;
}

size_t bb_format_count(void)
{
    size_t n = 0;
    for (size_t i = 0; bb_format_at(i); i++) n += !is_variant(i);
    return n;
}

static struct bb_format_info info_of(const struct bb_format *f)
{
    struct bb_format_info info = { 0 };
    if (!f) return info;
    info.report = f->report;
    info.data_source = f->data_source;
    info.title = f->title;
    info.iso = f->iso;
    info.datasets = f->datasets;
    info.file_names = f->file_names;
    info.layouts = f->layouts;
    info.time_rule = f->time_rule;
    info.refusal = f->refusal;
    info.id_is_identity = (f->flags & BB_FORMAT_ID_IS_IDENTITY) != 0;
    info.is_reference = (f->flags & BB_FORMAT_REFERENCE) != 0;
    return info;
}

struct bb_format_info bb_format_info_at(size_t i)
{
    const struct bb_format *f;
    size_t at = 0;
    for (size_t n = 0; (f = bb_format_at(at)) != NULL; at++)
        if (!is_variant(at) && n++ == i) break;
    return info_of(f);
}

struct bb_format_info bb_format_info_named(struct bb_str report)
{
    const struct bb_format *f;
    for (size_t at = 0; (f = bb_format_at(at)) != NULL; at++)
        if (bb_str_is(report, f->report)) break;
    return info_of(f);
}
