#include "markets/product_rule.h"
#include "markets/place_rule.h"

#include <math.h>

struct said {
    struct bb_str product, region, item, unit;
    int product_field, region_field, item_field;
};

/* However many blanks stand inside a word, it is the same: "Regulation  Capability". */
static int same_word(struct bb_str a, struct bb_str b)
{
    size_t i = 0, k = 0;
    for (; i < a.n && k < b.n; i++, k++) {
        if (bb_lower(a.p[i]) != bb_lower(b.p[k])) return 0;
        if (a.p[i] != ' ') continue;
        while (i + 1 < a.n && a.p[i + 1] == ' ') i++;
        while (k + 1 < b.n && b.p[k + 1] == ' ') k++;
    }
    return i == a.n && k == b.n;
}

static const struct bb_product *find_product(const struct bb_format *format, struct bb_str word)
{
    const struct bb_product *p = format->products;
    while (p && p->word && !same_word(word, bb_str_of(p->word))) p++;
    return p && p->word ? p : NULL;
}

static struct bb_str find_region(const struct bb_format *format, struct bb_str word)
{
    const struct bb_region *r = format->regions;
    while (r && r->word && !same_word(word, bb_str_of(r->word))) r++;
    return r && r->word ? bb_str_of(r->region) : word;
}

static int collect(const struct bb_reader *reader, const struct bb_str *texts, struct said *said,
                   struct bb_flaw *flaw)
{
    for (int i = 0; i < reader->place.n; i++) {
        struct bb_str s = bb_str_trim(texts[i]);
        int field = reader->place.field[i];
        if (!bb_place_text_ok(s, field, flaw)) return 0;
        switch ((int)reader->place.role[i]) {
        case BB_AS_PRODUCT:
        case BB_LOCATION_NAME: said->product = s, said->product_field = field; break;
        case BB_AS_REGION:
        case BB_LOCATION_ID: said->region = s, said->region_field = field; break;
        case BB_AS_ITEM: said->item = s, said->item_field = field; break;
        case BB_AS_UNIT: said->unit = s; break;
        default: break;
        }
    }
    return 1;
}

int bb_product_resolve(const struct bb_reader *reader, const struct bb_str *texts,
                       const struct bb_wide_column *wide, char *scratch, struct bb_place_key *key, int *unknown,
                       struct bb_flaw *flaw)
{
    const struct bb_format *format = reader->format;
    const struct bb_product *known;
    struct said said = { { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 }, -1, -1, -1 };
    *unknown = 0;
    if (!collect(reader, texts, &said, flaw)) return 0;
    if (wide) said.product = bb_str_of(wide->product);
    if (wide && wide->region) said.region = bb_str_of(wide->region);
    if (format->as_split) format->as_split(&said.product, &said.region);
    if (said.region.n == 0 && format->as_region) said.region = bb_str_of(format->as_region);
    if (said.product.n == 0 || said.region.n == 0) {
        bb_flaw_set(flaw, "missing_name", said.product.n == 0 ? said.product_field : said.region_field,
                    "the %s is empty", said.product.n == 0 ? "product" : "region");
        return 0;
    }
    said.region = find_region(format, said.region);
    known = find_product(format, said.product);
    if (known && known->item && said.item_field >= 0 && !bb_str_eq_nocase(said.item, bb_str_of(known->item))) {
        bb_flaw_set(flaw, "contradiction", said.item_field, "\"%.*s\" beside \"%s\"", BB_STR_ARG(said.item),
                    known->word);
        return 0;
    }
    *unknown = known == NULL;
    if (known) said.product = bb_str_of(known->product ? known->product : known->word);
    if (said.unit.n == 0) said.unit = bb_str_of(known && known->unit ? known->unit : BB_AS_PER_MW);
    memcpy(scratch, said.product.p, said.product.n);
    scratch[said.product.n] = '\x1F';
    memcpy(scratch + said.product.n + 1, said.region.p, said.region.n);
    *key = (struct bb_place_key){ .identity = { scratch, said.product.n + 1 + said.region.n },
                                  .name = said.product,
                                  .id = said.region,
                                  .zone = bb_str_of(known ? known->standard : BB_AS_OTHER),
                                  .type = BB_TYPE_NODE,
                                  .voltage_kv = NAN,
                                  .unit = said.unit };
    return 1;
}
