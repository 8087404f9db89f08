/* What this machine can do at best with the same bytes: the ceilings that busbar's stages are held against.
 *
 *     limits CSV-FILE LAKE-FILE THREADS
 *
 * CSV-FILE: text to read and to inflate. LAKE-FILE: a lake file written with --compression none, whose pages are what zstd gets.
 * Prints one JSON object with MB/s of input (copy, read, zstd) or output (inflate): "one" for one thread, "all" for the sum of
 * THREADS. Each figure is the best of several rounds. */
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <pthread.h>
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

static struct bytes load(const char *path)
{
    struct bytes b = { NULL, 0 };
    int fd = open(path, O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) die(path);
    b.n = (size_t)st.st_size < SAMPLE_NBYTES ? (size_t)st.st_size : SAMPLE_NBYTES;
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
    base.csv_path = argv[1];
    base.csv = load(argv[1]);
    base.pages = load(argv[2]);
    base.packed = pack(base.csv);
    printf("{");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        printf("%s\"%s\": {\"one\": %.0f, \"all\": %.0f}", i ? ", " : "", kinds[i].name,
               measure(&base, kinds[i].run, 1), measure(&base, kinds[i].run, n_threads));
    printf("}\n");
    return 0;
}
