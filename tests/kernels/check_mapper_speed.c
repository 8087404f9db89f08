/* Checks and times the way from text to rows on PJM, CAISO and MISO text made here: every row's instant and price sum must be
 * right; prints rows and megabytes per second. BUSBAR_BENCH_MB sets the size (default small, for make test). */
#include <time.h>

#include "../unit/market_case.h"

struct text {
    char *p;
    size_t n, cap;
};

static void put(struct text *t, const char *fmt, ...)
{
    va_list ap;
    if (t->n + 512 > t->cap) {
        t->cap = t->cap ? t->cap * 2 : 1 << 20;
        t->p = realloc(t->p, t->cap);
    }
    va_start(ap, fmt);
    t->n += (size_t)vsnprintf(t->p + t->n, 512, fmt, ap);
    va_end(ap);
}

static unsigned long long state = 88172645463325252ull;
static unsigned next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 20);
}

static const char pjm_header[] =
    "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,voltage,equipment,type,zone,system_energy_"
    "price_da,"
    "total_lmp_da,congestion_price_da,marginal_loss_price_da,row_is_current,version_nbr\r\n";

struct sums {
    double total;
    unsigned long long rows, time;
};

static struct text make_pjm(size_t nbytes, struct sums *want)
{
    enum { NODES = 6435 };
    struct text t = { 0 };
    put(&t, "%s", pjm_header);
    for (int hour = 0; t.n < nbytes; hour++) {
        long utc = 1704067200L + hour * 3600L; /* 2024-01-01, at most 366 days */
        int is_summer = utc >= 1710054000L && utc < 1730613600L;
        time_t tt = utc, local_tt = utc - (is_summer ? 4 : 5) * 3600L;
        struct tm tm, local;
        gmtime_r(&tt, &tm);
        gmtime_r(&local_tt, &local);
        for (int i = 0; i < NODES; i++) {
            int cents = (int)(next() % 9000) - 500, loss = (int)(next() % 200000),
                cong = (int)(next() % 4000000) - 2000000;
            put(&t,
                "%d/%d/%d %d:00:00 %s,%d/%d/%d %d:00:00 "
                "%s,%d,NODE%d,%s,T-%d,%s,%s,%d.%02d,%s%d.%06d,%s%d.%06d,%d.%06d,True,1\r\n",
                tm.tm_mon + 1, tm.tm_mday, tm.tm_year + 1900, tm.tm_hour % 12 ? tm.tm_hour % 12 : 12,
                tm.tm_hour < 12 ? "AM" : "PM", local.tm_mon + 1, local.tm_mday, local.tm_year + 1900,
                local.tm_hour % 12 ? local.tm_hour % 12 : 12, local.tm_hour < 12 ? "AM" : "PM", 1000000 + i * 7,
                i / 3, i % 5 ? "230 KV" : "34.5 KV", i % 4, i % 3 ? "LOAD" : "GEN", "PSEG", abs(cents) / 100,
                abs(cents) % 100, cents < 0 ? "-" : "", abs(cents), 123456, cong < 0 ? "-" : "",
                abs(cong) / 1000000, abs(cong) % 1000000, loss / 1000000, loss % 1000000);
            want->total += (cents < 0 ? -1.0 : 1.0) * (abs(cents) + 0.123456);
            want->rows++;
            want->time += (unsigned long long)utc;
        }
    }
    return t;
}

static struct text make_caiso(size_t nbytes, struct sums *want)
{
    static const char *const types[4][2] = {
        { "LMP", "LMP_PRC" }, { "MCC", "LMP_CONG_PRC" }, { "MCE", "LMP_ENE_PRC" }, { "MCL", "LMP_LOSS_PRC" }
    };
    struct text t = { 0 };
    put(&t, "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,OPR_INTERVAL,NODE_ID_XML,NODE_ID,NODE,MARKET_"
            "RUN_ID,LMP_TYPE,"
            "XML_DATA_ITEM,PNODE_RESMRID,GRP_TYPE,POS,MW,GROUP\n");
    for (int node = 0; t.n < nbytes; node++)
        for (int type = 0; type < 4; type++)
            for (int k = 0; k < 24; k++) {
                int h = (k * 7 + 5) % 24, hour = h + 8; /* 2020-01-02 in California */
                long utc = 1577923200L + hour * 3600L;
                int v = (int)(next() % 9000000) - 500000;
                put(&t,
                    "2020-01-%02dT%02d:00:00-00:00,2020-01-%02dT%02d:00:00-00:00,2020-01-02,%d,0,NODE_%d_N001,NODE_"
                    "%d_N001,NODE_%d_N001,DAM,%s,%s,"
                    "NODE_%d_N001,ALL,1,%s%d.%05d,%d\n",
                    2 + hour / 24, hour % 24, 2 + (hour + 1) / 24, (hour + 1) % 24, h + 1, node, node, node,
                    types[type][0], types[type][1], node, v < 0 ? "-" : "", abs(v) / 100000, abs(v) % 100000,
                    node * 4 + type);
                want->total += v / 100000.0;
                want->rows++;
                want->time += (unsigned long long)utc;
            }
    return t;
}

/* One day of 2,600 nodes as MISO has it, over and over. */
static struct text make_miso(size_t nbytes, struct sums *want)
{
    static const char *const values[3] = { "LMP", "MCC", "MLC" };
    struct text t = { 0 };
    put(&t, "Day Ahead Market ExPost LMPs\n07/14/2026\n\n,,,All Hours-Ending are Eastern Standard Time "
            "(EST)\nNode,Type,Value");
    for (int h = 1; h <= 24; h++) put(&t, ",HE %d", h);
    put(&t, "\n");
    for (int value = 0; value < 3; value++)
        for (int node = 0; t.n < nbytes * (size_t)(value + 1) / 3; node++) {
            put(&t, "LBA%d.NODE%d,Gennode,%s", node % 40, node % 2600, values[value]);
            for (int h = 0; h < 24; h++) {
                int v = (int)(next() % 9000) - 500;
                put(&t, ",%s%d.%02d", v < 0 ? "-" : "", abs(v) / 100, abs(v) % 100);
                want->total += v / 100.0;
                want->rows++;
                want->time += 1784005200ull + (unsigned long long)h * 3600;
            }
            put(&t, "\n");
        }
    return t;
}

/* July days of 750 generators; every row's energy part is derived. */
static struct text make_nyiso(size_t nbytes, struct sums *want)
{
    struct text t = { 0 };
    put(&t, "\"Time Stamp\",\"Name\",\"PTID\",\"LBMP ($/MWHr)\",\"Marginal Cost Losses ($/MWHr)\",\"Marginal Cost "
            "Congestion ($/MWHr)\"\n");
    for (int k = 0; t.n < nbytes && k < 31 * 288 - 1; k++) {
        int end = (k + 1) * 5;
        for (int i = 0; i < 750; i++) {
            int cents = (int)(next() % 9000) - 500, loss = (int)(next() % 900), cong = (int)(next() % 4000) - 2000;
            put(&t, "\"07/%02d/2022 %02d:%02d:00\",\"GENERATOR__%d_GT\",%d,%s%d.%02d,%d.%02d,%s%d.%02d\n",
                1 + end / 1440, end / 60 % 24, end % 60, i, 23512 + i, cents < 0 ? "-" : "", abs(cents) / 100,
                abs(cents) % 100, loss / 100, loss % 100, cong < 0 ? "-" : "", abs(cong) / 100, abs(cong) % 100);
            want->total += cents / 100.0;
            want->rows++;
            want->time += 1656648000ull + (unsigned long long)k * 300;
        }
    }
    return t;
}

static struct text make_isone(size_t nbytes, struct sums *want)
{
    struct text t = { 0 };
    put(&t, "\"C\",\"Day-Ahead Energy Market Hourly LMP Report\"\n\"H\",\"Date\",\"Hour Ending\",\"Location "
            "ID\",\"Location "
            "Name\",\"Location Type\",\"Locational Marginal Price\",\"Energy Component\",\"Congestion "
            "Component\",\"Marginal Loss Component\"\n");
    for (int hour = 0; t.n < nbytes && hour < 30 * 24; hour++)
        for (int i = 0; i < 1209; i++) {
            int energy = (int)(next() % 9000), cong = (int)(next() % 400) - 200;
            put(&t,
                "\"D\",\"06/%02d/2026\",\"%02d\",\"%d\",\"UN.STATION%d 13.8%d\",\"NETWORK "
                "NODE\",%d.%02d,%d.%02d,%s%d.%02d,0.0\n",
                1 + hour / 24, hour % 24 + 1, 300 + i, i % 9, i, (energy + 200) / 100, (energy + 200) % 100,
                energy / 100, energy % 100, cong < 0 ? "-" : "", abs(cong) / 100, abs(cong) % 100);
            want->total += (energy + 200) / 100.0;
            want->rows++;
            want->time += 1780286400ull + (unsigned long long)hour * 3600;
        }
    return t;
}

/* A gridstatus export of SPP's real-time prices: two stamps with offsets, the time column repeats the first. */
static struct text make_export(size_t nbytes, struct sums *want)
{
    struct text t = { 0 };
    put(&t, "Time,Interval Start,Interval End,Market,Location,Location Type,PNode,LMP,Energy,Congestion,Loss\n");
    for (long slot = 0; t.n < nbytes; slot++) {
        long utc = 1704088800L + slot * 300, end = utc + 300; /* 2024-01-01 in Chicago */
        time_t a = utc - 21600, b = end - 21600;
        struct tm from, to;
        char start[40], stop[40];
        gmtime_r(&a, &from);
        gmtime_r(&b, &to);
        strftime(start, sizeof start, "%Y-%m-%d %H:%M:%S-06:00", &from);
        strftime(stop, sizeof stop, "%Y-%m-%d %H:%M:%S-06:00", &to);
        for (int i = 0; i < 1100; i++) {
            int v = (int)(next() % 900000) - 50000;
            put(&t,
                "%s,%s,%s,REAL_TIME_5_MIN,AREA_PLACE%d,Settlement "
                "Location,PN_PLACE%d,%s%d.%04d,27.0081,0.0509,0.3039\n",
                start, start, stop, i, i, v < 0 ? "-" : "", abs(v) / 10000, abs(v) % 10000);
            want->total += v / 10000.0;
            want->rows++;
            want->time += (unsigned long long)utc;
        }
    }
    return t;
}

struct sink {
    struct sums got;
};

static enum bb_status sum_up(struct bb_row_batch *batch, struct bb_error *err)
{
    struct sink *sink = batch->ctx;
    (void)err;
    for (size_t i = 0; i < batch->n; i++) {
        const struct bb_row *row = &batch->rows[i];
        double v = 0;
        unsigned n = row->flags & BB_ROW_PARTIAL ? (unsigned)__builtin_popcount(row->present)
                                                 : 1; /* parts may come joined */
        sink->got.rows += n;
        sink->got.time += (unsigned long long)row->start_utc_s * n;
        if (row->flags & BB_ROW_PARTIAL)
            for (int k = 0; k < 4; k++) v += row->value[k];
        else
            v = row->value[BB_VALUE_TOTAL];
        sink->got.total += v;
    }
    batch->n = 0;
    return BB_OK;
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static struct text make_spp(size_t nbytes, struct sums *want)
{
    struct text t = { 0 };
    put(&t, "Interval,GMT Interval,Settlement Location Name,PNODE Name,LMP,MLC,MCC,MEC,BAA\n");
    for (int k = 0; t.n < nbytes && k < 29 * 288; k++) { /* June 2026: five hours behind */
        int end = (k + 1) * 5, gmt = end + 300;
        for (int i = 0; i < 1540; i++) {
            int mills = (int)(next() % 900000) - 50000, loss = (int)(next() % 9000),
                cong = (int)(next() % 40000) - 20000;
            put(&t,
                "06/%02d/2026 %02d:%02d:00,06/%02d/2026 "
                "%02d:%02d:00,LOC.NAME%d,PNODE_%d,%s%d.%04d,0.%04d,%s%d.%04d,%d.5000,%s\n",
                1 + end / 1440, end / 60 % 24, end % 60, 1 + gmt / 1440, gmt / 60 % 24, gmt % 60, i, i / 2,
                mills < 0 ? "-" : "", abs(mills) / 10000, abs(mills) % 10000, loss, cong < 0 ? "-" : "",
                abs(cong) / 10000, abs(cong) % 10000, i % 90, i % 9 ? "SPP" : "SWPW");
            want->total += mills / 10000.0;
            want->rows++;
            want->time += 1780290000ull + (unsigned long long)k * 300;
        }
    }
    return t;
}

static struct text make_spp_reserves(size_t nbytes, struct sums *want)
{
    struct text t = { 0 };
    put(&t, "Interval,GMTIntervalEnd,Reserve Zone,RegUPService,RegDNService,RegUpMile, "
            "RegDNMile,RampUP,RampDN,Spin,Supp,"
            "UncUP,BAA\n");
    for (int k = 0; t.n < nbytes && k < 29 * 288; k++) {
        int end = (k + 1) * 5, gmt = end + 300;
        for (int i = 0; i < 8; i++) {
            put(&t, "06/%02d/2026 %02d:%02d:00,06/%02d/2026 %02d:%02d:00,%d", 1 + end / 1440, end / 60 % 24,
                end % 60, 1 + gmt / 1440, gmt / 60 % 24, gmt % 60, i + 1);
            for (int product = 0; product < 9; product++) {
                int mills = (int)(next() % 90000);
                put(&t, ",%d.%04d", mills / 10000, mills % 10000);
                want->total += mills / 10000.0;
                want->rows++;
                want->time += 1780290000ull + (unsigned long long)k * 300;
            }
            put(&t, ",SPP\n");
        }
    }
    return t;
}

static struct text make_miso_week(size_t nbytes, struct sums *want)
{
    struct text t = { 0 };
    put(&t, "Title\nDate\n\nNote\nMKTHOUR_EST,PNODENAME,LMP,CON_LMP,LOSS_LMP\n");
    for (int k = 0; t.n < nbytes && k < 7 * 288; k++) {
        int begin = k * 5;
        for (int i = 0; i < 2500; i++) {
            int cents = (int)(next() % 9000) - 500, loss = (int)(next() % 900), cong = (int)(next() % 4000) - 2000;
            put(&t, "06/%02d/2026 %02d:%02d,AREA.NODE%d,%s%d.%02d,%s%d.%02d,%d.%02d\n", 1 + begin / 1440,
                begin / 60 % 24, begin % 60, i, cents < 0 ? "-" : "", abs(cents) / 100, abs(cents) % 100,
                cong < 0 ? "-" : "", abs(cong) / 100, abs(cong) % 100, loss / 100, loss % 100);
            want->total += cents / 100.0;
            want->rows++;
            want->time += 1780290000ull + (unsigned long long)k * 300;
        }
    }
    put(&t, "\n* note\n");
    return t;
}

static void check(const char *name, struct text (*make)(size_t, struct sums *), const char *report)
{
    const char *mb = getenv("BUSBAR_BENCH_MB");
    size_t nbytes = (size_t)(mb ? atoi(mb) : 8) << 20, block_nbytes = (size_t)1 << 20;
    struct sums want = { 0 };
    struct text t = make(nbytes, &want);
    struct market_case c;
    struct bb_reader *reader;
    struct bb_worker *worker;
    struct bb_row *rows = malloc(4096 * sizeof *rows);
    char *buffer = calloc(1, block_nbytes + 1024 + 128);
    double best = 1e9;
    put(&t, "%s", ""); /* room for the terminator */
    t.p[t.n] = 0;
    case_detect_n(&c, name, t.p, t.n, t.n, NULL);
    if (c.status != BB_OK) fail_msg("%s", c.err.text);
    assert_string_equal(c.detection.report, report);
    c.places = bb_places_new(&c.budget);
    assert_int_equal(
        bb_zone_open(bb_iso_infos[c.detection.datasets[0].iso].zone_name, NULL, &c.budget, &c.zone, &c.err), BB_OK);
    assert_int_equal(bb_reader_new(&c.detection, &c.detection.datasets[0], &c.evidence, c.zone, c.places, &c.budget,
                                   &reader, &c.err),
                     BB_OK);
    worker = bb_worker_new(&c.budget);
    for (int round = 0; round < 5; round++) {
        struct sink sink = { { 0 } };
        struct bb_row_batch batch = { rows, 0, 4096, sum_up, &sink };
        double spent = 0;
        for (size_t at = 0; at < t.n;) {
            size_t n = t.n - at < block_nbytes ? t.n - at : block_nbytes;
            struct bb_block block = {
                .text = buffer + 64, .first_line = 1, .first_byte = at, .on_reject = case_reject, .reject_ctx = &c
            };
            struct bb_block_counts counts;
            double before;
            while (t.p[at + n - 1] != '\n') n--;
            memcpy(block.text, t.p + at, n);
            block.n = n;
            /* a reader is for one pass over its file; ISO-NE's would miss its trailer in the second round */
            block.is_last = at + n == t.n && strncmp(report, "isone", 5) != 0;
            before = now();
            assert_int_equal(bb_reader_block(reader, worker, &block, &batch, &counts, &c.err), BB_OK);
            spent += now() - before;
            at += n;
        }
        (void)!sum_up(&batch, &c.err);
        assert_int_equal(c.n_rejects, 0);
        assert_int_equal(sink.got.rows, want.rows);
        assert_int_equal(sink.got.time, want.time);
        assert_true(sink.got.total - want.total < 1e-3 && want.total - sink.got.total < 1e-3);
        if (spent < best) best = spent;
    }
    printf("%-22s %6.1f MB %9llu rows  %6.2f M rows/s  %7.1f MB/s  %6.1f ns/row\n", report, (double)t.n / 1e6,
           want.rows, (double)want.rows / best / 1e6, (double)t.n / best / 1e6, best * 1e9 / (double)want.rows);
    bb_worker_free(worker);
    bb_reader_free(reader);
    case_end(&c);
    free(rows);
    free(buffer);
    free(t.p);
}

static void pjm(void **unused)
{
    (void)unused;
    check("da_hrl_lmps.csv", make_pjm, "pjm.da_hrl_lmps");
}
static void caiso(void **unused)
{
    (void)unused;
    check("20200102_20200102_PRC_LMP_DAM_v1.csv", make_caiso, "caiso.PRC_LMP");
}
static void miso(void **unused)
{
    (void)unused;
    check("20260714_da_expost_lmp.csv", make_miso, "miso.da_expost_lmp");
}

static void nyiso(void **unused)
{
    (void)unused;
    check("20220701realtime_gen.csv", make_nyiso, "nyiso.realtime_gen");
}
static void isone(void **unused)
{
    (void)unused;
    check("WW_DALMP_ISO_20260601.csv", make_isone, "isone.WW_DALMP_ISO");
}

static void spp(void **unused)
{
    (void)unused;
    check("RTBM-LMP-DAILY-SL-20260601.csv", make_spp, "spp.RTBM-LMP-DAILY-SL");
    check("RTBM-MCP-DAILY-20260601.csv", make_spp_reserves, "spp.RTBM-MCP-DAILY");
}
static void exports(void **unused)
{
    (void)unused;
    check("2024-01-01_lmp_real_time_5_min.csv", make_export, "spp.gridstatus_lmp");
}
static void miso_week(void **unused)
{
    (void)unused;
    check("20260615_5MIN_LMP.csv", make_miso_week, "miso.5MIN_LMP");
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = { cmocka_unit_test(pjm),       cmocka_unit_test(caiso),
                                        cmocka_unit_test(miso),      cmocka_unit_test(nyiso),
                                        cmocka_unit_test(isone),     cmocka_unit_test(spp),
                                        cmocka_unit_test(miso_week), cmocka_unit_test(exports) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
