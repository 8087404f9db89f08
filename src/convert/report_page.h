/* The parts of busbar_report's page. Data is collected first (busbar_report.c), then written top to bottom: one HTML text without scripts,
 * fonts or pictures from elsewhere. */
#ifndef BB_REPORT_PAGE_H
#define BB_REPORT_PAGE_H

#include "convert/door.h"
#include "convert/lake_file.h"
#include "lake/quality_view.h"

#define BB_REPORT_GAPS 10 /* listed per dataset and year */
#define BB_REPORT_HUBS 6  /* price figures per dataset */
#define BB_REPORT_NAME 96

enum bb_report_level { /* how complete a day is; also the classes .l0 … of the page */
                       BB_LEVEL_NONE,
                       BB_LEVEL_POOR,
                       BB_LEVEL_HALF,
                       BB_LEVEL_MOST,
                       BB_LEVEL_NEARLY,
                       BB_LEVEL_ALL,
                       BB_N_LEVEL
};
enum bb_report_level bb_report_level(uint64_t seen, uint64_t expected);

struct bb_report_day {
    int32_t day;
    uint32_t locations;
    uint8_t level;
    double percent;
};
struct bb_report_gap {
    char name[BB_REPORT_NAME];
    int64_t from_utc_s, to_utc_s;
    uint64_t n, n_ranges;
}; /* name "": missing for all */
struct bb_report_price {
    char name[BB_REPORT_NAME];
    uint32_t start_utc_s;
    double price;
};

struct bb_report_year {
    int year;
    char *path, *first_source, *last_source;
    uint64_t nbytes, n_sources, duplicates, revisions;
    struct bb_quality_group totals;
    uint64_t n_locations, n_with_gaps, n_late, n_gone, slots_expected, slots_seen, n_gaps_for_all;
    double completeness;
    uint32_t first_utc_s, last_utc_s;
    int64_t changed_utc_s;
    struct bb_report_day *days;
    size_t n_days;
    struct bb_report_gap gaps_for_all[BB_REPORT_GAPS], gaps[BB_REPORT_GAPS]; /* the longest ones */
    size_t n_listed_for_all, n_listed;
};

struct bb_report_hub {
    char name[BB_REPORT_NAME];
    uint64_t n_seen;
    int rank; /* HUB 0, ZONE 1, others 2 */
};

struct bb_report_dataset {
    struct bb_dataset dataset;
    enum bb_half half;
    struct bb_report_year *years;
    size_t n_years, cap_years;
    struct bb_report_price high[BB_QUALITY_EXTREMES], low[BB_QUALITY_EXTREMES];
    unsigned n_high, n_low;
    struct bb_report_hub
        hubs[BB_REPORT_HUBS]; /* whose prices are shown; sorted by name before the figures are made */
    size_t n_hubs;
};

struct bb_report {
    struct bb_budget budget;
    struct bb_out out;
    const char *lake;
    struct bb_report_dataset *datasets; /* by operator, then name */
    size_t n_datasets, cap_datasets;
    int first_year, last_year;
    uint64_t rows, nbytes, n_files, n_strange;
    int64_t changed_utc_s;
};

/* ---- text ---- */
void bb_html_cstr(struct bb_out *out, const char *text); /* escaped; NULL: nothing */

/* ---- parts ---- */
void bb_report_head(struct bb_report *r); /* style, title, tiles, overview */
void bb_report_dataset_head(struct bb_report *r, const struct bb_report_dataset *d);
void bb_report_calendars(struct bb_report *r, const struct bb_report_dataset *d);
void bb_report_location_chart(struct bb_report *r, const struct bb_report_dataset *d);
void bb_report_gaps(struct bb_report *r, const struct bb_report_dataset *d);
void bb_report_oddities(struct bb_report *r, const struct bb_report_dataset *d); /* outliers, sums */
void bb_report_sources(struct bb_report *r, const struct bb_report_dataset *d);
void bb_report_foot(struct bb_report *r);
/* Reads the dataset's files and draws monthly prices and the hour-by-month map of its hubs. */
enum bb_status bb_report_prices(struct bb_report *r, const struct bb_report_dataset *d,
                                struct bb_error *err) BB_WARN_UNUSED;

#endif
