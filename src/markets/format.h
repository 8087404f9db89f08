/* A report as data. A market file (market_pjm.c, …) is: column maps, one table of formats, at most a few odd-case functions
 * named in the table. One mapper (mapper.c) runs all of them; shared code never asks which market it is. */
#ifndef BB_FORMAT_H
#define BB_FORMAT_H

#include "csv/csv_scan.h"
#include "table/places.h"
#include "table/row.h"
#include "time/stamp.h"

/* What a column means to the mapper. */
enum bb_role {
    BB_IGNORED = 0,
    BB_TIME_UTC_BEGIN,
    BB_TIME_UTC_END, /* instants with an offset or known to be UTC */
    BB_TIME_LOCAL_BEGIN,
    BB_TIME_LOCAL_END, /* wall clock of the operator's zone, no offset */
    BB_TIME_DATE,
    BB_TIME_HOUR_ENDING,
    BB_TIME_INTERVAL,
    BB_TIME_REPEATED,          /* date, hour ending, number in the hour, repeated-hour flag */
    BB_TIME_CHECK_LOCAL,       /* redundant, only compared: the local day of the start */
    BB_TIME_CHECK_LOCAL_BEGIN, /* redundant, only compared where it can be read: the local stamp of the start */
    BB_TIME_CHECK_LOCAL_HOUR,  /* likewise: its hour ending by the local clock, 25 in the repeated hour (CAISO) */
    BB_TIME_CHECK_LOCAL_END, /* redundant, only compared: the local stamp of the end, told by the clock before or after a change
                                of it (SPP) */
    BB_TIME_ZONE_LABEL, /* "EDT", "EST" …: the zone in which the local stamp of the record is written */
    BB_LOCATION_NAME,
    BB_LOCATION_ID,
    BB_LOCATION_TYPE,
    BB_LOCATION_ZONE,
    BB_LOCATION_VOLTAGE,
    BB_LOCATION_OTHER, /* goes with the location and stands among its columns, but is not stored */
    BB_PRICE_TOTAL,
    BB_PRICE_ENERGY,
    BB_PRICE_CONGESTION,
    BB_PRICE_LOSS,
    BB_COMPONENT,       /* LONG shapes: the word that says which price the record holds */
    BB_COMPONENT_VALUE, /* LONG: that price */
    BB_COMPONENT_ITEM,  /* LONG: a second word for the same; must agree with the first */
    BB_HOUR_VALUES,     /* WIDE: the first of the hour columns; the others follow */
    BB_AS_PRODUCT,
    BB_AS_REGION,
    BB_AS_UNIT,
    BB_AS_PRICE,
    BB_AS_QUANTITY,
    BB_AS_ITEM,          /* a second word for the product; must agree with the product's item */
    BB_AS_WIDE_PRICE,    /* WIDE_AS: a column that is one product's price; .product names the product */
    BB_AS_WIDE_QUANTITY, /* WIDE_AS: likewise its cleared megawatts */
    BB_VERSION,
    BB_IS_CURRENT,
    BB_MARKET_RUN,
    BB_RECORD_LETTER, /* ISO-NE: the first field of each record says what it is (record_letter.h); the header's is "H" */
    BB_EFFECTIVE_FROM, /* lists of locations: from when on the record holds */
    BB_REFERENCE_ALSO, /* lists of locations: another location of which the record says the same */
    BB_FORBIDDEN,      /* a file with this column is another report */
    BB_N_ROLES
};

struct bb_column {
    const char *
        header; /* as published; compared without case and blanks around, with BB_FORMAT_LOOSE also without inner blanks and
                           underscores; '*' stands for any text and '?' for any character */
    enum bb_role role;
    unsigned optional : 1; /* may be missing */
    unsigned negated : 1;  /* NYISO congestion: the sign is turned */
    unsigned either : 1;  /* one of several headers for one role: the first that is present is bound, one must be */
    unsigned dataset : 2; /* 0: every dataset of the file; 1, 2: only the first, second (PJM rt_da_monthly_lmps) */
    const char *product;  /* BB_AS_WIDE_…: a word of the format's products */
    const char *region;   /* BB_AS_WIDE_…: the region of this column, where the record has none */
    int beside; /* not 0: a column without a name, so many fields from that of the entry before (MISO: -1); header is the name it
                   may have all the same */
};

/* Ancillary reports (kind BB_ANCILLARY) come in each of these shapes; a row's place is a product in a region.
 *   FLAT     product, region, price and quantity in columns of a record: BB_AS_PRODUCT, BB_AS_REGION, BB_AS_PRICE,
 *            BB_AS_QUANTITY.
 *   LONG     one value per record, BB_COMPONENT_VALUE; the words of BB_COMPONENT say whether it is BB_VALUE_PRICE or
 *            BB_VALUE_QUANTITY; without a BB_COMPONENT column it is the price. Rows are partial: price and quantity may come
 *            from two files.
 *   WIDE     BB_AS_PRODUCT, BB_AS_REGION and the hours of a day, which are prices.
 *   WIDE_AS  a column per product: BB_AS_WIDE_PRICE, BB_AS_WIDE_QUANTITY; the region in a column, or with each product
 *            column (.region), or one for the whole report (as_region). A product whose cells are empty makes no row. */
enum bb_shape { BB_FLAT, BB_LONG, BB_WIDE, BB_WIDE_LONG, BB_WIDE_AS };

/* How far rows inside one file may be out of time order: what the pipeline may emit early. Only a hint, never trusted. */
enum bb_file_order { BB_ORDER_TIME, BB_ORDER_DAY, BB_ORDER_NONE };

/* Operator's word -> value (enum bb_type, value index …), compared without case; a list ends with word NULL.
 * item: components: BB_COMPONENT_ITEM that must stand beside it, or NULL; types: what is added to name and id of a location
 * of this type (ERCOT's energy-weighted zones), or NULL. */
struct bb_word {
    const char *word;
    int value;
    const char *item;
};
#define BB_WORD_DROPPED (-1) /* known, and knowingly not stored: CAISO's greenhouse-gas part */

/* An ancillary product: the operator's word (compared without case, runs of blanks as one) -> as_product_standard; a list ends
 * with word NULL. A product that no entry has is kept as it is spelled, with the standard BB_AS_OTHER, and counted among the
 * unknown words. */
struct bb_product {
    const char *word;
    const char *standard; /* BB_AS_REG … */
    const char *product;  /* as_product where it is spelled otherwise, or NULL */
    const char *unit;     /* NULL: $/MW */
    const char *item;     /* BB_AS_ITEM that must stand beside it, or NULL */
};
struct bb_region { /* operator's word -> as_region; a list ends with word NULL */
    const char *word, *region;
};
#define BB_AS_REG              "REG"
#define BB_AS_REG_UP           "REG_UP"
#define BB_AS_REG_DOWN         "REG_DOWN"
#define BB_AS_REG_MILEAGE      "REG_MILEAGE"
#define BB_AS_REG_UP_MILEAGE   "REG_UP_MILEAGE"
#define BB_AS_REG_DOWN_MILEAGE "REG_DOWN_MILEAGE"
#define BB_AS_REG_PERFORMANCE  "REG_PERFORMANCE"
#define BB_AS_SPIN             "SPIN"
#define BB_AS_NON_SPIN         "NON_SPIN"
#define BB_AS_PRIMARY          "PRIMARY"
#define BB_AS_SUPPLEMENTAL     "SUPPLEMENTAL"
#define BB_AS_CONTINGENCY      "CONTINGENCY"
#define BB_AS_RAMP_UP          "RAMP_UP"
#define BB_AS_RAMP_DOWN        "RAMP_DOWN"
#define BB_AS_UNCERTAINTY_UP   "UNCERTAINTY_UP"
#define BB_AS_SHORT_TERM       "SHORT_TERM"
#define BB_AS_FORECAST_ENERGY  "FORECAST_ENERGY"
#define BB_AS_OTHER            "OTHER"
#define BB_AS_PER_MW           "$/MW"
#define BB_AS_PER_MW_MILE      "$/MW-mile" /* mileage and performance */

enum {
    BB_FORMAT_LOOSE = 1,          /* see struct bb_column */
    BB_FORMAT_ID_IS_IDENTITY = 2, /* identity is the id (which may then not be empty), else the name */
    BB_FORMAT_PRELIMINARY = 4,    /* loses against final rows of the key whatever the versions */
    BB_FORMAT_DERIVE_ENERGY =
        8, /* energy = total - congestion - loss: FLAT at once, partial rows where they are joined */
    BB_FORMAT_REFERENCE = 16,  /* a list of locations: no prices */
    BB_FORMAT_OFF_GRID = 32,   /* instants need not lie on the grid of minutes */
    BB_FORMAT_NAME_IS_ID = 64, /* the operator has no other id: settlement_location_id repeats the name */
    BB_FORMAT_PARTIAL = 4096,  /* FLAT, WIDE_AS: rows are parts of rows, other reports hold the rest */
    BB_FORMAT_FLOOR = 128,     /* FLAT: stamps are those of runs and put back to the grid of minutes (ERCOT SCED) */
    BB_FORMAT_SEQUENTIAL =
        1
        << 16, /* blocks are parsed one after the other: row order or a trailer decides something, or components that
                    lie far apart are joined (day_table.h) */
    BB_FORMAT_ROW_ORDER =
        1 << 17, /* which pass of the repeated hour is meant follows from row order: row_order.h */
    BB_FORMAT_DOUBLED_HOUR = 1 << 18, /* with it: of hours by number a second "2" is the repeated one */
    BB_FORMAT_EXTRA_FIELDS = 1 << 19, /* records may have more fields than the header has names */
    BB_FORMAT_AGREE = 1 << 22, /* WIDE: many records hold one price: map_agree.h. With BB_FORMAT_SEQUENTIAL */
    BB_FORMAT_CUT_NOW =
        1 << 20, /* a file fetched on its own day also holds forecasts: what lies after the file's own
                                         modification time is left out */
    BB_FORMAT_OFFSETS =
        1 << 23, /* a stamp of BB_TIME_UTC_… must carry its offset: without it, it would be local time */
    /* records have a full name only: the id comes from a list of locations (reference.h), or the row is a reject */
    BB_FORMAT_ID_FROM_LIST = 1 << 24,
    BB_FORMAT_BY_ID = 1 << 21 /* records have an id and no name; the name is the id until finish_place or another
                                         file knows better. With BB_FORMAT_ID_IS_IDENTITY */
};

#define BB_SNIFF_LINES 16
#define BB_MAX_FIELDS  256 /* a header with more columns is no operator's */
#define BB_MAX_COLUMNS 48  /* entries of one column table, and the hours that follow BB_HOUR_VALUES */
#define BB_MAX_HOURS   25

/* The first lines of a file, as detection and the market's own judgement see them. */
struct bb_sniff {
    struct bb_evidence *evidence;
    size_t n_lines;
    struct bb_str lines[BB_SNIFF_LINES]; /* without line ends, without a byte order mark */
    size_t line_at[BB_SNIFF_LINES];      /* offsets in the head */
};

/* Which column of a file plays which role, found by name in its header line. */
struct bb_binding {
    int header_line;                 /* index of the header among the file's lines */
    size_t header_at, header_nbytes; /* its text within the head */
    size_t data_at;                  /* the first byte behind the header line */
    int n_fields;                    /* fields of the header, trailing nameless ones not counted */
    int16_t field[BB_MAX_COLUMNS];   /* for each entry of the format's columns: field number or -1 */
    int n_hours;                     /* BB_HOUR_VALUES: hour columns in a row */
    int n_found, n_absent;           /* bound columns; optional ones that are not there */
    int n_required, n_required_found;
    int in_order;          /* bound columns stand in the order of the table */
    char missing[200];     /* required columns that are not there: "a, b" */
    const char *forbidden; /* a column that is there and must not be, or NULL */
};

/* What a file says beside its columns. Filled by the format's entry first, then by its judge. */
struct bb_facts {
    int minutes;              /* resolution of the file */
    int version;              /* default_version of its rows */
    enum bb_file_order order; /* the format's */
    enum bb_market market;    /* the format's */
    char market_run[40];      /* what BB_MARKET_RUN must say in every record; empty: the format's */
    int preliminary;          /* as BB_FORMAT_PRELIMINARY */
    int32_t shift_s;          /* added to every stamp (gridstatus files of old versions) */
    int second_minutes; /* FLAT, WIDE_AS: from second_from_utc_s on the file holds rows of this resolution; 0: it does not */
    int64_t second_from_utc_s;
    int turn_congestion; /* this file has congestion with the other sign (gridstatus files of old versions) */
    int day_known;
    int32_t day;          /* local day of a file whose rows carry none (MISO) */
    uint32_t first_utc_s; /* see struct bb_detection */
    int64_t publication_utc_s;
    char variant[64];
    char doubt[400]; /* not empty: the file contradicts itself; if this format wins it is BB_SKIP with this text */
};

struct bb_format {
    const char *report, *data_source, *title;
    enum bb_iso iso;
    enum bb_market market;
    enum bb_kind kind;
    int minutes;
    enum bb_shape shape;
    enum bb_file_order order;
    unsigned flags;
    int default_version;             /* of rows that carry none */
    const struct bb_column *columns; /* ends with header NULL */
    int max_preamble;                /* lines that may stand before the header, blank ones not counted */
    int max_footer;                  /* lines that may stand behind the last record: footer.h */
    const struct bb_word *types;     /* location types; NULL: everything is default_type */
    enum bb_type default_type;
    enum bb_type (*type_of)(struct bb_str name, enum bb_type type); /* where the name decides; NULL */
    void (*finish_place)(struct bb_place_key *key); /* type, zone, voltage, name where name and id decide; NULL */
    const struct bb_word *components;               /* LONG shapes: word -> BB_VALUE_… or BB_WORD_DROPPED */
    const char
        *default_zone; /* zone of locations where no column or an empty one says it (SPP before its second area) */
    const char *only_location;         /* every row is about this one; no column says so (ERCOT system lambda) */
    const struct bb_product *products; /* ancillary reports */
    const struct bb_region *regions;   /* ancillary reports: names of regions; NULL: as published */
    const char *as_region;             /* of ancillary rows where no column or an empty one says it */
    /* Where one text holds both: moves the region out of the product ("RTO Regulation"). NULL. */
    void (*as_split)(struct bb_str *product, struct bb_str *region);
    const char *market_run; /* BB_MARKET_RUN must be this word */
    int second_market; /* enum bb_market + 1: the file holds a second dataset, of that market; 0: it does not */
    const char *names; /* words of usual file and folder names: "rt_hrl rt_hourly", each worth a little */
    /* Judges a file whose header fits: points to add, or -1: it is not this report (why says so). May be NULL. */
    int (*judge)(const struct bb_format *format, struct bb_sniff *sniff, const struct bb_binding *binding,
                 struct bb_facts *facts, char why[200]);
    const char *refusal; /* a look-alike that is refused: the sentence that says what to use instead */
    const char *datasets, *file_names, *layouts, *time_rule; /* for people: see struct bb_format_info */
};

struct bb_market_table {
    enum bb_iso iso;
    const struct bb_format *formats;
    size_t n_formats;
};

/* All formats of all markets, in the order of markets.def. NULL behind the last. */
const struct bb_format *bb_format_at(size_t i);
/* All of them at once, at most max; returns how many. */
size_t bb_formats_list(const struct bb_format **formats, size_t max);

struct bb_evidence;
/* Looks for the first lines anew: after evidence->more. */
void bb_sniff_init(struct bb_sniff *sniff, struct bb_evidence *evidence);
struct bb_str bb_sniff_line(const struct bb_sniff *sniff, size_t i); /* "" behind the last */
/* The next line of the content that is not blank, without its end; asks for more head as needed and may move the head's text.
 * *at (start with binding->data_at) moves behind it. n == 0: there is none. */
struct bb_str bb_sniff_next_line(struct bb_sniff *sniff, size_t *at);
/* The first data record's field for a role, blanks and quotes removed; n == 0 if there is none. */
struct bb_str bb_sniff_field(const struct bb_sniff *sniff, const struct bb_format *format,
                             const struct bb_binding *binding, enum bb_role role);
/* The distance of the first two distinct instants of the BB_TIME_UTC_BEGIN column (without one, of BB_TIME_UTC_END, and
 * *first_utc_s_ret is an end then): 60 (whole hours apart), 15, 5, 0 (the file holds
 * fewer than two) or -1 (none of these). Asks for more head as needed. *first_utc_s_ret as in struct bb_detection. */
int bb_sniff_minutes(struct bb_sniff *sniff, const struct bb_format *format, const struct bb_binding *binding,
                     uint32_t *first_utc_s_ret);
/* A date of eight digits in a name (the first that is a real day of 1990 … 2099); 1 if there is one. */
int bb_name_day(struct bb_str name, int32_t *day_ret);
/* Splits one line at commas outside quotes; fields trimmed and one pair of quotes removed. At most max; the true number is returned. */
size_t bb_line_fields(struct bb_str line, struct bb_str *fields, size_t max);
/* A quick no: the first letters of a line's fields. A format one of whose needed columns begins with none of them cannot be bound there; most
 * formats on most lines are ruled out this way. */
struct bb_initials {
    uint64_t bits[4];
};
void bb_initials_of(const struct bb_str *fields, size_t n, struct bb_initials *set);
int bb_bind_possible(const struct bb_format *format, const struct bb_initials *set);
/* Of its columns, the first letter of the first one that must be there; 0: there is none such. */
unsigned char bb_bind_letter(const struct bb_format *format);
/* 1: an entry of the format's table is for a column of this name. */
int bb_column_is_known(const struct bb_format *format, struct bb_str header);
/* Finds the format's columns in a header line that was split into n fields. 1 if every required one is there. */
int bb_bind(const struct bb_format *format, const struct bb_str *fields, size_t n, struct bb_binding *binding_ret);

#endif
