#include "parquet/pq_meta.h"
#include "parquet/pq_value.h"
#include "parquet/pq_verify.h"

#define KEYS_MAX 8
#define TEXT_MAX ((size_t)256 << 20)

struct key { /* one sorting column */
    const struct bb_pq_read_column *column;
    int32_t number;
    int descending, nulls_first;
    struct bb_pq_cursor *cursor;
    struct bb_pq_values values;
    size_t at;
    int last_is_valid; /* the last row so far */
    struct bb_pq_value last;
    struct bb_buf last_text;
};

static int compare(const struct key *k, int a_valid, const struct bb_pq_value *a, int b_valid,
                   const struct bb_pq_value *b)
{
    int c;
    if (!a_valid || !b_valid) {
        c = a_valid - b_valid; /* -1: only a is NULL */
        return k->nulls_first ? c : -c;
    }
    c = bb_pq_value_cmp(k->column->type, a, b);
    return k->descending ? -c : c;
}

static int cmp_to_last(const struct key *k)
{
    struct bb_pq_value now = bb_pq_value_at(k->column->type, &k->values, k->at);
    return compare(k, k->last_is_valid, &k->last, k->values.valid[k->at], &now);
}

static int cmp_neighbours(const struct key *k, size_t i)
{
    struct bb_pq_value a = bb_pq_value_at(k->column->type, &k->values, i - 1),
                       b = bb_pq_value_at(k->column->type, &k->values, i);
    return compare(k, k->values.valid[i - 1], &a, k->values.valid[i], &b);
}

/* Texts move with their cursor, so the last row is copied before the next batch. */
static int remember(struct key *k, size_t i)
{
    k->last_is_valid = k->values.valid[i];
    k->last = bb_pq_value_at(k->column->type, &k->values, i);
    if (k->column->type != BB_PQ_BYTE_ARRAY) return 1;
    k->last_text.n = 0;
    if (!bb_buf_put(&k->last_text, k->last.s.p, k->last.s.n)) return 0;
    k->last.s = bb_buf_str(&k->last_text);
    return 1;
}

/* Takes up the declared order of a group; returns 0 when there is none to check. Keys keep the last row when the order is the same as before. */
static int declare(struct bb_pq_verify *v, size_t g, struct key *keys, size_t *n_keys, int *has_last)
{
    const struct bb_pq_group *group = &v->reader->groups[g];
    const struct bb_pq_sorting *s = group->n_sorting ? v->reader->sortings + group->first_sorting : NULL;
    size_t n = group->n_sorting;
    int same = n == *n_keys;
    if (n == 0) {
        bb_pq_problem(v, g, BB_PQ_NOWHERE, -1, "no sorting_columns are declared");
        *has_last = 0;
        return 0;
    }
    if (n > KEYS_MAX) {
        bb_pq_problem(v, g, BB_PQ_NOWHERE, -1, "%zu sorting_columns are declared; busbar's files have at most %d",
                      n, KEYS_MAX);
        *has_last = 0;
        return 0;
    }
    for (size_t i = 0; i < n && same; i++)
        same = keys[i].number == s[i].column && keys[i].descending == s[i].descending &&
               keys[i].nulls_first == s[i].nulls_first;
    if (same) return 1;
    if (*n_keys != 0)
        bb_pq_problem(v, g, BB_PQ_NOWHERE, -1, "its sorting_columns are not those of the row groups before");
    *has_last = 0;
    *n_keys = n;
    for (size_t i = 0; i < n; i++) {
        keys[i].number = s[i].column;
        keys[i].descending = s[i].descending;
        keys[i].nulls_first = s[i].nulls_first;
        keys[i].column = &v->reader->columns[s[i].column];
    }
    return 1;
}

static enum bb_status check_group(struct bb_pq_verify *v, size_t g, struct key *keys, size_t n_keys, int *has_last,
                                  struct bb_error *err)
{
    int64_t row = 0, first_wrong = -1, n_wrong = 0;
    while (row < v->reader->groups[g].n_rows) {
        size_t run = SIZE_MAX;
        for (size_t i = 0; i < n_keys; i++) {
            struct key *k = &keys[i];
            if (k->at == k->values.n) {
                BB_TRY(bb_pq_cursor_next(k->cursor, SIZE_MAX, &k->values, err));
                k->at = 0;
            }
            run = BB_MIN(run, k->values.n - k->at);
        }
        for (size_t r = 0; r < run; r++) {
            int c = r == 0 && !*has_last ? -1 : 0;
            for (size_t i = 0; i < n_keys && c == 0; i++)
                c = r == 0 ? cmp_to_last(&keys[i]) : cmp_neighbours(&keys[i], keys[i].at + r);
            if (c <= 0) continue;
            if (first_wrong < 0) first_wrong = row + (int64_t)r;
            n_wrong++;
        }
        *has_last = 1;
        row += (int64_t)run;
        for (size_t i = 0; i < n_keys; i++) {
            keys[i].at += run;
            if (!remember(&keys[i], keys[i].at - 1))
                return bb_fail_budget(err, v->reader->budget, "a text of a Parquet file");
        }
    }
    if (n_wrong > 0)
        bb_pq_problem(v, g, (size_t)keys[0].number, first_wrong,
                      "the row lies before the row in front of it in the declared order of %zu sorting_columns "
                      "(%lld such rows in this group)",
                      n_keys, (long long)n_wrong);
    return BB_OK;
}

enum bb_status bb_pq_verify_order(struct bb_pq_verify *v, const uint8_t *group_is_damaged, struct bb_error *err)
{
    struct key keys[KEYS_MAX] = { 0 };
    size_t n_keys = 0;
    int has_last = 0;
    enum bb_status status = BB_OK;
    for (size_t i = 0; i < KEYS_MAX; i++) bb_buf_init(&keys[i].last_text, v->reader->budget, TEXT_MAX);
    for (size_t g = 0; g < v->reader->n_groups && status == BB_OK && v->n_problems < v->max_problems; g++) {
        if (group_is_damaged[g]) {
            has_last = 0;
            continue;
        }
        if (!declare(v, g, keys, &n_keys, &has_last)) continue;
        for (size_t i = 0; i < n_keys && status == BB_OK; i++) {
            keys[i].at = keys[i].values.n = 0;
            status = bb_pq_cursor_open(v->reader, g, (size_t)keys[i].number, &keys[i].cursor, err);
        }
        if (status == BB_OK) status = check_group(v, g, keys, n_keys, &has_last, err);
        for (size_t i = 0; i < KEYS_MAX; i++) {
            bb_pq_cursor_close(keys[i].cursor);
            keys[i].cursor = NULL;
        }
    }
    for (size_t i = 0; i < KEYS_MAX; i++) bb_buf_reset(&keys[i].last_text);
    return status;
}
