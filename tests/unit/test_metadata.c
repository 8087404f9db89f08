/* The registries of a lake against hand-made expectations. */
#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json_pull.h"
#include "lake/metadata.h"

struct world {
    struct bb_budget budget;
    struct bb_metadata *metadata;
    char root[64];
};

struct location {
    const char *name, *id, *zone;
    enum bb_type type;
    double voltage_kv;
    uint32_t first_hour, last_hour; /* of its rows, from the first instant of the year on; every hour between */
};

static void make_world(struct world *w)
{
    memset(w, 0, sizeof *w);
    bb_budget_init(&w->budget, 0, 0);
    assert_int_equal(bb_metadata_new(&w->budget, &w->metadata, NULL), BB_OK);
    snprintf(w->root, sizeof w->root, "/tmp/busbar-metadata-XXXXXX");
    assert_non_null(mkdtemp(w->root));
}

static void free_world(struct world *w)
{
    char command[128];
    bb_metadata_free(w->metadata);
    assert_int_equal(w->budget.used_nbytes, 0);
    snprintf(command, sizeof command, "rm -r '%s'", w->root);
    assert_int_equal(system(command), 0);
}

static void add_file(struct world *w, struct bb_dataset dataset, enum bb_half half, int year,
                     const struct location *locations, size_t n)
{
    struct bb_zone *zone;
    struct bb_places *places = bb_places_new(&w->budget);
    struct bb_quality *q;
    const struct bb_quality_state *state;
    int64_t start, end;
    assert_int_equal(bb_zone_open(bb_iso_infos[dataset.iso].zone_name, NULL, &w->budget, &zone, NULL), BB_OK);
    assert_int_equal(bb_quality_new(&w->budget, &dataset, half, year, zone, places, &q, NULL), BB_OK);
    bb_zone_day(zone, bb_day_of((struct bb_date){ year, 1, 1 }), &start, &end);
    uint32_t *place = calloc(n, sizeof *place);
    assert_non_null(place);
    for (size_t i = 0; i < n; i++) {
        const struct location *l = &locations[i];
        struct bb_place_key key = { .identity = bb_str_of(l->name),
                                    .name = bb_str_of(l->name),
                                    .id = bb_str_of(l->id),
                                    .zone = bb_str_of(l->zone),
                                    .type = l->type,
                                    .voltage_kv = l->voltage_kv,
                                    .unit = half == BB_AS ? BB_STR("$/MW") : BB_STR("") };
        assert_int_equal(bb_places_intern(places, &key, &place[i], NULL), BB_OK);
    }
    for (uint32_t hour = 0; hour < 200; hour++)
        for (size_t i = 0; i < n; i++) {
            struct bb_row row = {
                .start_utc_s = (uint32_t)start + hour * 3600, .place = place[i], .present = 1, .value = { 1.0 }
            };
            if (hour >= locations[i].first_hour && hour <= locations[i].last_hour)
                assert_int_equal(bb_quality_add(q, &row, 1, NULL), BB_OK);
        }
    assert_int_equal(bb_quality_finish(q, &state, NULL), BB_OK);
    assert_int_equal(bb_metadata_add(w->metadata, state, NULL), BB_OK);
    bb_quality_free(q);
    bb_places_free(places);
    bb_zone_close(zone);
    free(place);
}

static char json[1 << 20]; /* of the file at hand */
static size_t json_nbytes;

static void read_json(const struct world *w, const char *path)
{
    char full[256];
    snprintf(full, sizeof full, "%s/metadata/%s", w->root, path);
    FILE *f = fopen(full, "rb");
    if (!f) fail_msg("%s is missing", full);
    json_nbytes = fread(json, 1, sizeof json, f);
    fclose(f);
}

static void pass_over(struct bb_json_pull *p, enum bb_json_token token)
{
    int depth = 0;
    for (;; token = bb_json_pull_next(p)) {
        if (token == BB_JSON_OBJECT || token == BB_JSON_ARRAY)
            depth++;
        else if (token == BB_JSON_OBJECT_END || token == BB_JSON_ARRAY_END)
            depth--;
        else if (token == BB_JSON_ERROR || token == BB_JSON_END)
            fail_msg("the JSON is malformed");
        if (depth == 0 && token != BB_JSON_KEY) return;
    }
}

/* The value at a path like "hubs[1].name" as its raw text; NULL if there is none. Objects and arrays give "". */
static const char *at(const char *path)
{
    static char texts[8][64];
    static int next;
    struct bb_json_pull p;
    enum bb_json_token token;
    bb_json_pull_init(&p, (struct bb_str){ json, json_nbytes });
    token = bb_json_pull_next(&p);
    while (*path) {
        if (*path == '[') {
            char *end;
            long n = strtol(path + 1, &end, 10);
            if (token != BB_JSON_ARRAY) return NULL;
            for (token = bb_json_pull_next(&p); n > 0 && token != BB_JSON_ARRAY_END; n--) {
                pass_over(&p, token);
                token = bb_json_pull_next(&p);
            }
            if (token == BB_JSON_ARRAY_END) return NULL;
            path = end + 1;
        } else {
            size_t n = strcspn(path += *path == '.', ".[");
            if (token != BB_JSON_OBJECT) return NULL;
            while ((token = bb_json_pull_next(&p)) == BB_JSON_KEY &&
                   !(p.raw.n == n && memcmp(p.raw.p, path, n) == 0))
                pass_over(&p, bb_json_pull_next(&p));
            if (token != BB_JSON_KEY) return NULL;
            token = bb_json_pull_next(&p);
            path += n;
        }
    }
    next = (next + 1) % 8;
    snprintf(texts[next], sizeof texts[next], "%.*s",
             token == BB_JSON_OBJECT || token == BB_JSON_ARRAY ? 0 : (int)p.raw.n, p.raw.p ? p.raw.p : "");
    return texts[next];
}

static void want(const char *path, const char *value)
{
    const char *got = at(path);
    if (!got || strcmp(got, value) != 0) fail_msg("%s is %s, expected %s", path, got ? got : "missing", value);
}

static void want_count(const char *path, int n)
{
    char element[64];
    for (int i = 0; i <= n; i++) {
        snprintf(element, sizeof element, "%s[%d]", path, i);
        assert_true((at(element) != NULL) == (i < n));
    }
}

static const struct bb_dataset da = { BB_PJM, BB_DA, BB_ENERGY, 60 }, rt = { BB_PJM, BB_RT, BB_ENERGY, 60 },
                               as = { BB_PJM, BB_DA, BB_ANCILLARY, 60 }, miso = { BB_MISO, BB_DA, BB_ENERGY, 60 };

static void test_registries(void **unused)
{
    (void)unused;
    struct world w;
    static const struct location hubs[] = { { "WESTERN HUB", "51288", "", BB_TYPE_HUB, NAN, 0, 10 },
                                            { "AEP", "8445784", "", BB_TYPE_ZONE, NAN, 5, 5 },
                                            { "NYIS", "5413134", "", BB_TYPE_INTERFACE, NAN, 0, 10 } };
    /* before.zone unknown, then known; the voltage changes: what was seen last counts */
    static const struct location nodes23[] = { { "01ALLEGH", "1", "", BB_TYPE_NODE, 138.0, 100, 120 },
                                               { "OLD", "2", "AEP", BB_TYPE_GEN, 69.0, 0, 3 } };
    static const struct location nodes24[] = { { "01ALLEGH", "1", "AP", BB_TYPE_BUS, 230.0, 7, 9 },
                                               { "01ALLEGH", "3", "AP", BB_TYPE_BUS, NAN, 7, 7 } };
    static const struct location products[] = { { "RTO-REG", "RTO", "REG", BB_TYPE_NODE, NAN, 1, 2 } };
    static const struct location foreign[] = { { "AECI", "", "", BB_TYPE_NODE, NAN, 0, 0 } };
    make_world(&w);
    add_file(&w, da, BB_HUB, 2024, hubs, 3);
    add_file(&w, da, BB_NODAL, 2024, nodes24, 2);
    add_file(&w, rt, BB_NODAL, 2023, nodes23, 2); /* an older file after a newer one */
    add_file(&w, as, BB_AS, 2024, products, 1);
    add_file(&w, miso, BB_NODAL, 2024, foreign, 1);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(bb_metadata_write(w.metadata, w.root, BB_PJM, NULL), BB_OK);
        assert_int_equal(bb_metadata_write_market_info(w.metadata, w.root, NULL), BB_OK);
    }

    read_json(&w, "hubs/pjm_hubs.json");
    want("count", "2");
    want_count("hubs", 2);
    want("hubs[0].name", "NYIS"); /* in order of names */
    want("hubs[1].name", "WESTERN HUB");
    want("hubs[1].id", "51288");
    want("hubs[1].type", "HUB");
    want("hubs[1].first", "2024-01-01T05:00:00Z");
    want("hubs[1].last", "2024-01-01T15:00:00Z");
    want("hubs[1].voltage_kv", "null");

    read_json(&w, "zones/pjm_zones.json");
    want_count("zones", 1);
    want("zones[0].name", "AEP");

    read_json(&w, "nodes/pjm_nodes.json");
    want_count("nodes", 3);
    want("nodes[0].name", "01ALLEGH");
    want("nodes[0].id", "1");
    want("nodes[0].zone", "AP");
    want("nodes[0].type", "BUS");
    want("nodes[0].voltage_kv", "230");
    want("nodes[0].first", "2023-01-05T09:00:00Z"); /* hour 100 of 2023 */
    want("nodes[0].last", "2024-01-01T14:00:00Z");
    want_count("nodes[0].datasets", 2);
    want("nodes[1].id", "3"); /* the same name, another point */
    want("nodes[2].name", "OLD");
    want("nodes[2].type", "GEN");

    read_json(&w, "ancillary_services/pjm_ancillary_services.json");
    want("ancillary_services[0].product", "RTO-REG");
    want("ancillary_services[0].region", "RTO");
    want("ancillary_services[0].product_standard", "REG");
    want("ancillary_services[0].unit", "$/MW");

    read_json(&w, "market_info.json");
    want_count("operators", 2);
    want("operators[0].iso", "PJM");
    want("operators[0].time_zone", "America/New_York");
    want_count("operators[0].datasets", 4);
    want("operators[1].time_zone", "Etc/GMT+5");
    want("operators[0].datasets[0].dataset", "da_energy_hourly_hub");
    want("operators[0].datasets[0].rows", "23");
    want("operators[0].datasets[0].locations", "3");
    want("operators[0].datasets[0].years[0]", "2024");
    free_world(&w);
}

/* Longer than what is written at a time. */
static void test_large_registry(void **unused)
{
    (void)unused;
    enum { N = 1500 };
    static struct location nodes[N];
    static char names[N][16];
    struct world w;
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "N%05d", i);
        nodes[i] = (struct location){ names[i], names[i] + 1, "", BB_TYPE_NODE, NAN, (uint32_t)i % 3, 3 };
    }
    make_world(&w);
    add_file(&w, da, BB_NODAL, 2024, nodes, N);
    assert_int_equal(bb_metadata_write(w.metadata, w.root, BB_PJM, NULL), BB_OK);
    read_json(&w, "nodes/pjm_nodes.json");
    assert_true(json_nbytes > 200000 && json_nbytes < sizeof json);
    assert_memory_equal(json + json_nbytes - 2, "}\n", 2);
    want("count", "1500");
    for (int i = 0; i < N; i += 11) {
        char path[32];
        snprintf(path, sizeof path, "nodes[%d].name", i);
        want(path, names[i]);
        snprintf(path, sizeof path, "nodes[%d].first", i);
        want(path, i % 3 == 0   ? "2024-01-01T05:00:00Z"
                   : i % 3 == 1 ? "2024-01-01T06:00:00Z"
                                : "2024-01-01T07:00:00Z");
    }
    want("nodes[1499].name", "N01499");
    assert_null(at("nodes[1500]"));
    free_world(&w);
}

/* A registry that became empty does not stay behind. */
static void test_stale_registry(void **unused)
{
    (void)unused;
    struct world w;
    char path[256];
    static const struct location hubs[] = { { "WESTERN HUB", "51288", "", BB_TYPE_HUB, NAN, 0, 10 } },
                                 nodes[] = { { "X", "1", "", BB_TYPE_NODE, NAN, 0, 1 } };
    make_world(&w);
    snprintf(path, sizeof path, "%s/metadata/hubs/pjm_hubs.json", w.root);
    add_file(&w, da, BB_HUB, 2024, hubs, 1);
    assert_int_equal(bb_metadata_write(w.metadata, w.root, BB_PJM, NULL), BB_OK);
    assert_int_equal(access(path, F_OK), 0);
    bb_metadata_free(w.metadata);
    assert_int_equal(bb_metadata_new(&w.budget, &w.metadata, NULL), BB_OK);
    add_file(&w, da, BB_NODAL, 2024, nodes, 1);
    assert_int_equal(bb_metadata_write(w.metadata, w.root, BB_PJM, NULL), BB_OK);
    assert_int_not_equal(access(path, F_OK), 0);
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_registries), cmocka_unit_test(test_large_registry),
                                        cmocka_unit_test(test_stale_registry) };
    return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
