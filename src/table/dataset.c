#include "table/dataset.h"

const struct bb_iso_info bb_iso_infos[BB_N_ISO] = {
    [BB_PJM] = { "PJM", "pjm", "America/New_York", 0, 1 },
    [BB_CAISO] = { "CAISO", "caiso", "America/Los_Angeles", 0, 0 },
    [BB_NYISO] = { "NYISO", "nyiso", "America/New_York", 0, 0 },
    [BB_ERCOT] = { "ERCOT", "ercot", "America/Chicago", 0, 0 },
    [BB_MISO] = { "MISO", "miso", "Etc/GMT+5", 1, 1 },
    [BB_ISONE] = { "ISONE", "isone", "America/New_York", 1, 1 },
    [BB_SPP] = { "SPP", "spp", "America/Chicago", 0, 0 },
};

const char *const bb_market_names[BB_N_MARKET] = {
    [BB_DA] = "DA", [BB_RT] = "RT", [BB_HASP] = "HASP", [BB_DA_EXANTE] = "DA_EXANTE", [BB_RTC] = "RTC"
};
const char *const bb_market_prefixes[BB_N_MARKET] = {
    [BB_DA] = "da", [BB_RT] = "rt", [BB_HASP] = "hasp", [BB_DA_EXANTE] = "da_exante", [BB_RTC] = "rtc"
};
const char *const bb_type_names[BB_N_TYPE] = {
    [BB_TYPE_NODE] = "NODE",           [BB_TYPE_HUB] = "HUB",
    [BB_TYPE_ZONE] = "ZONE",           [BB_TYPE_INTERFACE] = "INTERFACE",
    [BB_TYPE_DC_TIE] = "DC_TIE",       [BB_TYPE_SYSTEM] = "SYSTEM",
    [BB_TYPE_AGGREGATE] = "AGGREGATE", [BB_TYPE_GEN] = "GEN",
    [BB_TYPE_LOAD] = "LOAD",           [BB_TYPE_BUS] = "BUS",
};

int bb_iso_of(struct bb_str name)
{
    if (bb_str_eq_nocase(name, BB_STR("iso-ne"))) return BB_ISONE;
    for (int i = 0; i < BB_N_ISO; i++)
        if (bb_str_eq_nocase(name, bb_str_of(bb_iso_infos[i].name))) return i;
    return -1;
}

int bb_dataset_cmp(const struct bb_dataset *a, const struct bb_dataset *b)
{
    if (a->iso != b->iso) return a->iso < b->iso ? -1 : 1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    if (a->market != b->market) return a->market < b->market ? -1 : 1;
    if (a->minutes != b->minutes) return a->minutes > b->minutes ? -1 : 1;
    return 0;
}

static const char *resolution(int minutes) { return minutes == 60 ? "hourly" : minutes == 15 ? "15min" : "5min"; }

void bb_dataset_name(const struct bb_dataset *d, enum bb_half half, char out[64])
{
    char *end = stpcpy(out, bb_market_prefixes[d->market]); /* asked for each location of the registry */
    end = stpcpy(end, d->kind == BB_ENERGY ? "_energy_" : "_as_");
    end = stpcpy(end, resolution(d->minutes));
    stpcpy(end, half == BB_HUB ? "_hub" : half == BB_NODAL ? "_nodal" : "");
}

int bb_dataset_parse(struct bb_str name, struct bb_dataset *d, enum bb_half *half)
{
    static const int minutes[] = { 60, 15, 5 };
    char text[64];
    for (int market = 0; market < BB_N_MARKET; market++)
        for (int h = 0; h < BB_N_HALF; h++)
            for (int m = 0; m < 3; m++) {
                struct bb_dataset probe = { d->iso, (enum bb_market)market, h == BB_AS ? BB_ANCILLARY : BB_ENERGY,
                                            minutes[m] };
                bb_dataset_name(&probe, (enum bb_half)h, text);
                if (!bb_str_is(name, text)) continue;
                *d = probe;
                *half = (enum bb_half)h;
                return 1;
            }
    return 0;
}

enum bb_half bb_type_half(enum bb_type type)
{
    return type == BB_TYPE_HUB || type == BB_TYPE_ZONE || type == BB_TYPE_INTERFACE || type == BB_TYPE_DC_TIE ||
                   type == BB_TYPE_SYSTEM
               ? BB_HUB
               : BB_NODAL;
}
