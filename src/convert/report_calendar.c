/* Calendars and the number of locations as SVG. Equal days next to each other are one shape, so that ten years of a dataset take a few kilobytes. */
#include "convert/report_page.h"

#include <stdio.h>

#define CELL      10
#define MONTH_TOP 12 /* room for the names of months */

static int weekday(int32_t day) { return (int)(((day + 3) % 7 + 7) % 7); } /* Monday 0; 1970-01-01 was a Thursday */

/* levels[k] of the year's day k; 255: before the first or after the last price */
static void level_path(struct bb_report *r, const uint8_t *levels, int n_days, int first_weekday, int level)
{
    int wide_from = -1, n_weeks = (first_weekday + n_days + 6) / 7, begun = 0;
    for (int week = 0; week <= n_weeks; week++) {
        int full = week < n_weeks;
        for (int y = 0; y < 7 && full; y++) {
            int k = week * 7 + y - first_weekday;
            full = k >= 0 && k < n_days && levels[k] == level;
        }
        if (full && wide_from < 0) wide_from = week;
        if (full) continue;
        if (!begun && (wide_from >= 0 || week < n_weeks)) {
            bb_out_printf(&r->out, level == 255 ? "<path class=ln d='" : "<path class=l%d d='", level);
            begun = 1;
        }
        if (wide_from >= 0)
            bb_out_printf(&r->out, "M%d %dh%dv%dh-%dz", wide_from * CELL, MONTH_TOP, (week - wide_from) * CELL,
                          7 * CELL, (week - wide_from) * CELL);
        wide_from = -1;
        for (int y = 0; y < 7 && week < n_weeks;) {
            int k = week * 7 + y - first_weekday, from = y;
            while (y < 7 && k >= 0 && k < n_days && levels[k] == level) y++, k++;
            if (y > from)
                bb_out_printf(&r->out, "M%d %dh%dv%dh-%dz", week * CELL, MONTH_TOP + from * CELL, CELL,
                              (y - from) * CELL, CELL);
            else
                y++;
        }
    }
    if (begun) bb_out_put(&r->out, BB_STR("'/>"));
}

/* Names of months above their first full week, and a step line before each month. */
static void months(struct bb_report *r, int year, int first_weekday)
{
    static const char *const names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    int32_t first = bb_day_of((struct bb_date){ year, 1, 1 });
    for (int m = 1; m <= 12; m++) {
        int at = bb_day_of((struct bb_date){ year, m, 1 }) - first + first_weekday, week = at / 7;
        bb_out_printf(&r->out, "<text x=%d y=9>%s</text>", (week + (at % 7 > 0)) * CELL, names[m - 1]);
    }
    bb_out_put(&r->out, BB_STR("<path class=month d='"));
    for (int m = 2; m <= 12; m++) {
        int at = bb_day_of((struct bb_date){ year, m, 1 }) - first + first_weekday, x = at / 7 * CELL,
            y = at % 7 * CELL;
        if (y)
            bb_out_printf(&r->out, "M%d.2 %dv-%dh-%dv%d", x + CELL - 1, MONTH_TOP, -y, CELL, 7 * CELL - y);
        else
            bb_out_printf(&r->out, "M%d.2 %dv%d", x - 1, MONTH_TOP, 7 * CELL);
    }
    bb_out_put(&r->out, BB_STR("'/>"));
}

/* The worst days in words, for print and for who does not see colours. */
static void worst_days(struct bb_report *r, const struct bb_report_year *y)
{
    size_t n_bad = 0, shown = 0;
    char text[BB_TIME_TEXT];
    for (size_t i = 0; i < y->n_days; i++) n_bad += y->days[i].level != BB_LEVEL_ALL;
    bb_out_printf(&r->out, "%d: ", y->year);
    if (n_bad == 0) {
        bb_out_printf(&r->out, "<span class=soft>%zu day%s, all complete</span>", y->n_days,
                      y->n_days == 1 ? "" : "s");
        return;
    }
    bb_out_printf(&r->out, "<span class=soft>%zu of %zu days incomplete: ", n_bad, y->n_days);
    for (size_t i = 0; i < y->n_days && shown < 3; i++) {
        if (y->days[i].level == BB_LEVEL_ALL) continue;
        bb_out_printf(&r->out, "%s%s (%.*f&nbsp;%%)", shown++ ? ", " : "", bb_day_text(y->days[i].day, text) + 5,
                      y->days[i].percent < 99.0 ? 0 : 2, y->days[i].percent);
    }
    bb_out_printf(&r->out, "%s</span>", n_bad > shown ? ", &hellip;" : "");
}

static void calendar(struct bb_report *r, const struct bb_report_year *y)
{
    int32_t first = bb_day_of((struct bb_date){ y->year, 1, 1 });
    int n_days = bb_day_of((struct bb_date){ y->year + 1, 1, 1 }) - first, first_weekday = weekday(first);
    int width = (first_weekday + n_days + 6) / 7 * CELL;
    uint8_t levels[366];
    memset(levels, 255, sizeof levels);
    for (size_t i = 0; i < y->n_days; i++) {
        int32_t k = y->days[i].day - first;
        if (k >= 0 && k < n_days) levels[k] = y->days[i].level;
    }
    bb_out_put(&r->out, BB_STR("<figure class=year><figcaption>"));
    worst_days(r, y);
    bb_out_printf(
        &r->out,
        "</figcaption><svg viewBox='0 0 540 %d' width=540 height=%d role=img aria-label='completeness by day, %d'>",
        MONTH_TOP + 7 * CELL, MONTH_TOP + 7 * CELL, y->year);
    level_path(r, levels, n_days, first_weekday, 255);
    for (int level = 0; level < BB_N_LEVEL; level++) level_path(r, levels, n_days, first_weekday, level);
    bb_out_printf(&r->out, "<g transform='translate(0 %d)'><rect width=%d height=%d fill='url(#g)'/></g>",
                  MONTH_TOP, width, 7 * CELL);
    months(r, y->year, first_weekday);
    bb_out_put(&r->out, BB_STR("</svg></figure>\n"));
}

void bb_report_calendars(struct bb_report *r, const struct bb_report_dataset *d)
{
    bb_out_put(&r->out, BB_STR("<h4>Completeness by day</h4>\n<div class=flow>\n"));
    for (size_t i = 0; i < d->n_years; i++) calendar(r, &d->years[i]);
    bb_out_put(&r->out, BB_STR("</div>\n"));
}

/* A step line over all days from the first to the last; days without a file are zero. */
void bb_report_location_chart(struct bb_report *r, const struct bb_report_dataset *d)
{
    enum { WIDTH = 1090, HEIGHT = 64, TOP = 4 };
    const struct bb_report_year *last = &d->years[d->n_years - 1];
    uint32_t most = 0, least = UINT32_MAX, now = UINT32_MAX;
    int32_t from, to, expected_day;
    char a[BB_TIME_TEXT], b[BB_TIME_TEXT];
    if (d->years[0].n_days == 0 || last->n_days == 0) return;
    from = expected_day = d->years[0].days[0].day;
    to = last->days[last->n_days - 1].day + 1;
    for (size_t i = 0; i < d->n_years; i++)
        for (size_t k = 0; k < d->years[i].n_days; k++) {
            most = BB_MAX(most, d->years[i].days[k].locations);
            least = BB_MIN(least, d->years[i].days[k].locations);
        }
    if (to - from < 2 || most == 0) return;
    bb_out_printf(&r->out,
                  "<h4>%s with a price, by day</h4>\n<figure><svg viewBox='0 0 1130 %d' width=1130 height=%d "
                  "role=img aria-label='number over time'><path class=area d='M0 %d",
                  d->half == BB_AS ? "Products" : "Locations", TOP + HEIGHT + 16, TOP + HEIGHT + 16, TOP + HEIGHT);
    for (size_t i = 0; i <= d->n_years; i++)
        for (size_t k = 0; i < d->n_years ? k < d->years[i].n_days : k < 1; k++) {
            int32_t day = i < d->n_years ? d->years[i].days[k].day : to;
            uint32_t value = i < d->n_years ? d->years[i].days[k].locations : 0;
            if (day > expected_day && now != 0) { /* years without a file between two with one */
                bb_out_printf(&r->out, "H%.1fV%d", (double)(expected_day - from) * WIDTH / (to - from),
                              TOP + HEIGHT);
                now = 0;
            }
            expected_day = day + 1;
            if (value == now) continue;
            bb_out_printf(&r->out, "H%.1fV%.1f", (double)(day - from) * WIDTH / (to - from),
                          TOP + HEIGHT - (double)value * HEIGHT / most);
            now = value;
        }
    bb_out_put(&r->out, BB_STR("\'/>"));
    for (int year = bb_date_of(from).year + 1; year <= bb_date_of(to - 1).year; year++) {
        double x = (double)(bb_day_of((struct bb_date){ year, 1, 1 }) - from) * WIDTH / (to - from);
        bb_out_printf(&r->out, "<path class=axis d=\'M%.1f %dv%d\'/>", x, TOP, HEIGHT + 4);
        if (x > 80.0 && x < WIDTH - 100.0)
            bb_out_printf(&r->out, "<text x=%.1f y=%d text-anchor=middle>%d</text>", x, TOP + HEIGHT + 13, year);
    }
    bb_out_printf(&r->out,
                  "<path class=axis d='M0 %dh%d'/><text x=%d y=%d>%u</text><text x=0 y=%d>%s</text><text x=%d "
                  "y=%d text-anchor=end>%s</text></svg></figure>\n",
                  TOP + HEIGHT, WIDTH, WIDTH + 5, TOP + 9, most, TOP + HEIGHT + 13, bb_day_text(from, a), WIDTH,
                  TOP + HEIGHT + 13, bb_day_text(to - 1, b));
}
