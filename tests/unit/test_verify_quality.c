/* What a file says of itself is changed without breaking anything a reader of Parquet would notice: every page and checksum stays right. verify has
 * to name each lie: in the quality state inside the file, in LAKE/quality/…, in the ledger and in the lists of sources. */
#include "busbar.h"
#include "convert/lake_file.h"
#include "lake/intent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64] = "/tmp/busbar-verify-XXXXXX";
static char lake[96], victim[256], json[256];
static char *sound, *sound_json;
static size_t sound_n, sound_json_n;

static char *read_whole(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *p;
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    p = malloc(*n + 1);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, *n, f), *n);
    p[*n] = '\0';
    fclose(f);
    return p;
}

static void write_whole(const char *path, const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* ---- what verify says ---- */

struct said {
    char text[16384];
    size_t n;
};

static int collect(void *ctx, const char *p, size_t n)
{
    struct said *s = ctx;
    if (s->n + n >= sizeof s->text) return 1;
    memcpy(s->text + s->n, p, n);
    s->n += n;
    s->text[s->n] = '\0';
    return 0;
}

static enum busbar_result verify(const char *path, struct said *said)
{
    struct busbar_error error = { "" };
    said->n = 0;
    said->text[0] = '\0';
    return busbar_verify(&path, 1, (uint64_t)1 << 30, 1, collect, said, &error);
}

static void restore(void)
{
    write_whole(victim, sound, sound_n);
    write_whole(json, sound_json, sound_json_n);
}

/* verify refuses the lake, names the file, and says the words. */
static void refused(const char *what, const char *file, const char *words)
{
    struct said said;
    enum busbar_result result = verify(lake, &said);
    restore();
    if (result != BUSBAR_PARTIAL || !strstr(said.text, file) || !strstr(said.text, words))
        fail_msg("%s: result %d, expected \"%s\" in: %s", what, (int)result, words, said.text);
}

static void accepted(const char *what)
{
    struct said said;
    enum busbar_result result = verify(lake, &said);
    restore();
    if (result != BUSBAR_OK) fail_msg("%s: result %d: %s", what, (int)result, said.text);
}

/* ---- the lake ---- */

static void convert(const char *input)
{
    struct busbar_convert_options o;
    struct busbar_convert_result result = { .size = sizeof result };
    struct busbar_error error = { "" };
    char path[128];
    const char *inputs[] = { path };
    snprintf(path, sizeof path, "%s/%s", folder, input);
    busbar_convert_options_init(&o);
    o.inputs = inputs;
    o.n_inputs = 1;
    o.lake = lake;
    o.threads = 1;
    if (busbar_convert(&o, &result, &error) > BUSBAR_PARTIAL) fail_msg("%s", error.text);
}

static void generate(const char *sub, const char *first_day, int days, uint64_t seed)
{
    struct busbar_generate_options o;
    struct busbar_error error = { "" };
    char out[128];
    snprintf(out, sizeof out, "%s/%s", folder, sub);
    busbar_generate_options_init(&o);
    o.report = "pjm.da_hrl_lmps";
    o.out_dir = out;
    o.nodes = 12;
    o.first_day = first_day;
    o.days = days;
    o.seed = seed;
    o.duplicates = 0.02;
    o.bad_rows = 0.01;
    if (busbar_generate(&o, NULL, NULL, &error) != BUSBAR_OK) fail_msg("%s", error.text);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(lake, sizeof lake, "%s/lake", folder);
    snprintf(victim, sizeof victim, "%s/parquet/pjm/da_energy_hourly_nodal/da_energy_hourly_nodal_2024.parquet",
             lake);
    snprintf(json, sizeof json, "%s/quality/pjm/da_energy_hourly_nodal_2024.json", lake);
    generate("first", "2024-03-01", 2, 1);
    generate("second", "2024-03-04", 2, 2); /* a day is missing, and some days come a second time */
    generate("third", "2024-03-02", 1, 3);
    convert("first");
    convert("second");
    convert("third");
    sound = read_whole(victim, &sound_n);
    sound_json = read_whole(json, &sound_json_n);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    free(sound);
    free(sound_json);
    return system(command);
}

/* ---- the state inside the file ---- */

static size_t footer_start(void)
{
    uint32_t n;
    memcpy(&n, sound + sound_n - 8, 4);
    return sound_n - 8 - n;
}

/* The file with another state: it lies before the footer, which only says another place for it. */
static void write_with_blob(const char *blob, size_t n, const char *where)
{
    size_t at = footer_start(), length = strlen(where), n_footer = sound_n - at;
    char place[64], *out = malloc(sound_n + n), *footer, *found = NULL;
    int digits = (int)(strchr(where, ':') - where);
    assert_non_null(out);
    memcpy(out, sound, at);
    memcpy(out + at, blob, n);
    footer = out + at + n;
    memcpy(footer, sound + at, n_footer);
    assert_int_equal(snprintf(place, sizeof place, "%0*zu:%0*zu", digits, at, (int)length - digits - 1, n), length);
    for (size_t i = 0; i + length < n_footer && !found; i++)
        if (memcmp(footer + i, where, length) == 0) found = footer + i;
    assert_non_null(found);
    memcpy(found, place, length);
    write_whole(victim, out, sound_n + n);
    free(out);
}

static void extra_location(struct bb_quality_state *s)
{
    s->entries[s->n_entries - 1].key.identity = BB_STR("another"); /* that of a second spelling, below */
}

struct lie {
    const char *what, *words;
    void (*tell)(struct bb_quality_state *s);
};

static void nothing(struct bb_quality_state *s) { (void)s; }
static void more_rows(struct bb_quality_state *s) { s->groups[0].rows++; }
static void more_nulls(struct bb_quality_state *s) { s->groups[0].null_prices++; }
static void more_outside(struct bb_quality_state *s) { s->groups[0].outside += 2; }
static void fewer_sums(struct bb_quality_state *s) { s->groups[0].sums_checked--; }
static void more_off(struct bb_quality_state *s) { s->groups[0].sums_off++; }
static void larger_error(struct bb_quality_state *s) { s->groups[0].largest_sum_error += 0.5; }
static void other_price(struct bb_quality_state *s) { s->groups[0].high[0].price += 0.01; }
static void other_place(struct bb_quality_state *s) { s->groups[0].low[1].entry ^= 1; }
static void other_instant(struct bb_quality_state *s) { s->groups[0].low[0].start_utc_s += 3600; }
static void fewer_extremes(struct bb_quality_state *s) { s->groups[0].n_high--; }
static void other_year(struct bb_quality_state *s) { s->year--; }
static void other_half(struct bb_quality_state *s) { s->half = s->half == BB_HUB ? BB_NODAL : BB_HUB; }
static void longer(struct bb_quality_state *s) { s->slots[s->n_slots - 1].last++; }
static void later(struct bb_quality_state *s) { s->slots[s->n_slots - 1].first++, s->slots[s->n_slots - 1].last++; }
static void begins_later(struct bb_quality_state *s) { s->entries[2].first_utc_s += 3600; }
static void ends_earlier(struct bb_quality_state *s) { s->entries[3].last_utc_s -= 3600; }
static void lacks_one(struct bb_quality_state *s) { s->ranges[s->entries[4].first_range].first++; }
static void other_name(struct bb_quality_state *s) { ((char *)(uintptr_t)s->entries[1].key.name.p)[0] ^= 1; }
static void other_voltage(struct bb_quality_state *s) { s->entries[5].key.voltage_kv = 7.0; }
static void other_type(struct bb_quality_state *s)
{
    s->entries[6].key.type = s->entries[6].key.type == BB_TYPE_BUS ? BB_TYPE_GEN : BB_TYPE_BUS;
}

static void test_state(void **unused)
{
    static const struct lie lies[] = {
        { "more rows", "quality, row group 0: says", more_rows },
        { "more rows without a price", "rows without a price", more_nulls },
        { "more prices outside", "prices outside", more_outside },
        { "fewer sums", "component sums checked", fewer_sums },
        { "more sums off", "component sums off", more_off },
        { "a larger difference", "largest difference", larger_error },
        { "another highest price", "highest price number 1", other_price },
        { "another location of a lowest price", "lowest price number 2", other_place },
        { "another instant of a lowest price", "lowest price number 1", other_instant },
        { "fewer extremes", "highest prices, the rows give", fewer_extremes },
        { "another year", "another dataset or year", other_year },
        { "another half", "another dataset or year", other_half },
        { "an interval more", "quality, intervals", longer },
        { "intervals an hour later", "quality, intervals", later },
        { "a location begins later", "says it begins at", begins_later },
        { "a location ends earlier", "says it ends at", ends_earlier },
        { "a location lacks an interval", "or elsewhere", lacks_one },
        { "another name", "attributes that the quality state does not know", other_name },
        { "another voltage", "attributes that the quality state does not know", other_voltage },
        { "another type", "attributes that the quality state does not know", other_type },
        { "a location without rows", "has no rows", extra_location },
    };
    struct bb_budget budget;
    struct bb_pq_reader *reader;
    struct bb_quality_state *state;
    struct bb_buf blob;
    char where[64];
    (void)unused;
    accepted("as converted");
    for (size_t i = 0; i <= BB_ARRAY_LEN(lies); i++) {
        const struct lie lie = i ? lies[i - 1] : (struct lie){ "the same state written again", "", nothing };
        bb_budget_init(&budget, 0, 0);
        assert_int_equal(bb_pq_reader_open(victim, &budget, &reader, NULL), BB_OK);
        snprintf(where, sizeof where, "%.*s", BB_STR_ARG(bb_pq_reader_kv(reader, "busbar.quality")));
        assert_int_equal(bb_quality_of_file(victim, reader, &budget, &state, NULL), BB_OK);
        assert_true(state->n_entries > 7 && state->groups[0].n_low > 1);
        if (lie.tell == extra_location) { /* a second spelling of the last one, which is then made another's */
            state->entries = bb_realloc(&budget, state->entries, (state->n_entries + 1) * sizeof *state->entries);
            assert_non_null(state->entries);
            state->entries[state->n_entries] = state->entries[state->n_entries - 1];
            state->entries[state->n_entries].key.zone = BB_STR("ELSEWHERE");
            state->n_ranges += state->entries[state->n_entries++].n_ranges; /* written as many as entries name */
        }
        lie.tell(state);
        bb_buf_init(&blob, &budget, BB_QUALITY_MAX_NBYTES);
        assert_int_equal(bb_quality_write_state(state, &blob, NULL), BB_OK);
        write_with_blob(blob.p, blob.n, where);
        if (i)
            refused(lie.what, "da_energy_hourly_nodal_2024.parquet: quality", lie.words);
        else
            accepted(lie.what);
        bb_buf_reset(&blob);
        bb_quality_state_free(state);
        bb_pq_reader_close(reader);
        assert_int_equal(budget.used_nbytes, 0);
    }
    write_with_blob("bbqual\0\1 but nothing more", 24, where);
    refused("a damaged state", "nodal_2024.parquet: quality", "the quality state is damaged");
}

/* ---- the JSON beside it ---- */

static void test_json(void **unused)
{
    static const char *const changes[][2] = { { "\"rows\": ", "\"rows\": 1" },
                                              { "\"duplicates\": ", "\"duplicates\": 1" },
                                              { "\"revisions\": ", "\"revisions\": 1" },
                                              { "\"completeness_percent\": ", "\"completeness_percent\": 1" },
                                              { "\"price\": ", "\"price\": 1" },
                                              { "\"sources\": [", "\"sources\": [{}," },
                                              { "\"from\": \"2024", "\"from\": \"2023" },
                                              { "}\n", "} \n" } };
    char *changed = malloc(sound_json_n + 64);
    (void)unused;
    assert_non_null(changed);
    for (size_t i = 0; i < BB_ARRAY_LEN(changes); i++) {
        const char *at = strstr(sound_json, changes[i][0]);
        size_t before, n_old = strlen(changes[i][0]), n_new = strlen(changes[i][1]);
        if (!at) fail_msg("no %s in %s", changes[i][0], sound_json);
        before = (size_t)(at - sound_json);
        memcpy(changed, sound_json, before);
        memcpy(changed + before, changes[i][1], n_new);
        memcpy(changed + before + n_new, at + n_old, sound_json_n - before - n_old);
        write_whole(json, changed, sound_json_n + n_new - n_old);
        refused(changes[i][1], "quality/pjm/da_energy_hourly_nodal_2024.json, line ",
                "where the file's rows and ledger");
    }
    free(changed);
    write_whole(json, "", 0);
    refused("an empty one", "da_energy_hourly_nodal_2024.json", "line 1");
    write_whole(json, sound_json, sound_json_n / 2);
    refused("half of one", "da_energy_hourly_nodal_2024.json", "line ");
    assert_int_equal(unlink(json), 0);
    refused("none", "da_energy_hourly_nodal_2024.json", "the quality file is missing");
}

/* Where the two need not belong together: elsewhere, and while names are given. */
static void test_json_is_left_alone(void **unused)
{
    char elsewhere[128], intent[128];
    struct said said;
    (void)unused;
    snprintf(elsewhere, sizeof elsewhere, "%s/da_energy_hourly_nodal_2024.parquet", folder);
    write_whole(elsewhere, sound, sound_n);
    if (verify(elsewhere, &said) != BUSBAR_OK) fail_msg("%s", said.text);
    snprintf(intent, sizeof intent, "%s/.busbar.publishing", lake);
    write_whole(intent, "end\n", 4);
    write_whole(json, "{}\n", 3);
    accepted("while a run gives names");
    assert_int_equal(unlink(intent), 0);
    write_whole(json, "{}\n", 3);
    refused("when it is over", "da_energy_hourly_nodal_2024.json", "line 1");
}

/* ---- ledger and lists of sources ---- */

/* The first "from" behind mark becomes "to", which is as long. */
static void change_footer(const char *mark, const char *from, const char *to)
{
    size_t at = footer_start(), n = strlen(from);
    char *copy = malloc(sound_n), *p = NULL, *end;
    assert_non_null(copy);
    assert_int_equal(strlen(to), n);
    memcpy(copy, sound, sound_n);
    end = copy + sound_n;
    for (char *q = copy + at; q + strlen(mark) < end && !p; q++)
        if (memcmp(q, mark, strlen(mark)) == 0) p = q;
    if (!p) fail_msg("no %s in the footer", mark);
    while (p + n < end && memcmp(p, from, n) != 0) p++;
    if (p + n >= end) fail_msg("no %s behind %s", from, mark);
    memcpy(p, to, n);
    write_whole(victim, copy, sound_n);
    free(copy);
}

static void test_ledger(void **unused)
{
    (void)unused;
    change_footer("\"year\":2024,", "\"rows\":", "\"rowz\":");
    refused("no rows", "nodal_2024.parquet", "ledger");
    change_footer("\"sources\":[", "\"rows\":", "\"rows\":");
    accepted("nothing changed");
    change_footer("\"sources\":[", "\"last\":\"2024-03-0", "\"last\":\"2024-02-0");
    refused("a source that ends too early", "nodal_2024.parquet: ledger, source", "leave out rows");
    change_footer("\"sources\":[", "\"first\":\"2024-03-01T05", "\"first\":\"2024-03-01T03");
    refused("a source that begins before the rows", "nodal_2024.parquet: ledger, sources",
            "begin at 2024-03-01T03");
    change_footer("\"sources\":[", "\"code\":", "\"cude\":");
    refused("a source without its code", "nodal_2024.parquet: row group 0, list of sources",
            "names a source that the ledger does not know");
    change_footer("busbar.provenance", ":", ";");
    refused("a list of sources that is nowhere", "row group 0, list of sources", "does not say where it lies");
}

/* Numbers of rows, to the left of a comma. */
static void change_number(const char *mark, const char *key, int to_zero)
{
    char *ledger = NULL, digits[32], other[32];
    size_t n = 0;
    for (size_t i = footer_start(); i + strlen(mark) < sound_n && !ledger; i++)
        if (memcmp(sound + i, mark, strlen(mark)) == 0) ledger = sound + i;
    assert_non_null(ledger);
    while (memcmp(ledger, key, strlen(key)) != 0) ledger++;
    n = (size_t)snprintf(digits, sizeof digits, "%s", key);
    while (ledger[n] >= '0' && ledger[n] <= '9' && n + 1 < sizeof digits) digits[n] = ledger[n], n++;
    digits[n] = '\0';
    memcpy(other, digits, n + 1);
    if (to_zero)
        for (size_t i = strlen(key); i < n; i++) other[i] = i == n - 1 ? '1' : '0';
    else
        other[strlen(key)] = other[strlen(key)] == '9' ? '8' : (char)(other[strlen(key)] + 1);
    change_footer(mark, digits, other);
}

static void test_ledger_sums(void **unused)
{
    (void)unused;
    change_number("\"year\":2024,", "\"rows\":", 0);
    refused("rows of the file", "nodal_2024.parquet", "rows");
    change_number("\"sources\":[", "\"rows\":", 1);
    refused("rows of a source, too few", "nodal_2024.parquet: ledger, source", "came from it");
    change_number("\"sources\":[", "\"rows\":", 0);
    refused("rows of a source, too many", "nodal_2024.parquet: ledger, duplicates and revisions",
            "rows, duplicates and revisions are");
    change_number("\"year\":2024,", "\"revisions\":", 1);
    refused("revisions, too few", "nodal_2024.parquet: ledger, duplicates and revisions", "delivered");
    change_number("\"year\":2024,", "\"revisions\":", 0);
    refused("revisions, too many", "da_energy_hourly_nodal_2024.json, line ", "\"revisions\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_is_left_alone),
        cmocka_unit_test(test_ledger),
        cmocka_unit_test(test_ledger_sums),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
