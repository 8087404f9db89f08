/* Whose prices are these? gridstatus gives all operators' frames nearly one header and none of them its name. What speaks for an
 * operator is weighed; one operator must stand out. */
#include "markets/market_gridstatus.h"

enum {
    WEIGHT_COLUMN = 100,
    WEIGHT_NAME = 50,
    WEIGHT_FILE = 40,
    WEIGHT_FOLDER = 35,
    WEIGHT_TYPE = 20,
    WEIGHT_ENOUGH = 15
};

#define NY    (1 << BB_NYISO)
#define NE    (1 << BB_ISONE)
#define PJM   (1 << BB_PJM)
#define MISO  (1 << BB_MISO)
#define SPP   (1 << BB_SPP)
#define ERCOT (1 << BB_ERCOT)
#define CAISO (1 << BB_CAISO)

struct hint {
    const char *word;
    unsigned isos;
};

static const struct hint columns[] = { { "PNode", SPP },
                                       { "BAA", SPP },
                                       { "Reserve Zone", SPP },
                                       { "Location Short Name", PJM },
                                       { "Location Name", PJM },
                                       { "Case Approval Time", PJM },
                                       { "GHG", CAISO },
                                       { "SCED Timestamp", ERCOT },
                                       { "RTD Timestamp", ERCOT },
                                       { "SPP", ERCOT },
                                       { "10 Min Spin Reserves", NY },
                                       { NULL, 0 } };
/* Exact case: "LOAD ZONE" is New England's, "Load Zone" ERCOT's. */
static const struct hint types[] = { { "Zone", NY },
                                     { "Generator", NY },
                                     { "Reference Bus", NY },
                                     { "Settlement Location", SPP },
                                     { "Hub", SPP | MISO },
                                     { "Interface", SPP | MISO },
                                     { "Bus", SPP },
                                     { "Gennode", MISO },
                                     { "Loadzone", MISO },
                                     { "NETWORK NODE", NE },
                                     { "LOAD ZONE", NE },
                                     { "EXT. NODE", NE },
                                     { "HUB NODE", NE },
                                     { "DRR AGGREGATION ZONE", NE },
                                     { "HUB", NE | PJM },
                                     { "ZONE", PJM },
                                     { "LOAD", PJM },
                                     { "GEN", PJM },
                                     { "EHV", PJM },
                                     { "AGGREGATE", PJM },
                                     { "INTERFACE", PJM },
                                     { "RESIDUAL_METERED_EDC", PJM },
                                     { "Trading Hub", ERCOT | CAISO },
                                     { "Load Zone", ERCOT },
                                     { "Load Zone Energy Weighted", ERCOT },
                                     { "Load Zone DC Tie", ERCOT },
                                     { "Load Zone DC Tie Energy Weighted", ERCOT },
                                     { "Resource Node", ERCOT },
                                     { "Electrical Bus", ERCOT },
                                     { "Node", CAISO },
                                     { "AP Node", CAISO },
                                     { "DLAP", CAISO },
                                     { NULL, 0 } };
static const struct hint names[] = { { "CAPITL", NY }, { "CENTRL", NY }, { "DUNWOD", NY }, { "GENESE", NY },
                                     { "HUD VL", NY }, { "LONGIL", NY }, { "MHK VL", NY }, { "MILLWD", NY },
                                     { "N.Y.C.", NY }, { "NORTH", NY },  { "WEST", NY },   { "H Q", NY },
                                     { "NPX", NY },    { "O H", NY },    { NULL, 0 } };
static const struct hint prefixes[] = { { "HB_", ERCOT }, { "LZ_", ERCOT }, { "TH_", CAISO }, { "DLAP_", CAISO },
                                        { ".H.", NE },    { ".Z.", NE },    { ".I.", NE },    { "UN.", NE },
                                        { "LD.", NE },    { NULL, 0 } };
static const struct hint suffixes[] = { { ".HUB", MISO }, { "-APND", CAISO }, { NULL, 0 } };
static const struct hint files[] = { { "nyiso", NY },    { "isone", NE },  { "iso-ne", NE }, { "iso_ne", NE },
                                     { "pjm", PJM },     { "miso", MISO }, { "spp", SPP },   { "ercot", ERCOT },
                                     { "caiso", CAISO }, { NULL, 0 } };

static int same_loosely(struct bb_str a, const char *word)
{
    struct bb_str b = bb_str_of(word);
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.n && (a.p[i] == ' ' || a.p[i] == '_')) i++;
        while (k < b.n && (b.p[k] == ' ' || b.p[k] == '_')) k++;
        if (i == a.n || k == b.n) return i == a.n && k == b.n;
        if (bb_lower(a.p[i++]) != bb_lower(b.p[k++])) return 0;
    }
}

static int begins(struct bb_str s, const char *with)
{
    size_t n = strlen(with);
    return s.n > n && memcmp(s.p, with, n) == 0;
}
static int ends(struct bb_str s, const char *with)
{
    size_t n = strlen(with);
    return s.n > n && memcmp(s.p + s.n - n, with, n) == 0;
}

static void add(int weight[BB_N_ISO], unsigned isos, int points)
{
    for (int iso = 0; iso < BB_N_ISO; iso++)
        if (isos >> iso & 1) weight[iso] += points;
}

static void weigh_files(const struct bb_evidence *e, int weight[BB_N_ISO])
{
    for (const struct hint *h = files; h->word; h++) {
        struct bb_str word = bb_str_of(h->word);
        if (bb_str_find_nocase(e->name, word))
            add(weight, h->isos, WEIGHT_FILE);
        else if (bb_str_find_nocase(e->member, word) || bb_str_find_nocase(e->path, word))
            add(weight, h->isos, WEIGHT_FOLDER);
    }
}

/* CAISO's nodes: EDISON_6_N012, never seen at the others. */
static int is_caiso_node(struct bb_str s)
{
    return s.n > 7 && s.p[s.n - 5] == '_' && s.p[s.n - 4] == 'N' && s.p[s.n - 3] >= '0' && s.p[s.n - 3] <= '9' &&
           s.p[s.n - 1] >= '0' && s.p[s.n - 1] <= '9';
}

static void weigh_record(const struct bb_format *format, const struct bb_binding *b, const struct bb_str *fields,
                         size_t n, unsigned seen[3])
{
    for (int i = 0; format->columns[i].header; i++) {
        enum bb_role role = format->columns[i].role;
        int f = b->field[i];
        struct bb_str s;
        if (f < 0 || (size_t)f >= n) continue;
        s = fields[f];
        if (role == BB_LOCATION_TYPE) {
            for (const struct hint *h = types; h->word; h++)
                if (bb_str_is(s, h->word)) seen[0] |= h->isos;
        } else if (role == BB_LOCATION_NAME || role == BB_AS_REGION) {
            for (const struct hint *h = names; h->word; h++)
                if (bb_str_is(s, h->word)) seen[1] |= h->isos;
            for (const struct hint *h = prefixes; h->word; h++)
                if (begins(s, h->word)) seen[1] |= h->isos;
            for (const struct hint *h = suffixes; h->word; h++)
                if (ends(s, h->word)) seen[1] |= h->isos;
            if (is_caiso_node(s)) seen[1] |= CAISO;
        } else if (role == BB_TIME_UTC_BEGIN) {
            struct bb_wall wall;
            int64_t utc_s;
            const char *at = s.n > 6 ? s.p + s.n - 6 : s.p;
            if (s.n <= 6 || bb_stamp_utc(s.p, s.n, &utc_s) != 0 ||
                bb_stamp_wall(s.p, s.n - (*at == '+' || *at == '-' ? 6 : 5), &wall) != 0)
                continue;
            switch ((int)((bb_wall_as_utc(wall) - utc_s) / 3600)) {
            case -4: seen[2] |= NY | NE | PJM; break;
            case -5: seen[2] |= NY | NE | PJM | MISO | SPP | ERCOT; break;
            case -6: seen[2] |= SPP | ERCOT; break;
            case -7:
            case -8: seen[2] |= CAISO; break;
            default: break;
            }
        }
    }
}

int bb_export_iso(const struct bb_format *format, const struct bb_sniff *sniff, const struct bb_binding *b)
{
    static const int points[3] = { WEIGHT_TYPE, WEIGHT_NAME, 0 };
    struct bb_str fields[BB_MAX_FIELDS];
    int weight[BB_N_ISO] = { 0 }, best = -1, second = -1;
    unsigned possible = (1u << BB_N_ISO) - 1;
    size_t n;
    if (sniff->evidence->forced_iso >= 0) return sniff->evidence->forced_iso;
    weigh_files(sniff->evidence, weight);
    n = bb_line_fields(bb_sniff_line(sniff, (size_t)b->header_line), fields, BB_MAX_FIELDS);
    for (size_t i = 0; i < BB_MIN(n, (size_t)BB_MAX_FIELDS); i++)
        for (const struct hint *h = columns; h->word; h++)
            if (same_loosely(fields[i], h->word)) add(weight, h->isos, WEIGHT_COLUMN);
    for (size_t line = (size_t)b->header_line + 1; line < sniff->n_lines; line++) {
        unsigned seen[3] = { 0, 0, 0 };
        n = bb_line_fields(bb_sniff_line(sniff, line), fields, BB_MAX_FIELDS);
        weigh_record(format, b, fields, BB_MIN(n, (size_t)BB_MAX_FIELDS), seen);
        for (int k = 0; k < 3; k++) add(weight, seen[k], points[k]);
        if (seen[2]) possible &= seen[2];
    }
    for (int iso = 0; iso < BB_N_ISO; iso++) {
        if (!(possible >> iso & 1)) continue;
        if (best < 0 || weight[iso] > weight[best])
            second = best, best = iso;
        else if (second < 0 || weight[iso] > weight[second])
            second = iso;
    }
    if (best < 0 || weight[best] < WEIGHT_ENOUGH || (second >= 0 && weight[second] == weight[best])) return -1;
    return best;
}
