#include "generate/generate.h"

#include "generate/gen_report.h"
#include "generate/gen_zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUT_NBYTES     ((size_t)1 << 20)
#define PROGRESS_EVERY ((uint64_t)1 << 16) /* rows */

static const struct bb_gen_market *const markets[] = { &bb_gen_pjm,     &bb_gen_caiso,    &bb_gen_miso,
                                                       &bb_gen_miso_as, &bb_gen_spp,      &bb_gen_ercot,
                                                       &bb_gen_nyiso,   &bb_gen_isone,    &bb_gen_isone_as,
                                                       &bb_gen_pjm_as,  &bb_gen_caiso_as, &bb_gen_gridstatus };

static const struct bb_gen_report *report_number(size_t i)
{
    for (size_t m = 0; m < BB_ARRAY_LEN(markets); m++) {
        if (i < markets[m]->n_reports) return &markets[m]->reports[i];
        i -= markets[m]->n_reports;
    }
    return NULL;
}

size_t bb_generate_report_count(void)
{
    size_t n = 0;
    for (size_t m = 0; m < BB_ARRAY_LEN(markets); m++) n += markets[m]->n_reports;
    return n;
}

const char *bb_generate_report_at(size_t i, const char **description_ret)
{
    const struct bb_gen_report *report = report_number(i);
    if (description_ret) *description_ret = report ? report->description : NULL;
    return report ? report->id : NULL;
}

int bb_gen_cut_days(const struct bb_generate_options *options, enum bb_files_per per, uint64_t i,
                    int32_t *first_day_ret, int32_t *n_days_ret)
{
    int32_t day = options->first_day, end = options->first_day + options->n_days, next = end;
    for (uint64_t k = 0; day < end; k++, day = next) {
        struct bb_date d = bb_date_of(day);
        if (per == BB_FILES_PER_DAY) { /* no need to walk there */
            if (i >= (uint64_t)options->n_days) return 0;
            *first_day_ret = day + (int32_t)i;
            *n_days_ret = 1;
            return 1;
        }
        next = end;
        if (per == BB_FILES_PER_MONTH) {
            struct bb_date first_of_next = { d.month == 12 ? d.year + 1 : d.year, d.month % 12 + 1, 1 };
            next = BB_MIN(end, bb_day_of(first_of_next));
        }
        if (k == i) {
            *first_day_ret = day;
            *n_days_ret = next - day;
            return 1;
        }
    }
    return 0;
}

char *bb_gen_word(char *p, uint64_t bits, int n_letters)
{
    static const char consonants[] = "BCDFGHJKLMNPRSTW", vowels[] = "AEIOUAEO";
    for (int i = 0; i < n_letters; i++) {
        *p++ = i % 2 == 0 ? consonants[bits & 15] : vowels[bits & 7];
        bits = i % 2 == 0 ? bits >> 4 : bits >> 3;
    }
    return p;
}

enum bb_status bb_gen_need_slots(struct bb_gen_run *run, int32_t first_day, int32_t n_days, struct bb_error *err)
{
    if (run->slots && run->slots_first_day == first_day && run->slots_n_days == n_days) return BB_OK;
    bb_free(run->slots);
    run->slots = NULL;
    BB_TRY(bb_gen_slots(run->zone, first_day, n_days, run->report->minutes, run->seed, run->budget, &run->slots,
                        &run->n_slots, err));
    run->slots_first_day = first_day;
    run->slots_n_days = n_days;
    for (size_t i = 0; i < run->n_slots; i++) run->report->label_slot(run, &run->slots[i]);
    return BB_OK;
}

/* ---- where the bytes go ---- */

struct output {
    const struct bb_generate_options *options;
    struct bb_budget *budget;
    struct bb_generate_result *result;
    int fd;
    char path[4096];          /* of the file that is open on disk, or was last */
    struct bb_gen_zip *outer; /* zip of zips */
    struct bb_gen_zip *zip;
    char archive[160];       /* what zip is called */
    struct bb_gen_sink sink; /* of the current raw file */
    char *text;              /* gathered lines */
    size_t n_text;
};

static enum bb_status write_fd(void *ctx, const char *p, size_t n, struct bb_error *err)
{
    struct output *out = ctx;
    while (n > 0) {
        ssize_t done = write(out->fd, p, n);
        if (done < 0) {
            if (errno == EINTR) continue;
            return bb_fail_errno(err, BB_IO, errno, "%s: cannot write", out->path);
        }
        p += done;
        n -= (size_t)done;
    }
    return BB_OK;
}

/* Like mkdir -p. */
static enum bb_status make_folder(const char *path, struct bb_error *err)
{
    char part[4096];
    size_t n = strlen(path);
    if (n >= sizeof part) return bb_fail(err, BB_MISUSE, "the path of the folder is too long");
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        char c = part[i];
        if (c != '/' && c != 0) continue;
        part[i] = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return bb_fail_errno(err, BB_IO, errno, "%s: the folder cannot be made", part);
        part[i] = c;
    }
    return BB_OK;
}

static enum bb_status open_file(struct output *out, const char *name, struct bb_error *err)
{
    int n = snprintf(out->path, sizeof out->path, "%s/%s", out->options->out_dir, name);
    if (n < 0 || (size_t)n >= sizeof out->path)
        return bb_fail(err, BB_MISUSE, "%s: the path is too long", out->options->out_dir);
    if (strchr(name, '/')) {
        char *slash = strrchr(out->path, '/');
        *slash = 0;
        BB_TRY(make_folder(out->path, err));
        *slash = '/';
    }
    out->fd = open(out->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out->fd < 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot be created", out->path);
    out->result->n_files++;
    return BB_OK;
}

static enum bb_status close_file(struct output *out, struct bb_error *err)
{
    int fd = out->fd;
    out->fd = -1;
    if (fd >= 0 && close(fd) != 0) return bb_fail_errno(err, BB_IO, errno, "%s: cannot write", out->path);
    return BB_OK;
}

static enum bb_status close_archive(struct output *out, struct bb_error *err)
{
    if (!out->zip) return BB_OK;
    BB_TRY(bb_gen_zip_finish(out->zip, err));
    bb_gen_zip_free(out->zip);
    out->zip = NULL;
    return out->outer ? BB_OK : close_file(out, err);
}

/* Opens what the raw file needs: its own file on disk, or a member of its archive, which may be a member itself. */
static enum bb_status begin_file(struct output *out, const struct bb_gen_file *file, struct bb_error *err)
{
    if (!out->options->zip && !out->options->zip_of_zips) {
        BB_TRY(open_file(out, file->name, err));
        out->sink = (struct bb_gen_sink){ write_fd, out };
        return BB_OK;
    }
    if (out->zip && strcmp(out->archive, file->archive) != 0) BB_TRY(close_archive(out, err));
    if (!out->zip) {
        struct bb_gen_sink below = { write_fd, out };
        if (out->outer) {
            BB_TRY(bb_gen_zip_member(out->outer, file->archive, file->stamp, err));
            below = (struct bb_gen_sink){ bb_gen_zip_write, out->outer };
        } else {
            BB_TRY(open_file(out, file->archive, err));
        }
        BB_TRY(bb_gen_zip_new(below, 6, out->budget, &out->zip, err));
        snprintf(out->archive, sizeof out->archive, "%s", file->archive);
    }
    BB_TRY(bb_gen_zip_member(out->zip, file->name, file->stamp, err));
    out->sink = (struct bb_gen_sink){ bb_gen_zip_write, out->zip };
    return BB_OK;
}

static enum bb_status flush_text(struct output *out, struct bb_error *err)
{
    size_t n = out->n_text;
    out->n_text = 0;
    out->result->plain_nbytes += n;
    return out->sink.write(out->sink.ctx, out->text, n, err);
}

static enum bb_status end_file(struct output *out, struct bb_error *err)
{
    BB_TRY(flush_text(out, err));
    return out->zip ? BB_OK : close_file(out, err);
}

/* ---- faults ---- */

/* Spoils the line [start, end): a letter in a price, or the second half missing. Returns the new end. */
static char *spoil(char *start, char *end, uint64_t bits)
{
    char *stop = end;
    while (stop > start && (stop[-1] == '\n' || stop[-1] == '\r')) stop--;
    if ((bits & 1) == 0) {
        for (char *p = stop - 2; p > start; p--) {
            if (*p == '.' && p[1] >= '0' && p[1] <= '9' && p[-1] >= '0' && p[-1] <= '9') {
                *p = 'x';
                return end;
            }
        }
    }
    {
        size_t n_end = (size_t)(end - stop);
        char *cut = start + (stop - start) / 2;
        memmove(cut, stop, n_end);
        return cut + n_end;
    }
}

struct faults {
    uint64_t seed;
    uint64_t duplicates, revisions, bad; /* thresholds of 21 bits */
    int any;
};

static struct faults faults_of(const struct bb_generate_options *o)
{
    struct faults f = { bb_gen_mix(o->seed, 0x6661756c74u), (uint64_t)(o->duplicate_share * 2097152.0),
                        (uint64_t)(o->revision_share * 2097152.0), (uint64_t)(o->bad_row_share * 2097152.0), 0 };
    f.any = f.duplicates || f.revisions || f.bad;
    return f;
}

/* A walk over 0 … n-1 in no order: k -> (a k + b) mod n with a prime to n. Needs no memory and is the same everywhere. */
struct shuffle {
    uint64_t n, a, b;
};
static uint64_t walk(const struct shuffle *s, uint64_t k)
{
    return (uint64_t)(((unsigned __int128)s->a * k + s->b) % s->n);
}
static struct shuffle shuffle_of(uint64_t n, uint64_t seed)
{
    struct shuffle s = { n, 0, n ? seed % n : 0 };
    s.a = n / 2 + (seed >> 32) % (n / 3 + 1) + 1;
    for (;; s.a++) {
        uint64_t x = s.a, y = n;
        while (y != 0) {
            uint64_t r = x % y;
            x = y;
            y = r;
        }
        if (x == 1) return s;
    }
}

/* ---- the run ---- */

static enum bb_status write_rows(struct bb_gen_run *run, const struct bb_gen_file *file, uint64_t number,
                                 struct output *out, bb_generate_progress progress, void *progress_ctx,
                                 struct bb_error *err)
{
    const struct bb_generate_options *o = run->options;
    const struct bb_gen_report *report = run->report;
    struct faults faults = faults_of(o);
    uint64_t file_seed = bb_gen_mix(faults.seed, number);
    struct shuffle shuffle = shuffle_of(file->n_rows, file_seed);
    out->n_text = (size_t)(report->head(run, file, out->text) - out->text);
    for (uint64_t k = 0; k < file->n_rows; k++) {
        uint64_t index = o->shuffle_rows ? walk(&shuffle, k) : k;
        char *start = out->text + out->n_text, *p = start;
        if (!faults.any) {
            p = report->row(run, file, index, BB_GEN_SOLE, p);
            out->result->n_rows++;
        } else {
            uint64_t bits = bb_gen_mix(file_seed, index);
            int is_bad = (bits >> 42 & 2097151) < faults.bad;
            enum bb_gen_posting posting = (bits >> 21 & 2097151) < faults.revisions ? BB_GEN_CURRENT : BB_GEN_SOLE;
            if (posting == BB_GEN_CURRENT) {
                p = report->row(run, file, index, BB_GEN_SUPERSEDED, p);
                out->result->n_rows++;
            }
            start = p;
            p = report->row(run, file, index, posting, p);
            if (is_bad) p = spoil(start, p, bb_gen_mix(bits, 1));
            out->result->n_rows++;
            if ((bits & 2097151) < faults.duplicates && !is_bad) {
                size_t n = (size_t)(p - start);
                p = bb_gen_put(p, start, n);
                out->result->n_rows++;
            }
        }
        out->n_text = (size_t)(p - out->text);
        if (out->n_text > OUT_NBYTES - 4 * BB_GEN_LINE_MAX) {
            BB_TRY(flush_text(out, err));
            if (o->max_nbytes && out->result->plain_nbytes >= o->max_nbytes) break;
        }
        if ((k & (PROGRESS_EVERY - 1)) == PROGRESS_EVERY - 1 && progress && progress(progress_ctx, out->result)) {
            return bb_fail(err, BB_INTERRUPTED, "%s: stopped on request", out->path);
        }
    }
    return BB_OK;
}

static enum bb_status write_all(struct bb_gen_run *run, struct output *out, bb_generate_progress progress,
                                void *progress_ctx, struct bb_error *err)
{
    const struct bb_generate_options *o = run->options;
    struct bb_gen_file file;
    uint64_t before;
    int found;
    if (o->zip_of_zips) {
        char name[200], *p = name;
        p = bb_gen_puts(p, strchr(run->report->id, '.') + 1);
        *p++ = '_';
        p = bb_gen_date(p, o->first_day, 0);
        *p++ = '_';
        p = bb_gen_date(p, o->first_day + o->n_days - 1, 0);
        p = bb_gen_puts(p, ".zip");
        *p = 0;
        BB_TRY(open_file(out, name, err));
        /* what is inside is packed already */
        BB_TRY(bb_gen_zip_new((struct bb_gen_sink){ write_fd, out }, 1, run->budget, &out->outer, err));
    }
    for (uint64_t i = 0;; i++) {
        memset(&file, 0, sizeof file);
        BB_TRY(run->report->plan(run, i, &file, &found, err));
        if (!found) break;
        BB_TRY(begin_file(out, &file, err));
        before = out->result->n_rows;
        BB_TRY(write_rows(run, &file, i, out, progress, progress_ctx, err));
        file.n_written = out->result->n_rows - before;
        if (run->report->foot)
            out->n_text = (size_t)(run->report->foot(run, &file, out->text + out->n_text) - out->text);
        BB_TRY(end_file(out, err));
        if (progress && progress(progress_ctx, out->result))
            return bb_fail(err, BB_INTERRUPTED, "%s: stopped on request", out->path);
        if (o->max_nbytes && out->result->plain_nbytes >= o->max_nbytes) break;
    }
    BB_TRY(close_archive(out, err));
    if (out->outer) BB_TRY(bb_gen_zip_finish(out->outer, err));
    BB_TRY(close_file(out, err));
    if (o->truncate_last) {
        struct stat st;
        if (stat(out->path, &st) != 0 || truncate(out->path, st.st_size / 2) != 0) {
            return bb_fail_errno(err, BB_IO, errno, "%s: cannot be cut", out->path);
        }
    }
    return BB_OK;
}

static enum bb_status check_options(const struct bb_generate_options *o, const struct bb_gen_report **report_ret,
                                    struct bb_error *err)
{
    const struct bb_gen_report *report;
    if (!o->report) return bb_fail(err, BB_MISUSE, "no report is named");
    for (size_t i = 0; (report = report_number(i)) != NULL; i++) {
        if (strcasecmp(report->id, o->report) == 0) break;
    }
    if (!report) {
        return bb_fail(err, BB_MISUSE,
                       "\"%.100s\" is no report that can be generated (one is \"%s\"); the list shows all",
                       o->report, report_number(0)->id);
    }
    *report_ret = report;
    if (!o->out_dir || !*o->out_dir) return bb_fail(err, BB_MISUSE, "no folder to write to is named");
    if (o->n_nodes < 0 || o->n_nodes > 200000)
        return bb_fail(err, BB_MISUSE, "%d nodes: 1 to 200,000 can be generated", o->n_nodes);
    if (o->n_days < 1 || o->n_days > 36600)
        return bb_fail(err, BB_MISUSE, "%d days: 1 to 36,600 can be generated", (int)o->n_days);
    if (o->first_day < bb_day_of((struct bb_date){ 1980, 1, 1 }) ||
        o->first_day > bb_day_of((struct bb_date){ 2090, 1, 1 })) {
        return bb_fail(err, BB_MISUSE, "the first day must lie between 1980-01-01 and 2090-01-01");
    }
    if (!(o->duplicate_share >= 0 && o->duplicate_share <= 1 && o->revision_share >= 0 && o->revision_share <= 1 &&
          o->bad_row_share >= 0 && o->bad_row_share <= 1)) {
        return bb_fail(err, BB_MISUSE, "shares of duplicates, revisions and bad rows lie between 0 and 1");
    }
    return BB_OK;
}

enum bb_status bb_generate(const struct bb_generate_options *options, struct bb_budget *budget,
                           bb_generate_progress progress, void *progress_ctx, struct bb_generate_result *result,
                           struct bb_error *err)
{
    struct bb_generate_result ignored;
    struct output out = { options, budget, result ? result : &ignored, .fd = -1 };
    struct bb_gen_run run = { options, .budget = budget };
    enum bb_status status;
    memset(out.result, 0, sizeof *out.result);
    BB_TRY(check_options(options, &run.report, err));
    BB_TRY(make_folder(options->out_dir, err));
    run.seed = bb_gen_mix(options->seed, run.report->salt);
    run.n_nodes = (size_t)(options->n_nodes ? options->n_nodes : run.report->usual_n_nodes);
    BB_TRY(bb_zone_open(run.report->zone_name, NULL, budget, &run.zone, err));
    run.nodes = bb_calloc(budget, run.n_nodes * sizeof *run.nodes);
    out.text = bb_alloc(budget, OUT_NBYTES);
    if (!run.nodes || !out.text) {
        status = bb_fail_budget(err, budget, "generated locations");
    } else {
        status = run.report->make_nodes(&run, err);
    }
    if (status == BB_OK) status = write_all(&run, &out, progress, progress_ctx, err);
    bb_gen_zip_free(out.zip);
    bb_gen_zip_free(out.outer);
    if (out.fd >= 0) close(out.fd);
    bb_free(out.text);
    bb_free(run.slots);
    bb_free(run.nodes);
    bb_zone_close(run.zone);
    return status;
}
