/* busbar_detect: what each file is, or why it is nothing that busbar reads. */
#include "base/json.h"
#include "convert/door.h"
#include "convert/plan.h"
#include "convert/time_span.h"
#include "io/leaf_container.h"

#include <stdio.h>

struct detect {
    struct bb_budget budget;
    struct bb_out out;
    const char *report;
    int iso, verbose, json;
    uint64_t n_known, n_refused;
};

#define LINE_MAX_NBYTES ((size_t)64 << 10)

/* What is said of one file. */
struct verdict {
    struct bb_str path, member;
    enum bb_status status;
    const char *why_not;
    const struct bb_detection *found; /* NULL: it could not even be listed */
    enum bb_wrapping wrappings[BB_MAX_WRAPPINGS];
    int n_wrappings; /* -1: unknown */
    struct bb_time_span span;
};

static void time_text(uint32_t utc_s, char out[32])
{
    struct bb_date d = bb_date_of((int32_t)(utc_s / 86400));
    snprintf(out, 32, "%04d-%02d-%02dT%02u:%02u:%02uZ", d.year, d.month, d.day, utc_s / 3600 % 24, utc_s / 60 % 60,
             utc_s % 60);
}

static void dataset_texts(const struct bb_detection *found, char *out, size_t n)
{
    out[0] = '\0';
    for (int i = 0; i < found->n_datasets; i++) {
        char name[64], *half;
        size_t used = strlen(out);
        bb_dataset_name(&found->datasets[i], found->datasets[i].kind == BB_ENERGY ? BB_NODAL : BB_AS, name);
        half = strstr(name, "_nodal");
        if (half) *half = '\0'; /* both halves may come */
        snprintf(out + used, n - used, "%s%s", i ? "," : "", name);
    }
}

static void put_time(struct bb_json *j, const char *key, uint32_t utc_s)
{
    char text[32];
    if (utc_s) time_text(utc_s, text);
    bb_json_put_cstr(j, key, utc_s ? text : NULL);
}

static void put_container(struct bb_json *j, const struct verdict *v)
{
    if (v->n_wrappings < 0) return;
    bb_json_key(j, "container");
    bb_json_open(j, '[');
    for (int i = v->n_wrappings; i > 0; i--) bb_json_str(j, bb_str_of(bb_wrapping_names[v->wrappings[i - 1]]));
    bb_json_close(j, ']');
}

static void tell_json(struct detect *d, const struct verdict *v)
{
    const struct bb_detection *found = v->found;
    struct bb_buf text;
    struct bb_json j;
    bb_buf_init(&text, &d->budget, LINE_MAX_NBYTES);
    bb_json_init(&j, &text, 0);
    bb_json_open(&j, '{');
    bb_json_put_str(&j, "path", v->path);
    if (v->member.n) bb_json_put_str(&j, "member", v->member);
    put_container(&j, v);
    bb_json_put_bool(&j, "recognised", v->status == BB_OK);
    if (v->status == BB_OK) {
        char datasets[256];
        dataset_texts(found, datasets, sizeof datasets);
        bb_json_put_cstr(&j, "iso", bb_iso_infos[found->format->iso].name);
        bb_json_put_cstr(&j, "report", found->report);
        bb_json_put_cstr(&j, "data_source", found->data_source);
        bb_json_put_cstr(&j, "datasets", datasets);
        bb_json_put_cstr(&j, "variant", found->variant);
        if (found->unread[0]) bb_json_put_cstr(&j, "columns_not_read", found->unread);
        bb_json_put_bool(&j, "reference", found->is_reference);
        if (!found->is_reference) {
            put_time(&j, "first", v->span.first_utc_s);
            put_time(&j, "last", v->span.last_utc_s);
            if (v->span.why[0]) bb_json_put_cstr(&j, "span_unknown", v->span.why);
        }
    } else {
        bb_json_put_cstr(&j, "why_not", v->why_not);
        bb_json_put_bool(&j, "harmless", v->status == BB_REJECT);
    }
    bb_json_close(&j, '}');
    if (bb_json_ok(&j) && bb_buf_putc(&text, '\n')) bb_out_put(&d->out, bb_buf_str(&text));
    bb_buf_reset(&text);
}

/* "gzip in zip", "plain file" */
static void container_text(const struct verdict *v, char *out, size_t n)
{
    size_t used = (size_t)snprintf(out, n, "%s", v->n_wrappings ? "" : "plain file");
    for (int i = 0; i < v->n_wrappings && used < n; i++)
        used += (size_t)snprintf(out + used, n - used, "%s%s", i ? " in " : "", bb_wrapping_names[v->wrappings[i]]);
}

static void span_text(const struct bb_time_span *span, char *out, size_t n)
{
    char first[32] = "unknown", last[32] = "unknown";
    if (span->first_utc_s) time_text(span->first_utc_s, first);
    if (span->last_utc_s) time_text(span->last_utc_s, last);
    if (span->why[0])
        snprintf(out, n, "intervals %s to %s (%s)", first, last, span->why);
    else if (!span->last_utc_s)
        snprintf(out, n, "no prices");
    else
        snprintf(out, n, "intervals %s to %s", first, last);
}

static void tell_text(struct detect *d, const struct verdict *v)
{
    const struct bb_detection *found = v->found;
    char container[160], span[1200];
    container_text(v, container, sizeof container);
    bb_out_put(&d->out, v->path);
    if (v->member.n) bb_out_printf(&d->out, "(%.*s)", BB_STR_ARG(v->member));
    if (v->status == BB_OK && found->is_reference) {
        bb_out_printf(&d->out, ": %s, %s, a reference file (locations, no prices)\n", found->report, container);
    } else if (v->status == BB_OK) {
        char datasets[256];
        dataset_texts(found, datasets, sizeof datasets);
        span_text(&v->span, span, sizeof span);
        bb_out_printf(&d->out, ": %s -> %s, %s, %s%s%s\n", found->report, datasets, container, span,
                      found->variant[0] ? ", " : "", found->variant);
    } else {
        bb_out_printf(&d->out, ": %s: %s\n", v->status == BB_REJECT ? "empty" : "not recognised", v->why_not);
    }
    for (int i = 0; d->verbose && found && i < found->n_bids; i++)
        bb_out_printf(&d->out, "    %4d  %-28s %s\n", found->bids[i].points, found->bids[i].report,
                      found->bids[i].why);
}

static enum bb_status detect_leaf(struct detect *d, const struct bb_leaf *leaf, struct bb_error *err)
{
    struct bb_detection *found = bb_calloc(&d->budget, sizeof *found);
    struct bb_error why = { .text = "" };
    struct verdict v = { .path = leaf->path, .member = leaf->member, .found = found, .why_not = why.text };
    enum bb_status status = BB_OK;
    if (!found) return bb_fail_budget(err, &d->budget, "the detection of a file");
    v.n_wrappings = bb_leaf_wrappings(leaf, v.wrappings);
    v.status = bb_plan_detect(leaf, d->report, d->iso, &d->budget, found, &why);
    if (v.status == BB_BUDGET || v.status == BB_BUG)
        *err = why, status = v.status;
    else if (v.status == BB_OK && !found->is_reference)
        status = bb_time_span_of(leaf, found, &d->budget, &v.span, err);
    if (v.status == BB_OK)
        d->n_known++;
    else if (v.status != BB_REJECT)
        d->n_refused++;
    if (status == BB_OK) (d->json ? tell_json : tell_text)(d, &v);
    bb_free(found);
    return status;
}

static enum bb_status detect_all(struct detect *d, const char *const *inputs, size_t n_inputs, struct bb_error *err)
{
    struct bb_leaf_list *leaves;
    enum bb_status status = BB_OK;
    BB_TRY(bb_leaf_list_new(inputs, n_inputs, ".", &d->budget, &leaves, err));
    for (size_t i = 0; i < bb_leaf_problem_count(leaves); i++) {
        const struct bb_leaf_problem *p = bb_leaf_problem_at(leaves, i);
        const struct verdict v = {
            .path = p->path, .member = p->member, .status = BB_SKIP, .why_not = p->error.text, .n_wrappings = -1
        };
        d->n_refused++;
        (d->json ? tell_json : tell_text)(d, &v);
    }
    for (size_t i = 0; i < bb_leaf_count(leaves) && status == BB_OK && !d->out.failed; i++)
        status = detect_leaf(d, bb_leaf_at(leaves, i), err);
    bb_leaf_list_free(leaves);
    return status;
}

enum busbar_result busbar_detect(const char *const *inputs, size_t n_inputs, const char *report, int iso,
                                 int verbose, int json, busbar_write write, void *ctx, struct busbar_error *error)
{
    struct detect d = { .report = report, .iso = iso, .verbose = verbose, .json = json };
    struct bb_error err, out_err;
    enum bb_status status, out_status;
    bb_budget_init(&d.budget, 0, 0);
    bb_out_init(&d.out, write, ctx, &d.budget);
    status = detect_all(&d, inputs, n_inputs, &err);
    out_status = bb_out_end(&d.out, &out_err);
    if (status == BB_OK && out_status != BB_OK) err = out_err, status = out_status;
    if (status != BB_OK) return bb_leave(status, &err, error);
    if (d.n_known == 0) {
        if (error) snprintf(error->text, sizeof error->text, "no input was recognised");
        return BUSBAR_NOTHING;
    }
    return d.n_refused ? BUSBAR_PARTIAL : BUSBAR_OK;
}
