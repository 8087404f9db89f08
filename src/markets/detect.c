/* Which report is this file? Every format bids on the evidence; the best bid wins, a tie is an error that names both, and
 * without a bid the closest format and what is missing are named. A file name alone never wins. */
#include "markets/nondata.h"

#include <stdio.h>

/* Points: what a header shows counts most, a name least. */
enum {
    POINTS_COLUMN = 8,
    POINTS_OPTIONAL = 4,
    POINTS_ABSENT = -1,
    POINTS_ORDER = 4,
    POINTS_NAME = 2,
    POINTS_FOLDER = 1,
    POINTS_ISO = 1
};

#define MAX_FORMATS 512

struct candidate {
    const struct bb_format *format;
    struct bb_binding binding;
    struct bb_facts facts;
    int points;
};

struct search {
    struct bb_sniff sniff;
    struct candidate best, second;
    const struct bb_format *closest;
    struct bb_binding closest_binding;
    /* all formats, each with the letter that one of its columns must begin with (0: any line may fit) */
    const struct bb_format *formats[MAX_FORMATS];
    unsigned char letters[MAX_FORMATS];
    size_t n_formats;
    uint64_t judged[MAX_FORMATS / 64]; /* formats whose header was found in an earlier line */
    struct bb_detection *out;
};

static void put_bid(struct bb_detection *d, const char *report, int points, const char *why)
{
    int at = d->n_bids, n = (int)BB_ARRAY_LEN(d->bids);
    while (at > 0 && d->bids[at - 1].points < points) at--;
    if (at == n) return;
    if (d->n_bids < n) d->n_bids++;
    memmove(&d->bids[at + 1], &d->bids[at], (size_t)(d->n_bids - 1 - at) * sizeof d->bids[0]);
    d->bids[at].report = report;
    d->bids[at].points = points;
    snprintf(d->bids[at].why, sizeof d->bids[at].why, "%s", why);
}

static int name_points(const struct bb_format *format, const struct bb_evidence *e)
{
    const char *p = format->names;
    int points = 0;
    while (p && *p) {
        size_t n = strcspn(p, " ");
        struct bb_str word = { p, n };
        if (bb_str_find_nocase(e->name, word)) return POINTS_NAME;
        if (bb_str_find_nocase(e->path, word) || bb_str_find_nocase(e->member, word)) points = POINTS_FOLDER;
        p += n + (p[n] == ' ');
    }
    return points;
}

static void weigh(struct search *s, const struct bb_format *format, struct bb_binding *binding)
{
    struct candidate c = { format,
                           *binding,
                           { .minutes = format->minutes,
                             .version = format->default_version,
                             .order = format->order,
                             .market = format->market },
                           0 };
    char why[200] = "", text[256];
    int found_optional, judged = 0;
    if (format->judge) judged = format->judge(format, &s->sniff, &c.binding, &c.facts, why);
    if (judged < 0) {
        snprintf(text, sizeof text, "all %d columns, but %s", binding->n_required, why);
        put_bid(s->out, format->report, 0, text);
        return;
    }
    found_optional = BB_MAX(binding->n_found - binding->n_required, 0);
    c.points = binding->n_required * POINTS_COLUMN + found_optional * POINTS_OPTIONAL +
               binding->n_absent * POINTS_ABSENT + (binding->in_order ? POINTS_ORDER : 0) + judged +
               name_points(format, s->sniff.evidence);
    if (s->sniff.evidence->forced_iso >= 0 && s->sniff.evidence->forced_iso == (int)format->iso)
        c.points += POINTS_ISO;
    snprintf(text, sizeof text, "%d needed and %d other columns%s%s%s", binding->n_required, found_optional,
             binding->in_order ? ", in order" : "", why[0] ? ", " : "", why);
    put_bid(s->out, format->report, c.points, text);
    if (!s->best.format || c.points > s->best.points) {
        s->second = s->best;
        s->best = c;
    } else if (!s->second.format || c.points > s->second.points) {
        s->second = c;
    }
}

static int is_forced(const struct bb_evidence *e, const struct bb_format *format)
{
    return !e->forced_report || strcmp(e->forced_report, format->report) == 0;
}

/* More of the needed columns found, as a share; of equals the one with more columns in all. A column that must not be there
 * counts for a fifth: a renamed column is the likelier story. */
static int nearer(const struct bb_binding *a, const struct bb_binding *b)
{
    int share_a = a->n_required_found * b->n_required * (a->forbidden ? 4 : 5);
    int share_b = b->n_required_found * a->n_required * (b->forbidden ? 4 : 5);
    return share_a != share_b ? share_a > share_b : a->n_found > b->n_found;
}

/* explain: nothing was found, look for what is closest. */
static void try_line(struct search *s, size_t line, int n_before, int explain)
{
    struct bb_str fields[BB_MAX_FIELDS];
    const struct bb_format *format;
    size_t n = bb_line_fields(bb_sniff_line(&s->sniff, line), fields, BB_MAX_FIELDS);
    const char *base = s->sniff.evidence->head.p;
    struct bb_initials initials;
    if (n > BB_MAX_FIELDS) return;
    bb_initials_of(fields, n, &initials);
    for (size_t i = 0; i < s->n_formats; i++) {
        struct bb_binding b;
        int fits;
        /* few formats survive this, and a line is held against all of them */
        if (!explain && s->letters[i] && !(initials.bits[s->letters[i] >> 6] >> (s->letters[i] & 63) & 1)) continue;
        format = s->formats[i];
        if (n_before > format->max_preamble || s->judged[i / 64] >> (i % 64) & 1 ||
            !is_forced(s->sniff.evidence, format) || (!explain && !bb_bind_possible(format, &initials)))
            continue;
        if (base != s->sniff.evidence->head.p) { /* a judge asked for more: the old text may have moved */
            n = bb_line_fields(bb_sniff_line(&s->sniff, line), fields, BB_MAX_FIELDS);
            base = s->sniff.evidence->head.p;
        }
        fits = bb_bind(format, fields, n, &b);
        if (!fits) {
            if (!s->closest || nearer(&b, &s->closest_binding)) {
                s->closest = format;
                s->closest_binding = b;
            }
            continue;
        }
        s->judged[i / 64] |= 1ull << (i % 64);
        b.header_line = (int)line;
        b.header_at = s->sniff.line_at[line];
        b.header_nbytes = bb_sniff_line(&s->sniff, line).n;
        b.data_at = line + 1 < s->sniff.n_lines ? s->sniff.line_at[line + 1] : s->sniff.evidence->head.n;
        if (line + 1 == BB_SNIFF_LINES || (line + 1 >= s->sniff.n_lines)) {
            const char *end = memchr(base + b.header_at, '\n', s->sniff.evidence->head.n - b.header_at);
            if (end) b.data_at = (size_t)(end - base) + 1;
        }
        weigh(s, format, &b);
    }
}

static enum bb_status refuse(struct search *s, struct bb_error *err)
{
    const struct bb_evidence *e = s->sniff.evidence;
    const struct bb_binding *near = &s->closest_binding;
    char first[81];
    size_t n = 0, line = 0;
    struct bb_str text;
    while (line + 1 < s->sniff.n_lines && bb_str_trim(bb_sniff_line(&s->sniff, line)).n == 0) line++;
    text = bb_sniff_line(&s->sniff, line);
    for (size_t i = 0; i < text.n && n < sizeof first - 1; i++)
        first[n++] = text.p[i] >= ' ' && text.p[i] < 127 ? text.p[i] : '?';
    first[n] = 0;
    if (s->out->n_bids > 0) {
        s->out->iso = (int)bb_format_info_named(bb_str_of(s->out->bids[0].report)).iso;
        return bb_fail(err, BB_SKIP, "the header fits %s, but %s", s->out->bids[0].report,
                       strstr(s->out->bids[0].why, "but ") ? strstr(s->out->bids[0].why, "but ") + 4
                                                           : s->out->bids[0].why);
    }
    if (s->closest && (e->forced_report || near->n_required_found * 2 > near->n_required)) {
        const char *what = near->missing[0] ? "missing column: " : "but the file has a column that it never has: ";
        const char *which = near->missing[0] ? near->missing : near->forbidden;
        s->out->iso = (int)s->closest->iso;
        if (e->forced_report)
            return bb_fail(err, BB_SKIP, "this is not %s as --report says; %s%s", e->forced_report, what, which);
        return bb_fail(err, BB_SKIP,
                       "not a report that busbar knows; closest: %s, %s%s (a renamed column is not guessed; "
                       "download the report "
                       "anew or restore its header)",
                       s->closest->report, what, which);
    }
    return bb_fail(err, BB_SKIP, "not a report that busbar knows (see busbar formats); it begins \"%s\"", first);
}

/* A product that the operator has added since would otherwise be lost without a word. */
static void list_unread(struct bb_detection *d, const struct bb_evidence *e)
{
    const struct bb_binding *b = &d->binding;
    struct bb_str fields[BB_MAX_FIELDS];
    size_t n, used = 0;
    if (d->format->shape != BB_WIDE_AS || b->header_at + b->header_nbytes > e->head.n) return;
    n = bb_line_fields((struct bb_str){ e->head.p + b->header_at, b->header_nbytes }, fields, BB_MAX_FIELDS);
    for (size_t i = 0; i < BB_MIN(n, (size_t)BB_MAX_FIELDS) && used < sizeof d->unread; i++)
        if (fields[i].n > 0 && !bb_column_is_known(d->format, fields[i]))
            used += (size_t)snprintf(d->unread + used, sizeof d->unread - used, "%s%.*s", used ? ", " : "",
                                     (int)BB_MIN(fields[i].n, (size_t)60), fields[i].p);
}

static void fill(struct bb_detection *d, const struct candidate *c)
{
    const struct bb_format *f = c->format;
    d->format = f;
    d->report = f->report;
    d->data_source = f->data_source;
    d->is_reference = (f->flags & BB_FORMAT_REFERENCE) != 0;
    d->order = c->facts.order;
    d->sequential = (f->flags & (BB_FORMAT_SEQUENTIAL | BB_FORMAT_ROW_ORDER)) != 0;
    d->identity_is_id = (f->flags & BB_FORMAT_ID_IS_IDENTITY) != 0;
    d->derive_energy = (f->flags & BB_FORMAT_DERIVE_ENERGY) != 0 && f->shape != BB_FLAT;
    d->first_utc_s = c->facts.first_utc_s;
    d->publication_utc_s = c->facts.publication_utc_s;
    d->version = c->facts.version;
    d->day_known = c->facts.day_known;
    d->day = c->facts.day;
    d->binding = c->binding;
    memcpy(d->market_run, c->facts.market_run, sizeof d->market_run);
    d->preliminary = c->facts.preliminary;
    d->turn_congestion = c->facts.turn_congestion;
    d->shift_s = c->facts.shift_s;
    d->second_from_utc_s = c->facts.second_minutes ? c->facts.second_from_utc_s : 0;
    memcpy(d->variant, c->facts.variant, sizeof d->variant);
    if (d->is_reference) return;
    d->datasets[d->n_datasets++] = (struct bb_dataset){ f->iso, c->facts.market, f->kind, c->facts.minutes };
    if (c->facts.second_minutes)
        d->datasets[d->n_datasets++] =
            (struct bb_dataset){ f->iso, c->facts.market, f->kind, c->facts.second_minutes };
    if (f->second_market)
        d->datasets[d->n_datasets++] =
            (struct bb_dataset){ f->iso, (enum bb_market)(f->second_market - 1), f->kind, c->facts.minutes };
}

static void init_search(struct search *s, struct bb_detection *d)
{
    s->out = d;
    s->best.format = s->second.format = s->closest = NULL;
    memset(s->judged, 0, sizeof s->judged);
    s->n_formats = bb_formats_list(s->formats, MAX_FORMATS);
    for (size_t i = 0; i < s->n_formats; i++) s->letters[i] = bb_bind_letter(s->formats[i]);
}

enum bb_status bb_detect(struct bb_evidence *evidence, struct bb_detection *d, struct bb_error *err)
{
    struct search s;
    int n_before = 0, known = evidence->forced_report == NULL;
    init_search(&s, d);
    memset(d, 0, sizeof *d);
    d->iso = -1;
    for (size_t i = 0; !known && i < s.n_formats; i++) known = is_forced(evidence, s.formats[i]);
    if (!known)
        return bb_fail(err, BB_MISUSE, "--report %s: there is no such report (see busbar formats)",
                       evidence->forced_report);
    BB_TRY(bb_nondata(evidence, &d->iso, err));
    bb_sniff_init(&s.sniff, evidence);
    for (int explain = 0; explain < 2 && !s.best.format; explain++) {
        n_before = 0;
        for (size_t line = 0; line < s.sniff.n_lines; line++) {
            if (bb_str_trim(bb_sniff_line(&s.sniff, line)).n == 0) continue;
            try_line(&s, line, n_before++, explain);
        }
    }
    if (!s.best.format) return refuse(&s, err);
    d->iso = (int)s.best.format->iso;
    if (s.second.format && s.second.points == s.best.points &&
        strcmp(s.second.format->report, s.best.format->report) != 0) {
        if (s.second.format->iso != s.best.format->iso) d->iso = -1;
        return bb_fail(err, BB_SKIP,
                       "this may be %s or %s: their files look alike and nothing in this one decides; give it its "
                       "usual name, put it "
                       "into a folder named after the report, or say which with --report",
                       s.best.format->report, s.second.format->report);
    }
    if (s.best.format->refusal)
        return bb_fail(err, BB_SKIP, "this is %s: %s", s.best.format->title, s.best.format->refusal);
    if (s.best.facts.doubt[0]) return bb_fail(err, BB_SKIP, "%s: %s", s.best.format->report, s.best.facts.doubt);
    fill(d, &s.best);
    list_unread(d, evidence);
    return BB_OK;
}
