/* PJM's ancillary feeds as Data Miner 2 renders them. A node is a product of a region. */
#include "generate/gen_pjm.h"

#include <stdio.h>

struct layout {
    const char *columns; /* behind the two times */
    int is_results;      /* locale, service, price, quantity; else one value per line */
    int version_first;   /* version_nbr before row_is_current */
};

/* clang-format off */
static const struct layout prices = { "ancillary_service,unit,value,row_is_current,version_nbr", 0, 0 },
                           fivemin = { "ancillary_service,unit,value,version_nbr,row_is_current", 0, 1 },
                           rt_results = { "locale,service,mcp,mcp_capped,reg_ccp,reg_pcp,as_req_mw,total_mw,as_mw,ss_mw,tier1_mw,"
                                          "ircmwt2,dsr_as_mw,nsr_mw,regd_mw", 1, 0 },
                           da_results = { "locale,service,mcp,mcp_capped,as_req_mw,total_mw,as_mw,ss_mw,ircmwt2,dsr_as_mw,nsr_mw", 1, 0 };
/* clang-format on */

static const char *const services[] = { "RTO Synchronized Reserve",     "MAD Synchronized Reserve",
                                        "RTO Non-Synchronized Reserve", "MAD Non-Synchronized Reserve",
                                        "RTO Primary Reserve",          "MAD Primary Reserve",
                                        "RTO Thirty Minutes Reserve",   "RTO Regulation Capability",
                                        "RTO Regulation Performance",   "RTO Regulation" };
static const char *const short_results[] = { "PJM_RTO,SR",  "PJM_RTO,PR", "PJM_RTO,30MIN",
                                             "PJM_RTO,REG", "MAD,SR",     "MAD,PR" };
static const char *const long_results[] = { "PJM RTO Reserve Zone,Synchronized Reserve",
                                            "PJM RTO Reserve Zone,Primary Reserve",
                                            "PJM RTO Reserve Zone,Thirty Minutes Reserve",
                                            "Mid-Atlantic/Dominion Reserve Subzone,Synchronized Reserve",
                                            "Mid-Atlantic/Dominion Reserve Subzone,Primary Reserve" };

static enum bb_status make_nodes(struct bb_gen_run *run, struct bb_error *err)
{
    const struct layout *l = run->report->layout;
    const char *const *names = !l->is_results ? services : l == &da_results ? long_results : short_results;
    size_t n = !l->is_results     ? BB_ARRAY_LEN(services)
               : l == &da_results ? BB_ARRAY_LEN(long_results)
                                  : BB_ARRAY_LEN(short_results);
    (void)err;
    run->n_nodes = BB_MIN(run->n_nodes, n);
    for (size_t i = 0; i < run->n_nodes; i++) {
        bb_gen_node_character(&run->nodes[i], bb_gen_mix(run->options->seed, 0x504a4d41u), i);
        run->nodes[i].n_text = (uint8_t)(bb_gen_puts(run->nodes[i].text, names[i]) - run->nodes[i].text);
    }
    return BB_OK;
}

static char *head(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p)
{
    (void)file;
    return p + snprintf(p, BB_GEN_LINE_MAX, "datetime_beginning_utc,datetime_beginning_ept,%s\r\n",
                        ((const struct layout *)run->report->layout)->columns);
}

static char *row(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p)
{
    const struct layout *l = run->report->layout;
    size_t at = (size_t)(index / run->n_nodes);
    const struct bb_gen_slot *slot = &run->slots[at];
    const struct bb_gen_node *node = &run->nodes[index - at * run->n_nodes];
    uint64_t bits = bb_gen_mix(slot->noise, node->noise);
    int64_t cents = (int64_t)(bits % 4000) * ((bits >> 40) % 3 != 0), tenths = 4000 + (int64_t)(bits >> 20 & 8191);
    (void)file;
    if (posting == BB_GEN_SUPERSEDED) cents += 73;
    p = bb_gen_put(p, slot->text, slot->n_text);
    p = bb_gen_put(p, node->text, node->n_text);
    if (!l->is_results) {
        p = bb_gen_puts(p, ",Price,");
        p = bb_gen_fixed(p, cents * 10000, 6);
        if (l->version_first)
            return bb_gen_puts(p, posting == BB_GEN_SUPERSEDED ? ",1,False\r\n"
                                  : posting == BB_GEN_CURRENT  ? ",2,True\r\n"
                                                               : ",1,True\r\n");
        return bb_gen_puts(p, posting == BB_GEN_SUPERSEDED ? ",False,1\r\n"
                              : posting == BB_GEN_CURRENT  ? ",True,2\r\n"
                                                           : ",True,1\r\n");
    }
    for (int k = 0; k < 2; k++) { /* mcp and mcp_capped */
        *p++ = ',';
        p = bb_gen_fixed(p, cents, 2);
    }
    p = bb_gen_puts(p, l == &rt_results ? ",,,2000.00," : ",2000.00,");
    p = bb_gen_fixed(p, tenths, 1);
    *p++ = '0';
    return bb_gen_puts(p, l == &rt_results ? ",,,,,,,\r\n" : ",,,,,\r\n");
}

#define REPORT(id, description, minutes, n, salt, layout)                                                          \
    {                                                                                                              \
        "pjm." id, description, "America/New_York", minutes, n, salt, &layout, make_nodes, bb_gen_pjm_plan,        \
            bb_gen_pjm_label_slot, head, row                                                                       \
    }
static const struct bb_gen_report reports[] = {
    REPORT("ancillary_services", "PJM real-time ancillary prices, hourly", 60, 10, 91, prices),
    REPORT("ancillary_services_fivemin_hrl", "PJM real-time ancillary prices, five-minute", 5, 10, 92, fivemin),
    REPORT("da_ancillary_services", "PJM day-ahead ancillary prices", 60, 10, 93, prices),
    REPORT("reserve_market_results", "PJM real-time reserve market results, five-minute", 5, 6, 94, rt_results),
    REPORT("da_reserve_market_results", "PJM day-ahead reserve market results", 60, 5, 95, da_results),
};
const struct bb_gen_market bb_gen_pjm_as = { reports, BB_ARRAY_LEN(reports) };
