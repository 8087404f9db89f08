/* What a lake file is about: operator, market, kind, resolution, half. */
#ifndef BB_DATASET_H
#define BB_DATASET_H

#include "base/str.h"

enum bb_iso { BB_PJM, BB_CAISO, BB_NYISO, BB_ERCOT, BB_MISO, BB_ISONE, BB_SPP, BB_N_ISO };

struct bb_iso_info {
    const char *name;      /* the iso column: "ISONE" */
    const char *folder;    /* "isone" */
    const char *zone_name; /* IANA name of the operator's local time; MISO is Etc/GMT+5 all year */
    int names_travel; /* some reports leave out names, ids or types that others say: they are taken from those */
    int lambda_is_energy; /* system_lambda equals the energy component (contract 4) */
};
extern const struct bb_iso_info bb_iso_infos[BB_N_ISO];
/* Takes "PJM", "iso-ne", "isone" in any case; -1 if unknown. */
int bb_iso_of(struct bb_str name);

/* The market_type column. Products beside DA and RT have words of their own, so that a union of files never mixes them. */
enum bb_market { BB_DA, BB_RT, BB_HASP, BB_DA_EXANTE, BB_RTC, BB_N_MARKET };
extern const char *const bb_market_names[BB_N_MARKET];    /* "DA_EXANTE" */
extern const char *const bb_market_prefixes[BB_N_MARKET]; /* "da_exante", as in dataset names */

enum bb_kind { BB_ENERGY, BB_ANCILLARY };

/* One job: everything that may meet on one key. minutes is 5, 15 or 60. */
struct bb_dataset {
    enum bb_iso iso;
    enum bb_market market;
    enum bb_kind kind;
    int minutes;
};
int bb_dataset_cmp(const struct bb_dataset *a, const struct bb_dataset *b);

/* An energy dataset is published in two halves: what a person looks up by name, and all other points. */
enum bb_half { BB_HUB, BB_NODAL, BB_AS, BB_N_HALF };

/* "da_energy_hourly_hub", "rt_as_5min"; out holds at least 64 bytes. */
void bb_dataset_name(const struct bb_dataset *d, enum bb_half half, char out[64]);
/* Takes such a name apart again; 0 if it is none. */
int bb_dataset_parse(struct bb_str name, struct bb_dataset *d, enum bb_half *half);

/* settlement_location_type, normalised */
enum bb_type {
    BB_TYPE_NODE,
    BB_TYPE_HUB,
    BB_TYPE_ZONE,
    BB_TYPE_INTERFACE,
    BB_TYPE_DC_TIE,
    BB_TYPE_SYSTEM,
    BB_TYPE_AGGREGATE,
    BB_TYPE_GEN,
    BB_TYPE_LOAD,
    BB_TYPE_BUS,
    BB_N_TYPE
};
extern const char *const bb_type_names[BB_N_TYPE];
enum bb_half bb_type_half(enum bb_type type);

#endif
