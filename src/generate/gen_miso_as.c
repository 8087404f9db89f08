/* MISO, ancillary prices: a table of the system's prices, then one line per resource and product with the price of its zone. */
#include "generate/gen_report.h"

#include <stdio.h>

struct layout {
    const char *name; /* "asm_expost_damcp" */
    int real_time, preliminary;
};

static const char *const products[] = { "DEMREGMCP",  "GENREGMCP",  "DEMSPINMCP", "GENSPINMCP",
                                        "DEMSUPPMCP", "GENSUPPMCP", "SERREGMCP",  "REGMILEAGEMCP" };
static const char *const resource_products[] = { "GENREGMCP", "GENSPINMCP", "GENSUPPMCP" };
#define N_ZONES 8

static uint64_t n_system_rows(const struct layout *l) { return l->real_time ? 8 : 7; }

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    uint64_t seed = bb_gen_mix(run->options->seed, 0x41534du);
    (void)err;
    for (size_t i = 0; i < run->n_nodes; i++) {
        struct bb_gen_node *node = &run->nodes[i];
        uint64_t bits = bb_gen_mix(seed, i);
        char *p = bb_gen_word(node->name, bits, 4);
        *p++ = '.';
        p = bb_gen_word(p, bits >> 20, 4);
        p = bb_gen_uint(p, i);
        node->n_name = (uint8_t)(p - node->name);
        node->kind = (uint8_t)(bits >> 50) % N_ZONES;
    }
    return BB_OK;
}

static enum bb_status plan(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err)
{
    const struct layout *l = run->report->layout;
    struct bb_date d;
    *found_ret = bb_gen_cut_days(run->options, BB_FILES_PER_DAY, i, &file->first_day, &file->n_days);
    if (!*found_ret) return BB_OK;
    BB_TRY(bb_gen_need_slots(run, file->first_day, 1, err));
    file->n_rows = n_system_rows(l) + run->n_nodes * BB_ARRAY_LEN(resource_products);
    file->stamp = (struct bb_wall){ file->first_day + (l->real_time && !l->preliminary ? 5 : 1), 23400 };
    d = bb_date_of(file->first_day);
    snprintf(file->name, sizeof file->name, "%04d%02d%02d_%s.csv", (int)d.year, (int)d.month, (int)d.day, l->name);
    snprintf(file->archive, sizeof file->archive, "%04d%02d_%s_csv.zip", (int)d.year, (int)d.month, l->name);
    return BB_OK;
}

static void label_slot(const struct bb_gen_run *run, struct bb_gen_slot *slot) { (void)run, (void)slot; }

static char *hours(char *p, const char *end)
{
    for (uint64_t hour = 1; hour <= 24; hour++) {
        p = bb_gen_puts(p, hour == 1 ? ", HE " : ",HE ");
        p = bb_gen_uint(p, hour);
    }
    return bb_gen_puts(p, end);
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    const struct layout *l = run->report->layout;
    const char *end = l->real_time ? "\r\n" : "\n";
    p = bb_gen_puts(p, l->real_time ? "Real Time Market MCPs.,Not settlement quality data.\r\n\r\n"
                                    : "Dayahead Market MCPs.\n\n");
    p = bb_gen_us_date(p, file->first_day, 1);
    p = bb_gen_puts(p, ",,All Hours-Ending are Eastern Standard Time (EST)");
    p = bb_gen_puts(p, end);
    p = bb_gen_puts(p, end);
    return hours(bb_gen_puts(p, ",,MCP Type"), end);
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *l = run->report->layout;
    const char *end = l->real_time ? "\r\n" : "\n", *product;
    uint64_t zone = 0, at = index;
    (void)file;
    if (index < n_system_rows(l)) {
        product = products[index];
        p = bb_gen_puts(p, l->real_time ? "Miso-Wide,-," : "MISO Wide,-,");
    } else {
        const struct bb_gen_node *node;
        at -= n_system_rows(l);
        node = &run->nodes[at / BB_ARRAY_LEN(resource_products)];
        product = resource_products[at % BB_ARRAY_LEN(resource_products)];
        zone = node->kind + 1u;
        if (at == 0) { /* the second table's own header */
            p = bb_gen_puts(p, l->real_time ? "\r\n" : "\n\n");
            p = hours(bb_gen_puts(p, "Pnode,Zone,MCP Type"), end);
        }
        p = bb_gen_put(p, node->name, node->n_name);
        p = bb_gen_puts(p, ",Zone ");
        p = bb_gen_uint(p, zone);
        *p++ = ',';
    }
    p = bb_gen_puts(p, product);
    for (size_t h = 0; h < 24; h++) {
        /* zones have the system's price unless their own requirement binds */
        uint64_t system = bb_gen_mix(run->slots[h].noise,
                                     (uint64_t)product[0] << 16 | (uint64_t)product[3] << 8 | (uint64_t)product[4]);
        uint64_t binds = bb_gen_mix(system, zone + 99);
        int64_t cents = (int64_t)(system % 2500) + (zone && binds % 16 == 0 ? (int64_t)(binds >> 8) % 300 : 0);
        if (posting == BB_GEN_SUPERSEDED || (l->preliminary && system % 5 == 0)) cents += 73;
        *p++ = ',';
        p = bb_gen_fixed(p, cents, 2);
    }
    return bb_gen_puts(p, end);
}

static const struct layout expost = { "asm_expost_damcp", 0, 0 }, exante = { "asm_exante_damcp", 0, 0 },
                           final = { "asm_rtmcp_final", 1, 0 }, prelim = { "asm_rtmcp_prelim", 1, 1 };

#define REPORT(id, text, salt, layout)                                                                             \
    {                                                                                                              \
        id, text, "Etc/GMT+5", 60, 1700, salt, layout, make_nodes, plan, label_slot, head, row, NULL               \
    }

static const struct bb_gen_report reports[] = {
    REPORT("miso.asm_expost_damcp", "MISO day-ahead ex-post ancillary prices; nodes are resources", 25, &expost),
    REPORT("miso.asm_exante_damcp", "MISO day-ahead ex-ante ancillary prices; nodes are resources", 26, &exante),
    REPORT("miso.asm_rtmcp_final", "MISO real-time ancillary prices, final; nodes are resources", 27, &final),
    REPORT("miso.asm_rtmcp_prelim", "MISO real-time ancillary prices, preliminary; nodes are resources", 27,
           &prelim),
};
const struct bb_gen_market bb_gen_miso_as = { reports, BB_ARRAY_LEN(reports) };
