#include "convert/report_page.h"

#include <math.h>
#include <stdio.h>

/* ---- text ---- */

static void html_text(struct bb_out *out, struct bb_str text)
{
    size_t from = 0;
    for (size_t i = 0; i <= text.n; i++) {
        unsigned char c = i < text.n ? (unsigned char)text.p[i] : 0;
        const char *instead = i == text.n          ? ""
                              : c == '<'           ? "&lt;"
                              : c == '>'           ? "&gt;"
                              : c == '&'           ? "&amp;"
                              : c == '"'           ? "&quot;"
                              : c < 32 || c == 127 ? "?"
                                                   : NULL;
        if (!instead) continue;
        bb_out_put(out, (struct bb_str){ text.p + from, i - from });
        bb_out_put(out, bb_str_of(instead));
        from = i + 1;
    }
}

void bb_html_cstr(struct bb_out *out, const char *text) { html_text(out, bb_str_of(text ? text : "")); }

/* ---- head ---- */

static const char style[] =
    ":root{--ink:#1d2733;--soft:#5c6b7a;--line:#dde3e9;--paper:#fff;--wash:#f5f7f9;--deep:#125b66;"
    "--c0:#c9403a;--c1:#e8853d;--c2:#f2c34f;--c3:#c9d97f;--c4:#7fbfa4;--c5:#23847c;--none:#e9edf0}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--wash);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe "
    "UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
    "font-variant-numeric:tabular-nums}\n"
    "main{max-width:1180px;margin:0 auto;padding:28px 24px 60px}\n"
    "h1{font-size:30px;line-height:1.15;margin:0;letter-spacing:-.015em}h1 "
    "small{display:block;font-size:15px;font-weight:400;color:var(--soft);letter-spacing:0;"
    "margin-top:6px;overflow-wrap:anywhere}\n"
    "h2{font-size:23px;margin:46px 0 10px;padding-bottom:6px;border-bottom:2px solid "
    "var(--deep);letter-spacing:-.01em}\n"
    "h3{font-size:17px;margin:0 0 2px}h4{font-size:12px;margin:20px 0 "
    "6px;text-transform:uppercase;letter-spacing:.07em;color:var(--soft);font-weight:600}\n"
    "a{color:var(--deep)}p{margin:6px 0}.soft{color:var(--soft)}.num{text-align:right}\n"
    ".tiles{display:flex;flex-wrap:wrap;gap:12px;margin:22px 0}.tile{background:var(--paper);border:1px solid "
    "var(--line);border-radius:8px;padding:12px 18px;"
    "flex:1 1 130px}.tile b{display:block;font-size:22px;line-height:1.2;font-weight:650;white-space:nowrap}.tile "
    "span{color:var(--soft);font-size:13px}\n"
    "article,.card{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:18px "
    "20px;margin:14px 0}\n"
    "table{border-collapse:collapse;font-size:13.5px}th,td{padding:3px 12px 3px "
    "0;text-align:left;vertical-align:top}th{font-weight:600;color:var(--soft);"
    "font-size:12.5px;border-bottom:1px solid var(--line)}td{border-bottom:1px solid "
    "#eef1f4}th.num,td.num{text-align:right;white-space:nowrap}"
    "td.when{white-space:nowrap}td.name{overflow-wrap:anywhere}\n"
    ".overview{width:100%}.overview td{border:0;padding:2px 3px 2px 0}.overview "
    "td:first-child{padding-right:14px;white-space:nowrap;width:1%}"
    ".overview th{text-align:center;border:0;padding:2px 3px 2px 0}.overview tr.iso "
    "td{font-weight:650;padding-top:12px}\n"
    ".cell{display:block;border-radius:4px;text-align:center;font-size:12px;padding:3px "
    "2px;min-width:34px;text-decoration:none;color:#14202b;"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact}.b5{background:var(--c5);color:#fff}.b4{background:"
    "var(--c4)}.b3{background:var(--c3)}"
    ".b2{background:var(--c2)}.b1{background:var(--c1)}.b0{background:var(--c0);color:#fff}.bn{background:var(--"
    "none)}\n"
    ".scroll{overflow-x:auto}.flow{display:flex;flex-wrap:wrap;gap:14px 26px}.year{flex:0 1 528px}.year "
    "figcaption{font-size:13px;margin-bottom:3px}"
    "figure{margin:0}svg{display:block;max-width:100%;height:auto}svg text{font:10px "
    "system-ui,sans-serif;fill:#5c6b7a}\n"
    ".l0{fill:var(--c0)}.l1{fill:var(--c1)}.l2{fill:var(--c2)}.l3{fill:var(--c3)}.l4{fill:var(--c4)}.l5{fill:var(--"
    "c5)}.ln{fill:var(--none)}\n"
    ".key{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--soft);margin:8px 0 0}.key "
    "i{display:inline-block;width:12px;height:12px;border-radius:2px;"
    "margin-right:5px;vertical-align:-1px;-webkit-print-color-adjust:exact;print-color-adjust:exact}\n"
    ".two{display:flex;flex-wrap:wrap;gap:0 40px}.hubs{display:flex;flex-wrap:wrap;gap:16px 24px}.hub{flex:0 1 "
    "344px}.hub figcaption{font-size:13px}"
    ".hub figcaption "
    "b{font-weight:600}.band{fill:#cfe3e6}.mean{fill:none;stroke:var(--deep);stroke-width:1.6}.axis{stroke:#1d2733;"
    "stroke-opacity:.16;"
    "stroke-width:1;fill:none}"
    ".area{fill:#d8e8ea;stroke:var(--deep);stroke-width:.8;stroke-linejoin:round}.edge{fill:none;stroke:var(--deep)"
    ";stroke-width:1.2}.month{fill:none;stroke:#1d2733;stroke-"
    "opacity:.45;stroke-width:1}\n"
    "details{margin:8px 0}summary{cursor:pointer;color:var(--deep);font-size:13.5px}\n"
    "@media "
    "print{body{background:#fff;font-size:11px}main{max-width:none;padding:0}article,.card,.tile{border-color:#ccc;"
    "break-inside:avoid-page}"
    "h2{break-after:avoid}figure{break-inside:avoid}a{color:inherit;text-decoration:none}article{break-inside:auto}"
    "}\n";

static void tile(struct bb_report *r, const char *value, const char *label)
{
    bb_out_printf(&r->out, "<div class=tile><b>%s</b><span>%s</span></div>\n", value, label);
}

/* Complete is only what is complete: 99.99 is not shown as 100. */
static const char *percent_text(double percent, char out[32])
{
    if (percent >= 100.0)
        snprintf(out, 32, "100");
    else
        snprintf(out, 32,
                 percent >= 99.0   ? "%.2f"
                 : percent >= 10.0 ? "%.1f"
                                   : "%.2f",
                 percent > 99.99 ? 99.99 : percent);
    return out;
}

static enum bb_report_level level_of(double percent)
{
    return percent >= 100.0 ? BB_LEVEL_ALL : bb_report_level((uint64_t)(percent * 100.0 + 1.0), 10000);
}

static void put_anchor(struct bb_report *r, const struct bb_report_dataset *d)
{
    char name[64];
    bb_dataset_name(&d->dataset, d->half, name);
    bb_out_printf(&r->out, "%s-%s", bb_iso_infos[d->dataset.iso].folder, name);
}

static int has_year(const struct bb_report *r, int year)
{
    for (size_t i = 0; i < r->n_datasets; i++)
        for (size_t k = 0; k < r->datasets[i].n_years; k++)
            if (r->datasets[i].years[k].year == year) return 1;
    return 0;
}

/* Years of which nothing is there are left out. */
static void overview(struct bb_report *r)
{
    char text[32], name[64];
    bb_out_put(&r->out, BB_STR("<div class='card scroll'><h3>Completeness by year, in percent</h3>\n<table "
                               "class=overview><tr><th></th>"));
    for (int y = r->first_year; y <= r->last_year; y++)
        if (has_year(r, y)) bb_out_printf(&r->out, "<th>%d</th>", y);
    bb_out_put(&r->out, BB_STR("</tr>\n"));
    for (size_t i = 0; i < r->n_datasets; i++) {
        const struct bb_report_dataset *d = &r->datasets[i];
        size_t k = 0;
        if (i == 0 || d->dataset.iso != d[-1].dataset.iso)
            bb_out_printf(&r->out, "<tr class=iso><td colspan=%d>%s</td></tr>\n", r->last_year - r->first_year + 2,
                          bb_iso_infos[d->dataset.iso].name);
        bb_dataset_name(&d->dataset, d->half, name);
        bb_out_put(&r->out, BB_STR("<tr><td><a href='#"));
        put_anchor(r, d);
        bb_out_printf(&r->out, "'>%s</a></td>", name);
        for (int y = r->first_year; y <= r->last_year; y++) {
            if (!has_year(r, y)) continue;
            while (k < d->n_years && d->years[k].year < y) k++;
            if (k == d->n_years || d->years[k].year != y)
                bb_out_put(&r->out, BB_STR("<td><span class='cell bn'>&nbsp;</span></td>"));
            else
                bb_out_printf(&r->out, "<td><span class='cell b%d'>%s</span></td>",
                              (int)level_of(d->years[k].completeness),
                              percent_text(d->years[k].completeness, text));
        }
        bb_out_put(&r->out, BB_STR("</tr>\n"));
    }
    bb_out_put(&r->out, BB_STR("</table>\n"));
}

static void key(struct bb_report *r)
{
    static const char *const words[BB_N_LEVEL] = { "nothing there", "below 50 %",        "50 to 90 %",
                                                   "90 to 99 %",    "99 to below 100 %", "complete" };
    bb_out_put(&r->out, BB_STR("<div class=key>"));
    for (int i = BB_N_LEVEL - 1; i >= 0; i--)
        bb_out_printf(&r->out, "<span><i class=b%d></i>%s</span>", i, words[i]);
    bb_out_put(&r->out,
               BB_STR("<span><i class=bn></i>before the first or after the last price</span></div></div>\n"));
}

void bb_report_head(struct bb_report *r)
{
    char text[32], years[32];
    unsigned isos = 0;
    for (size_t i = 0; i < r->n_datasets; i++) isos |= 1u << r->datasets[i].dataset.iso;
    bb_out_put(&r->out, BB_STR("<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport "
                               "content='width=device-width,initial-scale=1'>\n<title>"));
    bb_html_cstr(&r->out, r->lake);
    bb_out_put(&r->out, BB_STR(": busbar report</title>\n<style>\n"));
    bb_out_put(&r->out, bb_str_of(style));
    bb_out_put(&r->out, BB_STR("</style></head><body><main>\n"
                               "<svg width=0 height=0 style='position:absolute'><defs><pattern id=g width=10 "
                               "height=10 patternUnits=userSpaceOnUse>"
                               "<path d='M9.2 0v9.2H0' fill=none stroke=#fff stroke-width=1.6 "
                               "/></pattern></defs></svg>\n<h1>What the lake holds<small>"));
    bb_html_cstr(&r->out, r->lake);
    bb_out_printf(&r->out, ", last changed %s UTC. Made by busbar %s.</small></h1>\n<div class=tiles>\n",
                  bb_minute_text(r->changed_utc_s, text), busbar_version());
    tile(r, bb_count_text((uint64_t)__builtin_popcount(isos), text), isos & (isos - 1) ? "operators" : "operator");
    tile(r, bb_count_text(r->n_datasets, text), r->n_datasets == 1 ? "dataset" : "datasets");
    snprintf(years, sizeof years, r->first_year == r->last_year ? "%d" : "%d&ndash;%d", r->first_year,
             r->last_year);
    tile(r, years, r->first_year == r->last_year ? "year" : "years");
    tile(r, bb_count_text(r->rows, text), "rows, each key once");
    tile(r, bb_size_text(r->nbytes, "&nbsp;", text), "in Parquet");
    tile(r, bb_count_text(r->n_files, text), r->n_files == 1 ? "file" : "files");
    bb_out_put(&r->out, BB_STR("</div>\n"));
    overview(r);
    key(r);
}

/* ---- one dataset ---- */

void bb_report_dataset_head(struct bb_report *r, const struct bb_report_dataset *d)
{
    const struct bb_report_year *first = &d->years[0], *last = &d->years[d->n_years - 1];
    char name[64], a[32], b[32], c[32];
    uint64_t rows = 0, locations = 0, sources = 0, nbytes = 0;
    for (size_t i = 0; i < d->n_years; i++) {
        rows += d->years[i].totals.rows;
        locations = BB_MAX(locations, d->years[i].n_locations);
        sources += d->years[i].n_sources;
        nbytes += d->years[i].nbytes;
    }
    bb_dataset_name(&d->dataset, d->half, name);
    bb_out_put(&r->out, BB_STR("<article id='"));
    put_anchor(r, d);
    bb_out_printf(&r->out, "'><h3>%s</h3>\n<p class=soft>%s rows &middot; %s %s &middot; %s &middot; ", name,
                  bb_count_text(rows, a), bb_count_text(locations, b),
                  d->half == BB_AS ? (locations == 1 ? "product" : "products")
                                   : (locations == 1 ? "location" : "locations"),
                  bb_size_text(nbytes, "&nbsp;", c));
    bb_out_printf(&r->out, "%s to ", bb_minute_text(first->first_utc_s, a));
    bb_out_printf(&r->out, "%s UTC &middot; %s source%s</p>\n", bb_minute_text(last->last_utc_s, a),
                  bb_count_text(sources, b), sources == 1 ? "" : "s");
}

static void gap_row(struct bb_report *r, const struct bb_report_year *y, const struct bb_report_gap *g)
{
    char from[32], to[32], n[32];
    bb_out_printf(&r->out, "<tr><td>%d</td><td class=name>", y->year);
    if (g->name[0])
        bb_html_cstr(&r->out, g->name);
    else
        bb_out_put(&r->out, BB_STR("<b>all</b>"));
    bb_out_printf(
        &r->out,
        "</td><td class=when>%s</td><td class=when>%s</td><td class=num>%s</td><td class=num>%llu</td></tr>\n",
        bb_minute_text(g->from_utc_s, from), bb_minute_text(g->to_utc_s, to), bb_count_text(g->n, n),
        (unsigned long long)g->n_ranges);
}

void bb_report_gaps(struct bb_report *r, const struct bb_report_dataset *d)
{
    uint64_t more_all = 0, more = 0, late = 0, gone = 0;
    int any = 0;
    char a[32], b[32];
    for (size_t i = 0; i < d->n_years; i++) {
        const struct bb_report_year *y = &d->years[i];
        any |= y->n_listed_for_all || y->n_listed;
        more_all += y->n_gaps_for_all - y->n_listed_for_all;
        more += y->n_with_gaps - y->n_listed;
        late += y->n_late;
        gone += y->n_gone;
    }
    bb_out_put(&r->out, BB_STR("<h4>Missing</h4>\n"));
    if (!any)
        bb_out_put(&r->out, BB_STR("<p>No gaps.</p>\n"));
    else
        bb_out_put(&r->out,
                   BB_STR("<div class=scroll><table class=gaps><tr><th>year</th><th>where</th><th>from "
                          "(UTC)</th><th>to (UTC)</th><th class=num>intervals</th><th class=num>gaps</th></tr>\n"));
    for (size_t i = 0; i < d->n_years && any; i++) {
        const struct bb_report_year *y = &d->years[i];
        for (size_t k = 0; k < y->n_listed_for_all; k++) gap_row(r, y, &y->gaps_for_all[k]);
        for (size_t k = 0; k < y->n_listed; k++) gap_row(r, y, &y->gaps[k]);
    }
    if (any) bb_out_put(&r->out, BB_STR("</table></div>\n"));
    if (more_all || more)
        bb_out_printf(&r->out,
                      "<p class=soft>The longest are listed; there are %s more gaps of all and %s more locations "
                      "with gaps: see quality/%s.</p>\n",
                      bb_count_text(more_all, a), bb_count_text(more, b), bb_iso_infos[d->dataset.iso].folder);
    if (late || gone)
        bb_out_printf(&r->out,
                      "<p class=soft>Within their years %s location%s appear%s late and %s vanish%s early; that is "
                      "not counted as missing.</p>\n",
                      bb_count_text(late, a), late == 1 ? "" : "s", late == 1 ? "s" : "", bb_count_text(gone, b),
                      gone == 1 ? "es" : "");
}

static void price_table(struct bb_report *r, const char *title, const struct bb_report_price *list, unsigned n)
{
    char when[32];
    bb_out_printf(&r->out, "<table class=prices><tr><th>%s</th><th>when (UTC)</th><th>where</th></tr>\n", title);
    for (unsigned i = 0; i < n; i++) {
        bb_out_printf(&r->out, "<tr><td class=num>%.2f</td><td class=when>%s</td><td class=name>", list[i].price,
                      bb_minute_text(list[i].start_utc_s, when));
        bb_html_cstr(&r->out, list[i].name);
        bb_out_put(&r->out, BB_STR("</td></tr>\n"));
    }
    bb_out_put(&r->out, BB_STR("</table>\n"));
}

void bb_report_oddities(struct bb_report *r, const struct bb_report_dataset *d)
{
    uint64_t outside = 0, off = 0, checked = 0, null_prices = 0, duplicates = 0, revisions = 0;
    double largest = 0.0;
    char a[32], b[32];
    for (size_t i = 0; i < d->n_years; i++) {
        const struct bb_quality_group *t = &d->years[i].totals;
        outside += t->outside;
        off += t->sums_off;
        checked += t->sums_checked;
        null_prices += t->null_prices;
        duplicates += d->years[i].duplicates;
        revisions += d->years[i].revisions;
        largest = fmax(largest, t->largest_sum_error);
    }
    bb_out_printf(&r->out, "<h4>Biggest outliers, %s</h4>\n<div class=two>", d->half == BB_AS ? "$/MW" : "$/MWh");
    price_table(r, "highest", d->high, d->n_high);
    price_table(r, "lowest", d->low, d->n_low);
    bb_out_printf(&r->out,
                  "</div>\n<p class=soft>%s price%s outside of &minus;1,000 to 10,000 &middot; %s without a price",
                  bb_count_text(outside, a), outside == 1 ? "" : "s", bb_count_text(null_prices, b));
    if (checked)
        bb_out_printf(&r->out, " &middot; components that do not add up: %s of %s rows (largest difference %.4g)",
                      bb_count_text(off, a), bb_count_text(checked, b), largest);
    bb_out_printf(&r->out, " &middot; %s duplicates", bb_count_text(duplicates, a));
    bb_out_printf(&r->out, ", %s revisions</p>\n", bb_count_text(revisions, a));
}

void bb_report_sources(struct bb_report *r, const struct bb_report_dataset *d)
{
    char a[32], b[32], c[32];
    bb_out_put(&r->out, BB_STR("<h4>Sources</h4>\n<div class=scroll><table class=sources><tr><th>year</th><th "
                               "class=num>rows</th><th class=num>files</th><th>first</th><th>last</th>"
                               "<th class=num>size</th><th>changed (UTC)</th></tr>\n"));
    for (size_t i = 0; i < d->n_years; i++) {
        const struct bb_report_year *y = &d->years[i];
        bb_out_printf(&r->out, "<tr><td>%d</td><td class=num>%s</td><td class=num>%s</td><td class=name>", y->year,
                      bb_count_text(y->totals.rows, a), bb_count_text(y->n_sources, b));
        bb_html_cstr(&r->out, y->first_source);
        bb_out_put(&r->out, BB_STR("</td><td class=name>"));
        if (y->n_sources > 1) bb_html_cstr(&r->out, y->last_source);
        bb_out_printf(&r->out, "</td><td class=num>%s</td><td class=when>%s</td></tr>\n",
                      bb_size_text(y->nbytes, "&nbsp;", c), bb_minute_text(y->changed_utc_s, a));
    }
    bb_out_put(&r->out, BB_STR("</table></div>\n"));
}

void bb_report_foot(struct bb_report *r)
{
    bb_out_put(
        &r->out,
        BB_STR("</section>\n<section class=card><h3>How to read this</h3>\n"
               "<p>Expected is every interval from the first to the last one that a file holds, counted by UTC, so "
               "that the days of 23 and 25 hours have "
               "theirs. A location is expected from its own first to its own last interval. A year&rsquo;s "
               "completeness is the smaller one of two: intervals that "
               "have prices at all, and prices of all locations. A day&rsquo;s colour counts prices.</p>\n"
               "<p>Days and the hours of the price maps are the operator&rsquo;s local ones. Outliers are the most "
               "extreme price of an interval, five intervals "
               "each way. Components count as adding up within rounding; CAISO points outside of its own area "
               "differ by the greenhouse-gas part.</p>\n"
               "<p>Full lists lie beside the data in quality/&lt;operator&gt;/&lt;dataset&gt;_&lt;year&gt;.json; "
               "<code>busbar verify</code> proves the files.</p>"
               "</section>\n"));
    if (r->n_strange)
        bb_out_printf(&r->out, "<p class=soft>%llu other Parquet files were left out.</p>\n",
                      (unsigned long long)r->n_strange);
    bb_out_put(&r->out, BB_STR("</main></body></html>\n"));
}
