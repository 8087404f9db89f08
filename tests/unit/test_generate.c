/* The generator against what the format cards say, read back by the few lines of this file, not by busbar's readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "generate/gen_text.h"
#include "generate/generate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];

static void empty_folder(void)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    char path[512];
    if (!dir) return;
    while ((e = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.') unlink(path);
    }
    closedir(dir);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/busbar-generate-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

static struct bb_generate_options options_of(const char *report, int32_t year, int32_t month, int32_t day,
                                             int32_t n_days, int n_nodes)
{
    struct bb_generate_options o = {
        .report = report, .out_dir = folder, .n_nodes = n_nodes, .n_days = n_days, .seed = 7
    };
    o.first_day = bb_day_of((struct bb_date){ year, month, day });
    o.files_per = BB_FILES_PER_ALL;
    return o;
}

static struct bb_generate_result generate(const struct bb_generate_options *o)
{
    struct bb_budget budget;
    struct bb_error err = { 0 };
    struct bb_generate_result result;
    bb_budget_init(&budget, 0, 0);
    empty_folder();
    if (bb_generate(o, &budget, NULL, NULL, &result, &err) != BB_OK) fail_msg("%s", err.text);
    assert_int_equal(budget.used_nbytes, 0);
    return result;
}

/* The first file of the folder in byte order whose name holds part; the caller frees. */
static char *read_file(const char *part, size_t *n_ret)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    char *data = NULL, path[512] = "";
    struct stat st;
    FILE *f;
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.' && strstr(entries[i]->d_name, part) && !*path) {
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    if (!*path) fail_msg("no file named like %s", part);
    f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    data = malloc((size_t)st.st_size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)st.st_size, f), st.st_size);
    data[st.st_size] = 0;
    fclose(f);
    *n_ret = (size_t)st.st_size;
    return data;
}

/* Cuts a text into lines in place; the caller frees the array. */
static char **lines_of(char *text, const char *end_of_line, size_t *n_ret)
{
    size_t n = 0, cap = 1024;
    char **lines = malloc(cap * sizeof *lines), *stop;
    while (*text) {
        if (n == cap) lines = realloc(lines, (cap *= 2) * sizeof *lines);
        lines[n++] = text;
        stop = strchr(text, end_of_line[0]); /* a sanitizer's strstr measures the whole rest every time */
        assert_non_null(stop);               /* the last line ends like the others */
        assert_memory_equal(stop, end_of_line, strlen(end_of_line));
        *stop = 0;
        text = stop + strlen(end_of_line);
    }
    *n_ret = n;
    return lines;
}

/* The fields of a line, cut in place. */
static int fields_of(char *line, char *fields[32])
{
    int n = 0;
    for (char *p = line; p && n < 32; n++) {
        fields[n] = p;
        p = strchr(p, ',');
        if (p) *p++ = 0;
    }
    return n;
}

static int64_t scaled(const char *text, double by)
{
    double v = atof(text) * by;
    return (int64_t)(v < 0 ? v - 0.5 : v + 0.5);
}

static void numbers_as_printf_writes_them(void **state)
{
    uint64_t x = 88172645463325252u;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        char got[64], want[64];
        int decimals = (int)(x >> 60) % 7;
        int64_t v = (int64_t)(x >> (x & 31)) % 100000000000, scale = 1;
        for (int k = 0; k < decimals; k++) scale *= 10;
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        if (x & 1) v = -v;
        *bb_gen_fixed(got, v, decimals) = 0;
        if (decimals) {
            snprintf(want, sizeof want, "%s%lld.%0*lld", v < 0 ? "-" : "", llabs(v) / scale, decimals,
                     llabs(v) % scale);
        } else {
            snprintf(want, sizeof want, "%lld", (long long)v);
        }
        assert_string_equal(got, want);
    }
    {
        static const struct {
            int64_t v;
            int decimals, leading;
            const char *want;
        } cases[] = {
            { 0, 5, 1, "0" },       { 92, 2, 0, ".92" },           { -37, 2, 0, "-.37" },
            { 2900, 2, 0, "29" },   { 410, 2, 0, "4.1" },          { -37, 2, 1, "-0.37" },
            { 0, 2, 0, "0" },       { 3404259, 5, 1, "34.04259" }, { -47654, 5, 1, "-0.47654" },
            { 1, 5, 1, "0.00001" }, { 2399840, 5, 1, "23.9984" },  { 100, 0, 1, "100" },
        };
        char got[64];
        for (size_t i = 0; i < BB_ARRAY_LEN(cases); i++) {
            *bb_gen_trimmed(got, cases[i].v, cases[i].decimals, cases[i].leading) = 0;
            assert_string_equal(got, cases[i].want);
        }
        *bb_gen_us_stamp(got, (struct bb_wall){ 19792, 0 }) = 0;
        assert_string_equal(got, "3/10/2024 12:00:00 AM");
        *bb_gen_us_stamp(got, (struct bb_wall){ 19792, 12 * 3600 + 300 }) = 0;
        assert_string_equal(got, "3/10/2024 12:05:00 PM");
    }
}

static void check_pjm(const char *report, int minutes, int32_t month, int32_t day, size_t want_slots,
                      const char *const *want_labels, int64_t slack)
{
    struct bb_generate_options o = options_of(report, 2024, month, day, 1, 60);
    struct bb_generate_result result = generate(&o);
    size_t n, n_lines;
    char *text = read_file("hrl_lmps", &n), **lines = lines_of(text, "\r\n", &n_lines), *fields[32];
    int64_t last_id = 0;
    int n_hubs = 0, n_zones = 0, n_loads = 0;
    assert_int_equal(n_lines, 1 + 60 * want_slots);
    assert_int_equal(result.n_rows, 60 * want_slots);
    assert_int_equal(result.plain_nbytes, n);
    assert_int_equal(fields_of(lines[0], fields), 14);
    assert_string_equal(fields[13], "version_nbr");
    for (size_t i = 1; i < n_lines; i++) {
        int64_t id, energy, total, congestion, loss;
        assert_int_equal(fields_of(lines[i], fields), 14);
        id = atoll(fields[2]);
        if ((i - 1) % 60 == 0) {
            last_id = 0;
            if ((i - 1) / 60 < 4) {
                char label[64];
                snprintf(label, sizeof label, "%s,%s", fields[0], fields[1]);
                assert_string_equal(label, want_labels[(i - 1) / 60]);
            }
        }
        assert_true(id > last_id);
        last_id = id;
        energy = scaled(fields[8], 1e6), total = scaled(fields[9], 1e6), congestion = scaled(fields[10], 1e6),
        loss = scaled(fields[11], 1e6);
        assert_true(llabs(energy + congestion + loss - total) <= slack);
        assert_int_equal(strlen(strchr(fields[9], '.')), 7);
        assert_int_equal(strlen(strchr(fields[8], '.')), strstr(report, "da_") ? 3 : 7);
        assert_string_equal(fields[12], "True");
        n_hubs += strcmp(fields[6], "HUB") == 0;
        n_zones += strcmp(fields[6], "ZONE") == 0;
        n_loads += strcmp(fields[6], "LOAD") == 0;
    }
    assert_true(last_id > INT32_MAX); /* real ids no longer fit 32 bits */
    assert_true(n_hubs > 0 && n_zones > 0 && n_loads > n_hubs);
    (void)minutes;
    free(lines);
    free(text);
}

static void pjm_switch_days(void **state)
{
    static const char *const spring[] = { "3/10/2024 5:00:00 AM,3/10/2024 12:00:00 AM",
                                          "3/10/2024 6:00:00 AM,3/10/2024 1:00:00 AM",
                                          "3/10/2024 7:00:00 AM,3/10/2024 3:00:00 AM",
                                          "3/10/2024 8:00:00 AM,3/10/2024 4:00:00 AM" };
    static const char *const autumn[] = { "11/3/2024 4:00:00 AM,11/3/2024 12:00:00 AM",
                                          "11/3/2024 5:00:00 AM,11/3/2024 1:00:00 AM",
                                          "11/3/2024 6:00:00 AM,11/3/2024 1:00:00 AM",
                                          "11/3/2024 7:00:00 AM,11/3/2024 2:00:00 AM" };
    static const char *const five[] = { "3/10/2024 5:00:00 AM,3/10/2024 12:00:00 AM",
                                        "3/10/2024 5:05:00 AM,3/10/2024 12:05:00 AM",
                                        "3/10/2024 5:10:00 AM,3/10/2024 12:10:00 AM",
                                        "3/10/2024 5:15:00 AM,3/10/2024 12:15:00 AM" };
    (void)state;
    check_pjm("pjm.da_hrl_lmps", 60, 3, 10, 23, spring, 1);
    check_pjm("pjm.da_hrl_lmps", 60, 11, 3, 25, autumn, 1);
    check_pjm("pjm.rt_hrl_lmps", 60, 11, 3, 25, autumn, 10000);
    check_pjm("pjm.rt_fivemin_hrl_lmps", 5, 3, 10, 276, five, 0);
}

struct part {
    char key[96];
    int64_t value;
};
static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct part *)a)->key, ((const struct part *)b)->key);
}

/* Reads a CAISO text: every (GMT start, node) has all its types and they add up; returns the OPR_HR of a GMT start. */
static void check_caiso(char *text, int n_types, const char *gmt_start, const char *want_hour, int64_t slack)
{
    size_t n_lines, found = 0;
    char **lines = lines_of(text, "\n", &n_lines), *fields[32], *header[32];
    int price = -1, type = -1;
    int n_header = fields_of(lines[0], header);
    struct part *parts = calloc(n_lines, sizeof *parts);
    for (int i = 0; i < n_header; i++) {
        if (!strcmp(header[i], "MW") || !strcmp(header[i], "PRC") || !strcmp(header[i], "VALUE")) price = i;
        if (!strcmp(header[i], "LMP_TYPE")) type = i;
    }
    assert_true(price > 0 && type > 0);
    for (size_t i = 1; i < n_lines; i++) {
        assert_int_equal(fields_of(lines[i], fields), n_header);
        snprintf(parts[i].key, sizeof parts[i].key, "%s %s", fields[0], fields[type - 2]);
        parts[i].value = scaled(fields[price], 1e5) * (strcmp(fields[type], "LMP") == 0 ? 1 : -1);
        if (strcmp(fields[0], gmt_start) == 0) {
            assert_string_equal(fields[3], want_hour);
            found++;
        }
    }
    assert_true(found > 0);
    assert_int_equal((n_lines - 1) % (size_t)n_types, 0);
    qsort(parts + 1, n_lines - 1, sizeof *parts, by_key);
    for (size_t i = 1; i < n_lines; i += (size_t)n_types) {
        int64_t difference = 0;
        for (int k = 0; k < n_types; k++) {
            assert_string_equal(parts[i + (size_t)k].key, parts[i].key);
            difference += parts[i + (size_t)k].value;
        }
        if (i + (size_t)n_types < n_lines) assert_string_not_equal(parts[i + (size_t)n_types].key, parts[i].key);
        if (slack >= 0) assert_true(llabs(difference) <= slack);
    }
    free(parts);
    free(lines);
}

static void caiso_switch_days(void **state)
{
    size_t n;
    char *text;
    struct bb_generate_options o = options_of("caiso.prc_lmp", 2024, 11, 3, 1, 5);
    (void)state;
    assert_int_equal(generate(&o).n_rows, 5 * 4 * 25);
    text = read_file("20241103_20241104_PRC_LMP_DAM_20241106_", &n);
    check_caiso(text, 4, "2024-11-03T09:00:00-00:00", "25", 1); /* the repeated hour */
    free(text);
    text = read_file("PRC_LMP", &n);
    check_caiso(text, 4, "2024-11-04T07:00:00-00:00", "24", 1);
    free(text);
    o = options_of("caiso.prc_lmp", 2024, 3, 10, 2, 3);
    assert_int_equal(generate(&o).n_rows, 3 * 4 * 47);
    text = read_file("PRC_LMP", &n);
    check_caiso(text, 4, "2024-03-10T10:00:00-00:00", "4", 1);
    free(text);
    o = options_of("caiso.prc_rtpd_lmp", 2024, 11, 3, 1, 40);
    assert_int_equal(generate(&o).n_rows, 40 * 5 * 100);
    text = read_file("PRC_RTPD_LMP", &n);
    check_caiso(text, 5, "2024-11-03T09:45:00-00:00", "25", 10);
    free(text);
    o = options_of("caiso.prc_intvl_lmp", 2024, 3, 10, 1, 4);
    assert_int_equal(generate(&o).n_rows, 4 * 5 * 276);
    text = read_file("PRC_INTVL_LMP", &n);
    check_caiso(text, 5, "2024-03-10T08:05:00-00:00", "01", 1);
    free(text);
    o = options_of("caiso.prc_hasp_lmp", 2024, 3, 10, 1, 4);
    assert_int_equal(generate(&o).n_rows, 4 * 4 * 92);
    text = read_file("PRC_HASP_LMP", &n);
    check_caiso(text, 4, "2024-03-10T10:15:00-00:00", "04", -1);
    free(text);
    /* hourly group zips: 25 of them, one member per component */
    o = options_of("caiso.rtm_lmp_grp", 2024, 11, 3, 1, 4);
    o.zip = 1;
    assert_int_equal(generate(&o).n_files, 25);
    free(read_file("20241103_20241103_RTM_LMP_GRP_25_N_v3_csv.zip", &n));
    o.zip = 0;
    assert_int_equal(generate(&o).n_files, 125);
    text = read_file("20241103_20241103_PRC_INTVL_LMP_RTM_25_MCC_v3.csv", &n);
    check_caiso(text, 1, "2024-11-03T09:55:00-00:00", "25", -1);
    free(text);
}

static void miso_layout(void **state)
{
    static const char *const head[] = { "Day Ahead Market ExPost LMPs", "03/10/2024", "",
                                        ",,,All Hours-Ending are Eastern Standard Time (EST)" };
    struct bb_generate_options o = options_of("miso.da_expost_lmp", 2024, 3, 10, 1, 40);
    size_t n, n_lines;
    char *text, **lines, *fields[32];
    int64_t lmp[40][24], rest[40][24] = { { 0 } }, seen_short = 0;
    (void)state;
    generate(&o);
    text = read_file("20240310_da_expost_lmp.csv", &n);
    lines = lines_of(text, "\n", &n_lines);
    assert_int_equal(n_lines, 5 + 120);
    for (int i = 0; i < 4; i++) assert_string_equal(lines[i], head[i]);
    assert_int_equal(fields_of(lines[4], fields), 27);
    assert_string_equal(fields[26], "HE 24");
    for (size_t i = 0; i < 120; i++) {
        assert_int_equal(fields_of(lines[5 + i], fields), 27);
        assert_string_equal(fields[2], i < 40 ? "LMP" : i < 80 ? "MCC" : "MLC");
        for (int h = 0; h < 24; h++) {
            assert_true(strncmp(fields[3 + h], "0.", 2) != 0 &&
                        strncmp(fields[3 + h], "-0", 2) != 0); /* .92, not 0.92 */
            seen_short += fields[3 + h][0] == '.';
            if (i < 40) {
                lmp[i][h] = scaled(fields[3 + h], 100);
            } else {
                rest[i % 40][h] += scaled(fields[3 + h], 100);
            }
        }
    }
    assert_true(seen_short > 0);
    /* the energy part is one value for all, to the cent */
    for (int i = 1; i < 40; i++) {
        for (int h = 0; h < 24; h++) assert_int_equal(lmp[i][h] - rest[i][h], lmp[0][h] - rest[0][h]);
    }
    free(lines);
    free(text);
    o.report = "miso.rt_lmp_final";
    generate(&o);
    text = read_file("20240310_rt_lmp_final.csv", &n);
    assert_non_null(strstr(text, "Realtime Market LMPs\n3/10/2024\n\n,,,All Hours"));
    free(text);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void same_options_same_bytes_and_faults_keep_the_sound_rows(void **state)
{
    struct bb_generate_options o = options_of("pjm.da_hrl_lmps", 2024, 3, 9, 2, 50);
    size_t n1, n2, m1, m2, at = 0, n_extra = 0;
    char *first, *second, **a, **b;
    (void)state;
    generate(&o);
    first = read_file("da_hrl", &n1);
    generate(&o);
    second = read_file("da_hrl", &n2);
    assert_int_equal(n1, n2);
    assert_memory_equal(first, second, n1);
    free(second);
    o.seed = 8;
    generate(&o);
    second = read_file("da_hrl", &n2);
    assert_true(n1 != n2 || memcmp(first, second, n1) != 0);
    free(second);

    o.seed = 7;
    o.shuffle_rows = 1;
    generate(&o);
    second = read_file("da_hrl", &n2);
    assert_int_equal(n1, n2);
    assert_memory_not_equal(first, second, n1);
    a = lines_of(first, "\r\n", &m1);
    b = lines_of(second, "\r\n", &m2);
    qsort(a, m1, sizeof *a, by_text);
    qsort(b, m2, sizeof *b, by_text);
    assert_int_equal(m1, m2);
    for (size_t i = 0; i < m1; i++) assert_string_equal(a[i], b[i]);
    free(b);
    free(second);

    /* duplicates repeat sound rows; nothing else changes */
    o.shuffle_rows = 0;
    o.duplicate_share = 0.05;
    generate(&o);
    second = read_file("da_hrl", &n2);
    b = lines_of(second, "\r\n", &m2);
    qsort(b, m2, sizeof *b, by_text);
    assert_true(m2 > m1 + m1 / 50 && m2 < m1 + m1 / 10);
    for (size_t i = 0; i < m2; i++) {
        while (at < m1 && strcmp(a[at], b[i]) < 0) at++;
        assert_string_equal(a[at], b[i]);
        n_extra += i > 0 && strcmp(b[i], b[i - 1]) == 0;
    }
    assert_int_equal(m2 - m1, n_extra);
    free(b);
    free(second);

    /* a revision: the superseded posting, then the current one, which has the price that a file without revisions has */
    o.duplicate_share = 0;
    o.revision_share = 0.1;
    generate(&o);
    second = read_file("da_hrl", &n2);
    b = lines_of(second, "\r\n", &m2);
    n_extra = 0;
    for (size_t i = 1; i < m2; i++) {
        size_t n = strlen(b[i]);
        if (strcmp(b[i] + n - 8, ",False,1") == 0) {
            char current[256];
            n_extra++;
            assert_string_equal(b[i + 1] + strlen(b[i + 1]) - 7, ",True,2");
            snprintf(current, sizeof current, "%.*s,True,1", (int)strlen(b[i + 1]) - 7, b[i + 1]);
            assert_non_null(bsearch(&(char *){ current }, a, m1, sizeof *a, by_text));
            assert_int_not_equal(strncmp(b[i], b[i + 1], n - 8), 0);
        }
    }
    assert_int_equal(m2 - m1, n_extra);
    assert_true(n_extra > m1 / 20);
    free(b);
    free(second);

    o.revision_share = 0;
    o.bad_row_share = 0.1;
    generate(&o);
    second = read_file("da_hrl", &n2);
    b = lines_of(second, "\r\n", &m2);
    assert_int_equal(m1, m2);
    n_extra = 0;
    for (size_t i = 0; i < m2; i++) n_extra += bsearch(&b[i], a, m1, sizeof *a, by_text) == NULL;
    assert_true(n_extra > m1 / 20 && n_extra < m1 / 5);
    free(b);
    free(a);
    free(second);
    free(first);
}

static uint32_t le(const char *p, int n)
{
    uint32_t v = 0;
    while (n-- > 0) v = v << 8 | (uint8_t)p[n];
    return v;
}

/* Inflates the i-th member as the central directory describes it; the caller frees. */
static char *member(const char *zip, size_t n_zip, unsigned i, char name[256], size_t *n_ret)
{
    const char *end = zip + n_zip - 22, *entry, *local;
    uint32_t packed, size;
    char *out;
    z_stream z = { 0 };
    assert_int_equal(le(end, 4), 0x06054b50);
    assert_true(i < le(end + 10, 2));
    entry = zip + le(end + 16, 4);
    for (; i > 0; i--) entry += 46 + le(entry + 28, 2) + le(entry + 30, 2) + le(entry + 32, 2);
    assert_int_equal(le(entry, 4), 0x02014b50);
    packed = le(entry + 20, 4), size = le(entry + 24, 4);
    snprintf(name, 256, "%.*s", (int)le(entry + 28, 2), entry + 46);
    local = zip + le(entry + 42, 4);
    assert_int_equal(le(local, 4), 0x04034b50);
    assert_int_equal(le(local + 6, 2), 8); /* written as a stream: check sum and sizes are not here */
    assert_int_equal(le(local + 14, 4) | le(local + 18, 4) | le(local + 22, 4), 0);
    local += 30 + le(local + 26, 2) + le(local + 28, 2);
    assert_int_equal(le(local + packed, 4), 0x08074b50);
    assert_int_equal(le(local + packed + 4, 4), le(entry + 16, 4));
    out = malloc((size_t)size + 1);
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)local;
    z.avail_in = packed;
    z.next_out = (Bytef *)out;
    z.avail_out = size;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, size);
    inflateEnd(&z);
    assert_int_equal(crc32(0, (const Bytef *)out, size), le(entry + 16, 4));
    out[size] = 0;
    *n_ret = size;
    return out;
}

static void packing_changes_nothing(void **state)
{
    struct bb_generate_options o = options_of("caiso.dam_lmp_grp", 2024, 11, 2, 2, 30);
    char *plain, *zip, *text, *inner, name[256], inner_name[256];
    size_t n_plain, n_zip, n_text, n_inner;
    (void)state;
    generate(&o);
    plain = read_file("20241103_20241103_PRC_LMP_DAM_MCE_v12.csv", &n_plain);
    o.zip = 1;
    assert_int_equal(generate(&o).n_files, 2);
    zip = read_file("20241103_20241103_DAM_LMP_GRP_N_N_v12_csv.zip", &n_zip);
    text = member(zip, n_zip, 2, name, &n_text);
    assert_string_equal(name, "20241103_20241103_PRC_LMP_DAM_MCE_v12.csv");
    assert_int_equal(n_text, n_plain);
    assert_memory_equal(text, plain, n_plain);
    free(text);
    free(zip);
    o.zip_of_zips = 1;
    assert_int_equal(generate(&o).n_files, 1);
    zip = read_file(".zip", &n_zip);
    inner = member(zip, n_zip, 1, name, &n_inner);
    assert_string_equal(name, "20241103_20241103_DAM_LMP_GRP_N_N_v12_csv.zip");
    text = member(inner, n_inner, 2, inner_name, &n_text);
    assert_string_equal(inner_name, "20241103_20241103_PRC_LMP_DAM_MCE_v12.csv");
    assert_int_equal(n_text, n_plain);
    assert_memory_equal(text, plain, n_plain);
    free(text);
    free(inner);
    free(zip);
    free(plain);
}

static void one_key_has_one_price_in_every_form(void **state)
{
    struct bb_generate_options o = options_of("caiso.prc_rtpd_lmp", 2024, 3, 10, 1, 12);
    char *single, *group, **a, **b, *fields[32];
    size_t n, m1, m2, matched = 0;
    (void)state;
    generate(&o);
    single = read_file("PRC_RTPD", &n);
    o.report = "caiso.rtpd_lmp_grp";
    generate(&o);
    group = read_file("20240310_20240310_PRC_RTPD_LMP_RTPD_04_LMP_v3.csv", &n);
    a = lines_of(single, "\n", &m1);
    b = lines_of(group, "\n", &m2);
    assert_int_equal(m2, 1 + 12 * 4);
    for (size_t i = 1; i < m2; i++) {
        *strrchr(b[i], ',') = 0; /* GROUP counts blocks of the file */
        for (size_t k = 1; k < m1; k++) matched += strncmp(a[k], b[i], strlen(b[i])) == 0;
    }
    assert_int_equal(matched, m2 - 1);
    fields_of(a[1], fields);
    free(a);
    free(b);
    free(single);
    free(group);
}

static int stop_at_once(void *ctx, const struct bb_generate_result *so_far)
{
    (*(int *)ctx)++;
    return so_far->n_rows > 0;
}

static void options_and_limits(void **state)
{
    struct bb_generate_options o = options_of("pjm.da_hrl_lmps", 2024, 3, 1, 3, 200), wrong;
    struct bb_budget budget;
    struct bb_error err = { 0 };
    struct bb_generate_result result;
    struct stat st;
    char path[256];
    size_t n, whole;
    int n_calls = 0;
    (void)state;
    bb_budget_init(&budget, 0, 0);
    assert_true(bb_generate_report_count() >= 15);
    for (size_t i = 0; i < bb_generate_report_count(); i++) {
        const char *description;
        assert_non_null(bb_generate_report_at(i, &description));
        assert_non_null(description);
    }
    assert_null(bb_generate_report_at(bb_generate_report_count(), NULL));

    wrong = o, wrong.report = "pjm.nothing";
    assert_int_equal(bb_generate(&wrong, &budget, NULL, NULL, &result, &err), BB_MISUSE);
    assert_non_null(strstr(err.text, "pjm.nothing"));
    wrong = o, wrong.n_days = 0;
    assert_int_equal(bb_generate(&wrong, &budget, NULL, NULL, &result, &err), BB_MISUSE);
    wrong = o, wrong.duplicate_share = 1.5;
    assert_int_equal(bb_generate(&wrong, &budget, NULL, NULL, &result, &err), BB_MISUSE);
    wrong = o, wrong.out_dir = "/dev/null/no";
    assert_int_equal(bb_generate(&wrong, &budget, NULL, NULL, &result, &err), BB_IO);

    /* files per day, month or all */
    o.first_day = bb_day_of((struct bb_date){ 2024, 2, 28 });
    o.files_per = BB_FILES_PER_DAY;
    assert_int_equal(generate(&o).n_files, 3);
    o.files_per = BB_FILES_PER_MONTH;
    assert_int_equal(generate(&o).n_files, 2);
    o.files_per = BB_FILES_PER_ALL;
    assert_int_equal(generate(&o).n_files, 1);

    free(read_file("da_hrl", &whole));
    o.truncate_last = 1;
    generate(&o);
    free(read_file("da_hrl", &n));
    assert_int_equal(n, whole / 2);
    o.truncate_last = 0;

    empty_folder();
    assert_int_equal(bb_generate(&o, &budget, stop_at_once, &n_calls, &result, &err), BB_INTERRUPTED);
    assert_int_equal(n_calls, 1);
    assert_int_equal(budget.used_nbytes, 0);

    o.n_nodes = 0; /* as many as PJM has */
    o.max_nbytes = 5000000;
    result = generate(&o);
    assert_true(result.plain_nbytes >= 5000000 && result.plain_nbytes < 7000000);

    /* whichever allocation fails: an error, nothing left behind */
    o.n_nodes = 20;
    o.zip_of_zips = 1;
    for (long k = 1;; k++) {
        enum bb_status status;
        bb_mem_fail_countdown = k;
        status = bb_generate(&o, &budget, NULL, NULL, &result, &err);
        assert_int_equal(budget.used_nbytes, 0);
        if (status == BB_OK) {
            assert_true(k > 5);
            break;
        }
        assert_int_equal(status, BB_BUDGET);
    }
    bb_mem_fail_countdown = 0;
    snprintf(path, sizeof path, "%s/da_hrl_lmps_20240228_20240301.zip", folder);
    assert_int_equal(stat(path, &st), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_as_printf_writes_them),
        cmocka_unit_test(pjm_switch_days),
        cmocka_unit_test(caiso_switch_days),
        cmocka_unit_test(miso_layout),
        cmocka_unit_test(same_options_same_bytes_and_faults_keep_the_sound_rows),
        cmocka_unit_test(packing_changes_nothing),
        cmocka_unit_test(one_key_has_one_price_in_every_form),
        cmocka_unit_test(options_and_limits),
    };
    return cmocka_run_group_tests_name("generate", tests, make_folder, remove_folder);
}
