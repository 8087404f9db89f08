#include "convert/seen.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "lake/lake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEN_NAME  ".busbar.seen"
#define HASH_CHARS 32
#define SEEN_MAX_NBYTES                                                                                            \
    ((size_t)32 << 20) /* some 200,000 inputs; older ones are forgotten, which only costs time */

/* The list is the text itself; the table finds a line by path and member. One line: hash (and "=2019,2020": years), size, mtime in ns, path, TAB,
 * member, newline. */
struct bb_seen {
    struct bb_budget *budget;
    struct bb_buf text;
    uint32_t *table; /* offset of a line + 1 */
    size_t table_size, n;
    int changed;
    char folder[BB_PATH_MAX]; /* that relative paths start from */
    /* the outer file stat'ed last: members of one archive follow each other */
    struct bb_str last_path;
    long long last_size, last_mtime_ns;
};

static int outer_file(struct bb_seen *s, struct bb_str path)
{
    char name[BB_PATH_MAX];
    struct stat st;
    if (s->last_path.p == path.p && s->last_path.n == path.n) return 1;
    if (path.n >= sizeof name) return 0;
    memcpy(name, path.p, path.n);
    name[path.n] = '\0';
    if (stat(name, &st) != 0) return 0;
    s->last_path = path;
    s->last_size = (long long)st.st_size;
    s->last_mtime_ns = (long long)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return 1;
}

/* Paths are kept absolute: the same words mean another file elsewhere. out holds 2 * BB_PATH_MAX. */
static struct bb_str absolute(const struct bb_seen *s, struct bb_str path, char *out)
{
    int n;
    if (path.n == 0 || path.p[0] == '/' || path.n >= BB_PATH_MAX) return path;
    n = snprintf(out, 2 * BB_PATH_MAX, "%s/%.*s", s->folder, (int)path.n, path.p);
    return (struct bb_str){ out, (size_t)n };
}

static uint64_t key_hash(struct bb_str path, struct bb_str member)
{
    return bb_hash64(path.p, path.n) * 31 + bb_hash64(member.p, member.n);
}

struct line {
    struct bb_str hash, years, size, mtime, path, member;
};

static int parse_line(const char *p, const char *end, struct line *l)
{
    struct bb_str *parts[] = { &l->hash, &l->size, &l->mtime, &l->path, &l->member };
    for (int i = 0; i < 5; i++) {
        char stop = i < 3 ? ' ' : i == 3 ? '\t' : '\n';
        const char *to = memchr(p, stop, (size_t)(end - p));
        if (!to) return 0;
        *parts[i] = (struct bb_str){ p, (size_t)(to - p) };
        p = to + 1;
    }
    l->years = (struct bb_str){ "", 0 };
    if (l->hash.n > HASH_CHARS + 1 && l->hash.p[HASH_CHARS] == '=') {
        l->years = (struct bb_str){ l->hash.p + HASH_CHARS + 1, l->hash.n - HASH_CHARS - 1 };
        l->hash.n = HASH_CHARS;
    }
    return l->hash.n == HASH_CHARS;
}

static uint32_t *slot_of(struct bb_seen *s, struct bb_str path, struct bb_str member)
{
    for (size_t i = key_hash(path, member);; i++) {
        uint32_t *slot = &s->table[i & (s->table_size - 1)];
        struct line l;
        if (*slot == 0) return slot;
        if (parse_line(s->text.p + *slot - 1, s->text.p + s->text.n, &l) && bb_str_eq(l.path, path) &&
            bb_str_eq(l.member, member))
            return slot;
    }
}

static int grow_table(struct bb_seen *s)
{
    uint32_t *old = s->table;
    size_t old_size = s->table_size, size = old_size ? old_size * 2 : 1024;
    if (old_size && (s->n + 1) * 2 <= old_size) return 1;
    s->table = bb_calloc(s->budget, size * sizeof *s->table);
    if (!s->table) {
        s->table = old;
        return 0;
    }
    s->table_size = size;
    for (size_t i = 0; i < old_size; i++) {
        struct line l;
        if (old[i] && parse_line(s->text.p + old[i] - 1, s->text.p + s->text.n, &l))
            *slot_of(s, l.path, l.member) = old[i];
    }
    bb_free(old);
    return 1;
}

static int index_line(struct bb_seen *s, size_t at)
{
    struct line l;
    uint32_t *slot;
    if (!parse_line(s->text.p + at, s->text.p + s->text.n, &l))
        return 1; /* not ours: never found, gone with the next save */
    if (!grow_table(s)) return 0;
    slot = slot_of(s, l.path, l.member);
    s->n += *slot == 0;
    *slot = (uint32_t)at + 1;
    return 1;
}

static void read_file(struct bb_seen *s, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size <= SEEN_MAX_NBYTES / 2 &&
        bb_buf_reserve(&s->text, (size_t)st.st_size)) {
        ssize_t n = read(fd, s->text.p, (size_t)st.st_size);
        s->text.n = n > 0 ? (size_t)n : 0;
    }
    close(fd);
    while (s->text.n && s->text.p[s->text.n - 1] != '\n') s->text.n--;
}

enum bb_status bb_seen_load(const char *lake_root, struct bb_budget *budget, struct bb_seen **seen_ret,
                            struct bb_error *err)
{
    struct bb_seen *s = bb_calloc(budget, sizeof *s);
    char path[BB_PATH_MAX];
    if (!s) return bb_fail_budget(err, budget, "the list of inputs seen before");
    s->budget = budget;
    bb_buf_init(&s->text, budget, SEEN_MAX_NBYTES);
    if (!getcwd(s->folder, sizeof s->folder)) s->folder[0] = '\0';
    if ((size_t)snprintf(path, sizeof path, "%s/%s", lake_root, SEEN_NAME) < sizeof path) read_file(s, path);
    for (size_t at = 0; at < s->text.n;) {
        const char *end = memchr(s->text.p + at, '\n', s->text.n - at);
        if (!index_line(s, at)) {
            bb_seen_free(s);
            return bb_fail_budget(err, budget, "the list of inputs seen before");
        }
        at = (size_t)(end - s->text.p) + 1;
    }
    *seen_ret = s;
    return BB_OK;
}

void bb_seen_free(struct bb_seen *s)
{
    if (!s) return;
    bb_buf_reset(&s->text);
    bb_free(s->table);
    bb_free(s);
}

static int find_line(struct bb_seen *s, const struct bb_leaf *leaf, struct line *l)
{
    char scratch[2 * BB_PATH_MAX];
    uint32_t *slot;
    if (s->table_size == 0) return 0;
    slot = slot_of(s, absolute(s, leaf->path, scratch), leaf->member);
    return *slot != 0 && parse_line(s->text.p + *slot - 1, s->text.p + s->text.n, l);
}

int bb_seen_before(struct bb_seen *s, const struct bb_leaf *leaf, char hash[33])
{
    struct line l;
    if (!find_line(s, leaf, &l)) return 0;
    memcpy(hash, l.hash.p, 32);
    hash[32] = '\0';
    return 1;
}

static int find_unchanged(struct bb_seen *s, const struct bb_leaf *leaf, struct line *l)
{
    char size[24], mtime_ns[24];
    if (!outer_file(s, leaf->path) || !find_line(s, leaf, l)) return 0;
    snprintf(size, sizeof size, "%lld", s->last_size);
    snprintf(mtime_ns, sizeof mtime_ns, "%lld", s->last_mtime_ns);
    return bb_str_is(l->size, size) && bb_str_is(l->mtime, mtime_ns);
}

int bb_seen_find(struct bb_seen *s, const struct bb_leaf *leaf, char hash[33])
{
    struct line l;
    if (!find_unchanged(s, leaf, &l)) return 0;
    memcpy(hash, l.hash.p, HASH_CHARS);
    hash[HASH_CHARS] = '\0';
    return 1;
}

int bb_seen_years(struct bb_seen *s, const struct bb_leaf *leaf, struct bb_year_set *years)
{
    struct line l;
    *years = (struct bb_year_set){ { 0 } };
    if (!find_unchanged(s, leaf, &l) || l.years.n == 0) return 0;
    for (size_t at = 0; at < l.years.n; at += 5) {
        int64_t year;
        if (l.years.n - at < 4 || bb_integer_parse(l.years.p + at, 4, &year) != 0) return 0;
        bb_year_set_add(years, (int)year);
    }
    return 1;
}

static void years_text(const struct bb_year_set *years, char *out, size_t n)
{
    size_t used = 0;
    out[0] = '\0';
    for (int year = BB_FIRST_YEAR; years && year <= BB_LAST_YEAR && used < n; year++)
        if (bb_year_set_has(years, year))
            used += (size_t)snprintf(out + used, n - used, "%c%d", used ? ',' : '=', year);
}

enum bb_status bb_seen_put(struct bb_seen *s, const struct bb_leaf *leaf, const char *hash,
                           const struct bb_year_set *years, struct bb_error *err)
{
    char scratch[2 * BB_PATH_MAX], years_said[(BB_LAST_YEAR - BB_FIRST_YEAR + 1) * 5 + 1];
    struct line known;
    struct bb_str path = absolute(s, leaf->path, scratch);
    size_t at = s->text.n;
    if (memchr(path.p, '\t', path.n) || memchr(path.p, '\n', path.n) ||
        memchr(leaf->member.p, '\n', leaf->member.n))
        return BB_OK;
    years_text(years, years_said, sizeof years_said);
    if (find_unchanged(s, leaf, &known) && bb_str_is(known.hash, hash) &&
        bb_str_is(known.years, years_said + (years_said[0] == '=')))
        return BB_OK;
    if (!outer_file(s, leaf->path)) return BB_OK;
    if (s->text.n + path.n + leaf->member.n + sizeof years_said + 128 > SEEN_MAX_NBYTES)
        return BB_OK; /* full: forgetting is allowed */
    if (!bb_buf_printf(&s->text, "%s%s %lld %lld ", hash, years_said, s->last_size, s->last_mtime_ns) ||
        !bb_buf_put(&s->text, path.p, path.n) || !bb_buf_putc(&s->text, '\t') ||
        !bb_buf_put(&s->text, leaf->member.p, leaf->member.n) || !bb_buf_putc(&s->text, '\n') || !index_line(s, at))
        return bb_fail_budget(err, s->budget, "the list of inputs seen before");
    s->changed = 1;
    return BB_OK;
}

static int by_offset(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Only the lines that the table still points to: replaced ones go. */
enum bb_status bb_seen_save(struct bb_seen *s, const char *lake_root, struct bb_error *err)
{
    char path[BB_PATH_MAX];
    struct bb_buf out;
    enum bb_status status = BB_OK;
    size_t n = 0;
    if (!s->changed || (size_t)snprintf(path, sizeof path, "%s/%s", lake_root, SEEN_NAME) >= sizeof path)
        return BB_OK;
    for (size_t i = 0; i < s->table_size; i++)
        if (s->table[i]) s->table[n++] = s->table[i];
    qsort(s->table, n, sizeof *s->table, by_offset);
    bb_buf_init(&out, s->budget, SEEN_MAX_NBYTES);
    for (size_t i = 0; i < n && status == BB_OK; i++) {
        const char *line = s->text.p + s->table[i] - 1, *end = memchr(line, '\n', s->text.n - (s->table[i] - 1));
        if (!bb_buf_put(&out, line, (size_t)(end - line) + 1))
            status = bb_fail_budget(err, s->budget, "the list of inputs seen before");
    }
    if (status == BB_OK) status = bb_publish_text(path, bb_buf_str(&out), err);
    bb_buf_reset(&out);
    bb_free(s->table); /* was sorted: no table any more */
    s->table = NULL;
    s->table_size = s->n = 0;
    return status;
}
