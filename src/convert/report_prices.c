/* Monthly prices and the hour-by-month map of a dataset's hubs, read from its files: hub files are small. */
#include "convert/report_page.h"
#include "convert/row_scan.h"

#include <math.h>
#include <stdio.h>

#define N_MONTHS_MAX 1200

struct month {
    double sum, min, max;
    uint64_t n;
};

struct hub_prices {
    struct month *months;
    double min, max, sum;
    uint32_t min_utc_s, max_utc_s;
    uint64_t n;
};

struct prices {
    struct bb_report *r;
    const struct bb_report_dataset *d;
    struct bb_zone *zone;
    int first_month, n_months; /* months since year 0 */
    struct hub_prices hubs[BB_REPORT_HUBS];
    double hour_sum[12][24];
    uint64_t hour_n[12][24];
    /* the instant at hand */
    int64_t utc_s;
    int month, calendar_month, hour;
    size_t next_hub;
};

/* ---- reading ---- */

static void start_instant(struct prices *p, int64_t utc_s)
{
    struct bb_local local = bb_zone_local(p->zone, utc_s);
    struct bb_date date = bb_date_of(local.wall.day);
    p->utc_s = utc_s;
    p->month = date.year * 12 + date.month - 1 - p->first_month;
    p->calendar_month = date.month - 1;
    p->hour = local.wall.second / 3600 % 24;
    p->next_hub = 0;
}

static void add_price(struct prices *p, size_t hub, double price)
{
    struct hub_prices *h = &p->hubs[hub];
    struct month *m;
    if (p->month < 0 || p->month >= p->n_months) return;
    m = &h->months[p->month];
    m->min = m->n ? fmin(m->min, price) : price;
    m->max = m->n ? fmax(m->max, price) : price;
    m->sum += price;
    m->n++;
    if (h->n == 0 || price < h->min) h->min = price, h->min_utc_s = (uint32_t)p->utc_s;
    if (h->n == 0 || price > h->max) h->max = price, h->max_utc_s = (uint32_t)p->utc_s;
    h->sum += price;
    h->n++;
    p->hour_sum[p->calendar_month][p->hour] += price;
    p->hour_n[p->calendar_month][p->hour]++;
}

/* Rows of one instant and the hubs are sorted by the same bytes: they are joined in one go. */
static void add_row(struct prices *p, struct bb_str name, double price)
{
    while (p->next_hub < p->d->n_hubs) {
        int c = bb_str_cmp(bb_str_of(p->d->hubs[p->next_hub].name), name);
        if (c > 0) return;
        if (c == 0) {
            add_price(p, p->next_hub, price);
            return;
        }
        p->next_hub++;
    }
}

static enum bb_status read_group(struct prices *p, struct bb_pq_reader *reader, size_t group, const int columns[3],
                                 int64_t unit, struct bb_error *err)
{
    struct bb_row_scan scan;
    size_t n;
    enum bb_status status;
    int64_t last = INT64_MIN;
    BB_TRY(bb_row_scan_open(&scan, reader, group, columns, 3, err));
    while ((status = bb_row_scan_next(&scan, &n, err)) == BB_OK)
        for (size_t i = 0; i < n; i++) {
            int64_t at = scan.at[0].v.i64[i];
            if (at != last) start_instant(p, at / unit);
            last = at;
            if (scan.at[1].valid[i] && scan.at[2].valid[i]) add_row(p, scan.at[1].v.str[i], scan.at[2].v.f64[i]);
        }
    bb_row_scan_close(&scan);
    return status == BB_EOF ? BB_OK : status;
}

static enum bb_status read_file(struct prices *p, const char *path, struct bb_error *err)
{
    static const char *const names[3] = { "datetime_utc", "settlement_location", "lmp_total" };
    static const enum bb_pq_type types[3] = { BB_PQ_INT64, BB_PQ_BYTE_ARRAY, BB_PQ_DOUBLE };
    struct bb_pq_reader *reader;
    int columns[3];
    enum bb_status status;
    BB_TRY(bb_pq_reader_open(path, &p->r->budget, &reader, err));
    status = BB_OK;
    for (int i = 0; i < 3 && status == BB_OK; i++) {
        columns[i] = bb_pq_reader_find(reader, names[i]);
        if (columns[i] < 0 || bb_pq_reader_column(reader, (size_t)columns[i])->type != types[i])
            status = bb_fail(err, BB_SKIP, "%s: column %s is not as it should be", path, names[i]);
    }
    if (status == BB_OK) {
        int64_t unit =
            bb_pq_reader_column(reader, (size_t)columns[0])->logical == BB_PQ_TIMESTAMP_NS ? 1000000000 : 1000000;
        for (size_t g = 0; g < bb_pq_reader_groups(reader) && status == BB_OK; g++)
            status = read_group(p, reader, g, columns, unit, err);
    }
    bb_pq_reader_close(reader);
    return status;
}

/* ---- figures ---- */

static const char *month_text(const struct prices *p, int month, char out[32])
{
    static const char *const names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    int m = p->first_month + month;
    snprintf(out, 32, "%s %d", names[m % 12], m / 12);
    return out;
}

/* Single hours reach a hundred times as far as means, and below zero: on a square-root scale both can be seen. */
static double root(double price) { return price < 0.0 ? -sqrt(-price) : sqrt(price); }

static void scale(const struct prices *p, double *low_ret, double *high_ret)
{
    double low = 0.0, high = 1.0;
    for (size_t h = 0; h < p->d->n_hubs; h++)
        for (int m = 0; m < p->n_months; m++) {
            const struct month *at = &p->hubs[h].months[m];
            if (!at->n) continue;
            low = fmin(low, at->min);
            high = fmax(high, at->max);
        }
    *high_ret = root(high);
    *low_ret = root(low);
}

enum { WIDTH = 300, HEIGHT = 110, TOP = 6, LEFT = 42 };

static double y_of(double price, double low, double high)
{
    return TOP + (high - root(price)) / (high - low) * HEIGHT;
}

/* Lines at round prices, none nearer than a line of text to another. */
static void price_axis(struct bb_out *out, double low, double high)
{
    static const double marks[] = { 0, 50, 200, 1000, 5000, 20000, -50, -200, -1000, -5000 };
    double last_above = INFINITY, last_below = -INFINITY;
    for (size_t i = 0; i < BB_ARRAY_LEN(marks); i++) {
        double y = y_of(marks[i], low, high);
        if (root(marks[i]) > high || root(marks[i]) < low || (marks[i] >= 0 && y > last_above - 11.0) ||
            (marks[i] < 0 && y < last_below + 11.0))
            continue;
        if (marks[i] >= 0) last_above = y;
        if (marks[i] <= 0) last_below = y;
        bb_out_printf(out, "<path class=axis d='M%d %.1fh%d'/><text x=%d y=%.1f text-anchor=end>%s%.0f</text>",
                      LEFT, y, WIDTH, LEFT - 5, y + 3.5, marks[i] < 0 ? "&minus;" : "", fabs(marks[i]));
    }
}

static void hub_figure(const struct prices *p, size_t hub, double low, double high)
{
    struct bb_out *out = &p->r->out;
    const struct hub_prices *h = &p->hubs[hub];
    char a[32], b[32];
    double step = (double)WIDTH / p->n_months;
    int open = 0;
    bb_out_put(out, BB_STR("<figure class=hub><figcaption><b>"));
    bb_html_cstr(out, p->d->hubs[hub].name);
    bb_out_printf(out, "</b> <span class=soft>mean %.2f<br>lowest %.2f (%s)", h->n ? h->sum / (double)h->n : 0.0,
                  h->min, bb_minute_text(h->min_utc_s, a));
    bb_out_printf(out,
                  "<br>highest %.2f (%s)</span></figcaption><svg viewBox='0 0 344 %d' width=344 height=%d role=img "
                  "aria-label='monthly prices'><path class=band d='",
                  h->max, bb_minute_text(h->max_utc_s, b), TOP + HEIGHT + 16, TOP + HEIGHT + 16);
    for (int m = 0; m < p->n_months; m++) {
        const struct month *at = &h->months[m];
        if (at->n)
            bb_out_printf(out, "M%.1f %.1fh%.1fV%.1fh-%.1fz", LEFT + m * step, y_of(at->max, low, high) - 0.5, step,
                          y_of(at->min, low, high) + 0.5, step);
    }
    bb_out_put(out, BB_STR("'/>"));
    price_axis(out, low, high);
    bb_out_put(out, BB_STR("<path class=mean d='"));
    for (int m = 0; m < p->n_months; m++) {
        const struct month *at = &h->months[m];
        double y = at->n ? y_of(at->sum / (double)at->n, low, high) : 0.0;
        if (at->n && !open) bb_out_printf(out, "M%.1f %.1f", LEFT + m * step, y);
        if (at->n) bb_out_printf(out, "V%.1fh%.1f", y, step);
        open = at->n > 0;
    }
    bb_out_printf(out, "'/><text x=%d y=%d>%s</text>", LEFT, TOP + HEIGHT + 13, month_text(p, 0, a));
    if (p->n_months > 1)
        bb_out_printf(out, "<text x=%d y=%d text-anchor=end>%s</text>", LEFT + WIDTH, TOP + HEIGHT + 13,
                      month_text(p, p->n_months - 1, a));
    bb_out_put(out, BB_STR("</svg></figure>\n"));
}

static void month_table(const struct prices *p)
{
    struct bb_out *out = &p->r->out;
    char text[32];
    bb_out_put(out, BB_STR("<details><summary>Monthly numbers: mean, lowest, highest</summary><div "
                           "class=scroll><table class=months><tr><th>month</th>"));
    for (size_t h = 0; h < p->d->n_hubs; h++) {
        bb_out_put(out, BB_STR("<th class=num colspan=3>"));
        bb_html_cstr(out, p->d->hubs[h].name);
        bb_out_put(out, BB_STR("</th>"));
    }
    bb_out_put(out, BB_STR("</tr>\n"));
    for (int m = 0; m < p->n_months; m++) {
        uint64_t n = 0;
        for (size_t h = 0; h < p->d->n_hubs; h++) n += p->hubs[h].months[m].n;
        if (n == 0) continue;
        bb_out_printf(out, "<tr><td class=when>%s</td>", month_text(p, m, text));
        for (size_t h = 0; h < p->d->n_hubs; h++) {
            const struct month *at = &p->hubs[h].months[m];
            if (at->n)
                bb_out_printf(out, "<td class=num><b>%.2f</b></td><td class=num>%.2f</td><td class=num>%.2f</td>",
                              at->sum / (double)at->n, at->min, at->max);
            else
                bb_out_put(out, BB_STR("<td colspan=3></td>"));
        }
        bb_out_put(out, BB_STR("</tr>\n"));
    }
    bb_out_put(out, BB_STR("</table></div></details>\n"));
}

/* From pale yellow over green to deep blue, as paper maps do. */
static void colour(double at, unsigned *red, unsigned *green, unsigned *blue)
{
    static const double stops[4][3] = { { 251, 249, 225 }, { 167, 216, 192 }, { 52, 143, 158 }, { 22, 64, 110 } };
    double x = fmin(fmax(at, 0.0), 1.0) * 3.0;
    int i = x >= 3.0 ? 2 : (int)x;
    double f = x - i;
    *red = (unsigned)(stops[i][0] * (1.0 - f) + stops[i + 1][0] * f + 0.5);
    *green = (unsigned)(stops[i][1] * (1.0 - f) + stops[i + 1][1] * f + 0.5);
    *blue = (unsigned)(stops[i][2] * (1.0 - f) + stops[i + 1][2] * f + 0.5);
}

static void hour_map(const struct prices *p)
{
    enum { W = 40, H = 17, MAP_LEFT = 34, MAP_TOP = 16 };
    static const char *const names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct bb_out *out = &p->r->out;
    double low = INFINITY, high = -INFINITY;
    int n_rows = 0, row = 0;
    for (int m = 0; m < 12; m++) {
        int any = 0;
        for (int h = 0; h < 24; h++) {
            double mean = p->hour_n[m][h] ? p->hour_sum[m][h] / (double)p->hour_n[m][h] : 0.0;
            if (!p->hour_n[m][h]) continue;
            low = fmin(low, mean);
            high = fmax(high, mean);
            any = 1;
        }
        n_rows += any;
    }
    bb_out_printf(out,
                  "<h4>Mean price by local hour and month, %s</h4>\n<div class=scroll><svg viewBox='0 0 %d %d' "
                  "width=%d height=%d role=img aria-label='prices by hour and month'>",
                  p->d->n_hubs == 1 ? "$/MWh" : "mean of these points, $/MWh", MAP_LEFT + 24 * W,
                  MAP_TOP + n_rows * H, MAP_LEFT + 24 * W, MAP_TOP + n_rows * H);
    for (int h = 0; h < 24; h++)
        bb_out_printf(out, "<text x=%d y=11 text-anchor=middle>%d</text>", MAP_LEFT + h * W + W / 2, h);
    for (int m = 0; m < 12; m++) {
        int y = MAP_TOP + row * H, any = 0;
        for (int h = 0; h < 24; h++) {
            double mean;
            unsigned red, green, blue;
            if (!p->hour_n[m][h]) continue;
            mean = p->hour_sum[m][h] / (double)p->hour_n[m][h];
            any = 1;
            colour(high > low ? (mean - low) / (high - low) : 0.3, &red, &green, &blue);
            bb_out_printf(out, "<rect x=%d y=%d width=%d height=%d fill='#%02x%02x%02x'/>", MAP_LEFT + h * W, y,
                          W - 1, H - 1, red, green, blue);
            bb_out_printf(out, "<text x=%d y=%d text-anchor=middle style='fill:%s'>%.*f</text>",
                          MAP_LEFT + h * W + W / 2, y + 12, red + green + blue < 400 ? "#fff" : "#14202b",
                          fabs(mean) < 9.95 ? 1 : 0, mean);
        }
        if (any) bb_out_printf(out, "<text x=0 y=%d>%s</text>", y + 12, names[m]);
        row += any;
    }
    bb_out_put(out, BB_STR("</svg></div>\n"));
}

static enum bb_status prepare(struct prices *p, struct bb_error *err)
{
    const struct bb_report_dataset *d = p->d;
    p->first_month = d->years[0].year * 12;
    p->n_months = (d->years[d->n_years - 1].year + 1) * 12 - p->first_month;
    if (p->n_months > N_MONTHS_MAX)
        return bb_fail(err, BB_SKIP, "years from %d to %d in one dataset", d->years[0].year,
                       d->years[d->n_years - 1].year);
    for (size_t h = 0; h < d->n_hubs; h++) {
        p->hubs[h].months = bb_calloc(&p->r->budget, (size_t)p->n_months * sizeof(struct month));
        if (!p->hubs[h].months) return bb_fail_budget(err, &p->r->budget, "the report");
    }
    return bb_zone_open(bb_iso_infos[d->dataset.iso].zone_name, NULL, &p->r->budget, &p->zone, err);
}

/* Months before the first and after the last price would only waste room. */
static void trim(struct prices *p)
{
    int first = p->n_months, last = -1;
    for (size_t h = 0; h < p->d->n_hubs; h++)
        for (int m = 0; m < p->n_months; m++)
            if (p->hubs[h].months[m].n) {
                first = BB_MIN(first, m);
                last = BB_MAX(last, m);
            }
    if (last < first) {
        p->n_months = 0;
        return;
    }
    for (size_t h = 0; h < p->d->n_hubs; h++)
        memmove(p->hubs[h].months, p->hubs[h].months + first, (size_t)(last - first + 1) * sizeof(struct month));
    p->first_month += first;
    p->n_months = last - first + 1;
}

enum bb_status bb_report_prices(struct bb_report *r, const struct bb_report_dataset *d, struct bb_error *err)
{
    struct prices p = { .r = r, .d = d };
    enum bb_status status = d->n_hubs ? prepare(&p, err) : BB_OK;
    for (size_t i = 0; i < d->n_years && status == BB_OK && d->n_hubs; i++)
        status = read_file(&p, d->years[i].path, err);
    if (status == BB_OK && d->n_hubs) trim(&p);
    if (status == BB_OK && p.n_months) {
        double low, high;
        scale(&p, &low, &high);
        bb_out_put(&r->out, BB_STR("<h4>Prices by month, $/MWh: mean (line), lowest to highest (band), square-root "
                                   "scale</h4>\n<div class=hubs>\n"));
        for (size_t h = 0; h < d->n_hubs; h++)
            if (p.hubs[h].n) hub_figure(&p, h, low, high);
        bb_out_put(&r->out, BB_STR("</div>\n"));
        month_table(&p);
        hour_map(&p);
    }
    for (size_t h = 0; h < d->n_hubs; h++) bb_free(p.hubs[h].months);
    bb_zone_close(p.zone);
    return status;
}
