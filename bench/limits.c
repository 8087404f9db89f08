/* What this machine can do at best with the same bytes: the ceilings that busbar's stages are held against.
 *
 *     limits CSV-FILE LAKE-FILE THREADS
 *     limits inflate FOLDER THREADS
 *
 * CSV-FILE: text to read and to inflate. LAKE-FILE: a lake file written with --compression none, whose pages are what zstd gets.
 * Prints one JSON object with MB/s of input (copy, read, zstd) or output (inflate): "one" for one thread, "all" for the sum of
 * THREADS. Each figure is the best of several rounds.
 *
 * inflate: every member of every zip of FOLDER (and of the zips in them) is inflated and forgotten: seconds for one thread and for
 * THREADS that take members in turns. Nothing else counts: the archives lie in memory, no checksum is made. Best of three. */
#include <dirent.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define SAMPLE_NBYTES ((size_t)64 << 20)
#define PIECE_NBYTES  ((size_t)1 << 20)
#define ROUNDS        5
#define MAX_THREADS   64
#define MAX_MEMBERS   ((size_t)1 << 20)

struct bytes {
    char *p;
    size_t n;
};

struct work {
    const char *csv_path;
    struct bytes csv, packed, pages;
    double seconds;
    size_t nbytes;
    void (*run)(struct work *);
};

static void die(const char *what)
{
    fprintf(stderr, "limits: %s\n", what);
    exit(1);
}

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static struct bytes load(const char *path, size_t most_nbytes)
{
    struct bytes b = { NULL, 0 };
    int fd = open(path, O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) die(path);
    b.n = (size_t)st.st_size < most_nbytes ? (size_t)st.st_size : most_nbytes;
    b.p = malloc(b.n + 1);
    if (!b.p) die("no memory");
    for (size_t at = 0; at < b.n;) {
        ssize_t got = read(fd, b.p + at, b.n - at);
        if (got <= 0) die(path);
        at += (size_t)got;
    }
    close(fd);
    return b;
}

static struct bytes pack(struct bytes text)
{
    struct bytes b = { malloc(text.n), 0 };
    z_stream z = { 0 };
    if (!b.p || deflateInit2(&z, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) die("no memory");
    z.next_in = (Bytef *)text.p;
    z.avail_in = (uInt)text.n;
    z.next_out = (Bytef *)b.p;
    z.avail_out = (uInt)text.n;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) die("the text does not get smaller");
    b.n = z.total_out;
    deflateEnd(&z);
    return b;
}

static void copy(struct work *w)
{
    char *to = malloc(w->csv.n);
    if (!to) die("no memory");
    memset(to, 1, w->csv.n);
    for (int round = 0; round < ROUNDS; round++) {
        double began = now_s(), took;
        memcpy(to, w->csv.p, w->csv.n);
        __asm__ volatile("" : : "r"(to) : "memory");
        took = now_s() - began;
        if (round == 0 || took < w->seconds) w->seconds = took;
    }
    w->nbytes = w->csv.n;
    free(to);
}

static void read_cached(struct work *w)
{
    char *to = malloc(PIECE_NBYTES);
    if (!to) die("no memory");
    for (int round = 0; round < ROUNDS; round++) {
        int fd = open(w->csv_path, O_RDONLY);
        double began = now_s(), took;
        size_t sum = 0;
        ssize_t got;
        while (sum < w->csv.n && (got = read(fd, to, PIECE_NBYTES)) > 0) sum += (size_t)got;
        took = now_s() - began;
        close(fd);
        w->nbytes = sum;
        if (round == 0 || took < w->seconds) w->seconds = took;
    }
    free(to);
}

static void compress_pages(struct work *w)
{
    size_t bound = ZSTD_compressBound(PIECE_NBYTES);
    char *to = malloc(bound);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!to || !context) die("no memory");
    for (int round = 0; round < 2; round++) {
        double began = now_s(), took;
        for (size_t at = 0; at < w->pages.n; at += PIECE_NBYTES) {
            size_t n = w->pages.n - at < PIECE_NBYTES ? w->pages.n - at : PIECE_NBYTES;
            if (ZSTD_isError(ZSTD_compressCCtx(context, to, bound, w->pages.p + at, n, 1))) die("zstd");
        }
        took = now_s() - began;
        if (round == 0 || took < w->seconds) w->seconds = took;
    }
    w->nbytes = w->pages.n;
    ZSTD_freeCCtx(context);
    free(to);
}

static void inflate_text(struct work *w)
{
    struct inflate_state *state = malloc(sizeof *state);
    char *to = malloc(PIECE_NBYTES);
    if (!to || !state) die("no memory");
    for (int round = 0; round < 3; round++) {
        double began = now_s(), took;
        size_t sum = 0;
        isal_inflate_init(state);
        state->next_in = (uint8_t *)w->packed.p;
        state->avail_in = (uint32_t)w->packed.n;
        do {
            state->next_out = (uint8_t *)to;
            state->avail_out = (uint32_t)PIECE_NBYTES;
            if (isal_inflate(state) != ISAL_DECOMP_OK) die("inflate");
            sum += PIECE_NBYTES - state->avail_out;
        } while (state->block_state != ISAL_BLOCK_FINISH);
        took = now_s() - began;
        w->nbytes = sum;
        if (round == 0 || took < w->seconds) w->seconds = took;
    }
    free(state);
    free(to);
}

static void *thread_main(void *arg)
{
    struct work *w = arg;
    w->run(w);
    return NULL;
}

static double measure(const struct work *base, void (*run)(struct work *), unsigned n_threads)
{
    struct work works[MAX_THREADS];
    pthread_t threads[MAX_THREADS];
    double sum = 0;
    for (unsigned i = 0; i < n_threads; i++) {
        works[i] = *base;
        works[i].run = run;
        if (pthread_create(&threads[i], NULL, thread_main, &works[i]) != 0) die("no threads");
    }
    for (unsigned i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
        sum += (double)works[i].nbytes / works[i].seconds / 1e6;
    }
    return sum;
}

/* ---- zips ---- */

struct member {
    const uint8_t *packed;
    size_t packed_nbytes, nbytes;
};

struct archive_work {
    struct member *members;
    size_t n;
    atomic_size_t next, sum;
};

static size_t little(const uint8_t *p, int n)
{
    size_t v = 0;
    while (n-- > 0) v = v << 8 | p[n];
    return v;
}

static size_t inflate_member(struct inflate_state *state, const struct member *m, uint8_t *to, size_t cap, int all)
{
    size_t sum = 0;
    isal_inflate_init(state);
    state->next_in = (uint8_t *)(uintptr_t)m->packed;
    state->avail_in = (uint32_t)m->packed_nbytes;
    do {
        state->next_out = all ? to + sum : to;
        state->avail_out = (uint32_t)(all ? cap - sum : cap);
        sum += state->avail_out;
        if (isal_inflate(state) != ISAL_DECOMP_OK) die("inflate");
        sum -= state->avail_out;
        if (state->block_state != ISAL_BLOCK_FINISH && state->avail_out) die("a member is cut off");
    } while (state->block_state != ISAL_BLOCK_FINISH);
    return sum;
}

/* The members of a zip of the generator: no zip64, no comment. A zip in it is unpacked and stays in memory. */
static void list_members(struct bytes zip, struct archive_work *w)
{
    const uint8_t *p = (const uint8_t *)zip.p, *end = p + zip.n - 22, *entry;
    if (zip.n < 22 || little(end, 4) != 0x06054b50) die("not a zip");
    entry = p + little(end + 16, 4);
    for (size_t i = 0, n = little(end + 10, 2); i < n; i++) {
        size_t name_nbytes = little(entry + 28, 2), deflated = little(entry + 10, 2);
        const uint8_t *local = p + little(entry + 42, 4);
        struct member m = { local + 30 + little(local + 26, 2) + little(local + 28, 2), little(entry + 20, 4),
                            little(entry + 24, 4) };
        if (name_nbytes > 4 && memcmp(entry + 46 + name_nbytes - 4, ".zip", 4) == 0) {
            struct bytes inner = { malloc(m.nbytes + 1), m.nbytes };
            struct inflate_state *state = malloc(sizeof *state);
            if (!inner.p || !state) die("no memory");
            if (!deflated)
                memcpy(inner.p, m.packed, m.nbytes);
            else if (inflate_member(state, &m, (uint8_t *)inner.p, m.nbytes + 1, 1) != m.nbytes)
                die("a zip in a zip has another length");
            free(state);
            list_members(inner, w);
        } else if (deflated && w->n < MAX_MEMBERS) {
            w->members[w->n++] = m;
        }
        entry += 46 + name_nbytes + little(entry + 30, 2) + little(entry + 32, 2);
    }
}

static void *inflate_members(void *arg)
{
    struct archive_work *w = arg;
    struct inflate_state *state = malloc(sizeof *state);
    uint8_t *to = malloc(PIECE_NBYTES);
    if (!to || !state) die("no memory");
    for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->n;)
        atomic_fetch_add(&w->sum, inflate_member(state, &w->members[i], to, PIECE_NBYTES, 0));
    free(state);
    free(to);
    return NULL;
}

static double inflate_all(struct archive_work *w, unsigned n_threads)
{
    double best = 0;
    for (int round = 0; round < 3; round++) {
        pthread_t threads[MAX_THREADS];
        double began = now_s(), took;
        atomic_store(&w->next, 0);
        atomic_store(&w->sum, 0);
        for (unsigned i = 0; i < n_threads; i++)
            if (pthread_create(&threads[i], NULL, inflate_members, w) != 0) die("no threads");
        for (unsigned i = 0; i < n_threads; i++) pthread_join(threads[i], NULL);
        took = now_s() - began;
        if (round == 0 || took < best) best = took;
    }
    return best;
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int measure_inflate(const char *folder, unsigned n_threads)
{
    struct archive_work w = { .members = calloc(MAX_MEMBERS, sizeof(struct member)) };
    struct dirent **entries;
    int n_entries = scandir(folder, &entries, NULL, by_name);
    double one, all;
    if (n_entries < 0 || !w.members) die(folder);
    for (int i = 0; i < n_entries; i++) {
        char path[4096];
        if (entries[i]->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        list_members(load(path, SIZE_MAX), &w);
    }
    one = inflate_all(&w, 1);
    all = inflate_all(&w, n_threads);
    printf("{\"members\": %zu, \"plain_nbytes\": %zu, \"one_s\": %.4f, \"all_s\": %.4f}\n", w.n, (size_t)w.sum, one,
           all);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct work *);
    } kinds[] = {
        { "memcpy", copy }, { "read", read_cached }, { "inflate", inflate_text }, { "zstd_1", compress_pages }
    };
    struct work base = { 0 };
    unsigned n_threads = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
    if (n_threads < 1 || n_threads > MAX_THREADS) die("usage: limits CSV-FILE LAKE-FILE THREADS");
    if (strcmp(argv[1], "inflate") == 0) return measure_inflate(argv[2], n_threads);
    base.csv_path = argv[1];
    base.csv = load(argv[1], SAMPLE_NBYTES);
    base.pages = load(argv[2], SAMPLE_NBYTES);
    base.packed = pack(base.csv);
    printf("{");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        printf("%s\"%s\": {\"one\": %.0f, \"all\": %.0f}", i ? ", " : "", kinds[i].name,
               measure(&base, kinds[i].run, 1), measure(&base, kinds[i].run, n_threads));
    printf("}\n");
    return 0;
}
