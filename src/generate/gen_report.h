/* What a market file of the generator offers to the driver. One row is a pure function of (file, index, posting): the driver
 * alone decides on order, faults and packing. */
#ifndef BB_GEN_REPORT_H
#define BB_GEN_REPORT_H

#include "generate/gen_price.h"
#include "generate/gen_text.h"
#include "generate/generate.h"

/* One raw file, or one member of an archive. */
struct bb_gen_file {
    char name[160];       /* "da_hrl_lmps_2024-03-01.csv"; may begin with a folder */
    char archive[160];    /* the zip that it is packed into with its neighbours when the options say zip */
    struct bb_wall stamp; /* written into the archive */
    int32_t first_day, n_days;
    int part;      /* the report's own: component, hour */
    int hour_slot; /* the report's own */
    uint64_t n_rows;
    uint64_t n_written; /* for foot: lines of data in the file, with duplicates and revisions */
};

/* Which posting of its key a row is. */
enum bb_gen_posting {
    BB_GEN_SOLE,       /* the only one */
    BB_GEN_SUPERSEDED, /* an earlier one with another price; the current one follows */
    BB_GEN_CURRENT     /* the one that follows */
};

struct bb_gen_report;

struct bb_gen_run {
    const struct bb_generate_options *options;
    const struct bb_gen_report *report;
    struct bb_budget *budget;
    uint64_t seed; /* the options', salted by the product: day-ahead and real-time prices differ */
    struct bb_zone *zone;
    struct bb_gen_node *nodes;
    size_t n_nodes;
    struct bb_gen_slot *slots; /* of the current file, or of the day it belongs to */
    size_t n_slots;
    int32_t slots_first_day, slots_n_days;
};

struct bb_gen_report {
    const char *id, *description;
    const char *zone_name;
    int minutes;
    int usual_n_nodes;
    uint32_t salt;
    const void *layout; /* the market file's own */
    /* Fills nodes (n_nodes of them, allocated) in the order of the report. */
    enum bb_status (*make_nodes)(struct bb_gen_run *run, struct bb_error *err);
    /* The i-th file; 0 when there is none. Names, days, n_rows are filled by plan; n_rows may need slots: see bb_gen_need_slots. */
    enum bb_status (*plan)(struct bb_gen_run *run, uint64_t i, struct bb_gen_file *file, int *found_ret,
                           struct bb_error *err);
    void (*label_slot)(const struct bb_gen_run *run, struct bb_gen_slot *slot);
    char *(*head)(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p);
    char *(*row)(const struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t index,
                 enum bb_gen_posting posting, char *p);
    /* What stands behind the rows; NULL: nothing. */
    char *(*foot)(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p);
};

/* Makes run->slots cover exactly these days (nothing happens when they do). */
enum bb_status bb_gen_need_slots(struct bb_gen_run *run, int32_t first_day, int32_t n_days,
                                 struct bb_error *err) BB_WARN_UNUSED;

/* The days of the i-th file when they are cut per day, month or not at all; 0 when there is no such file. */
int bb_gen_cut_days(const struct bb_generate_options *options, enum bb_files_per per, uint64_t i,
                    int32_t *first_day_ret, int32_t *n_days_ret);

/* Upper-case letters that can be spoken, n_letters of them, from bits. */
char *bb_gen_word(char *p, uint64_t bits, int n_letters);

/* What one market file offers; listed in generate.c. */
struct bb_gen_market {
    const struct bb_gen_report *reports;
    size_t n_reports;
};
extern const struct bb_gen_market bb_gen_pjm, bb_gen_caiso, bb_gen_miso, bb_gen_miso_as, bb_gen_spp, bb_gen_ercot,
    bb_gen_nyiso, bb_gen_isone, bb_gen_isone_as, bb_gen_pjm_as, bb_gen_caiso_as, bb_gen_gridstatus;

#endif
