/* Zones from TZif files (RFC 8536), version 2 and later: the 64-bit table, and the rule of the footer for the time after
 * the table's last entry. Everything is reduced to one question, span_at(): which stretch of constant offset holds this
 * instant? Gaps and repeated hours follow from comparing neighbouring stretches, nothing is assumed about them. */
#include "time/zone.h"

#include "base/str.h"
#include "time/zone_rule.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SYSTEM_DIR      "/usr/share/zoneinfo"
#define FILE_MAX_NBYTES 65536 /* the largest of the system's files has 4 KB */
#define HEADER_NBYTES   44
#define OFFSET_MAX_S    93599              /* RFC 8536: less than 26 hours */
#define UTC_MAX_S       ((int64_t)1 << 38) /* year 10680: beyond every valid date, far from any overflow */

#define EXTEND_UNTIL_UTC_S INT64_C(4102444800) /* 2100-01-01 */
#define EXTEND_CHANGES     256 /* two a year, and the table never ends long before 1970 when there is a rule */

struct bb_zone {
    char name[64];
    size_t n_changes;
    int64_t *change_utc_s; /* ascending */
    int32_t *offset_s;     /* [i]: before change i; [n_changes]: after the last, unless a rule says more */
    int32_t offset_min_s, offset_max_s;
    struct bb_zone_rule rule; /* valid after the last change */
    int has_rule;
};

struct span { /* start <= instant < end */
    int64_t start_utc_s, end_utc_s;
    int32_t offset_s;
};

static struct span span_at(const struct bb_zone *zone, int64_t utc_s)
{
    size_t low = 0, n = zone->n_changes;
    struct span span = { INT64_MIN, INT64_MAX, 0 };
    while (n > 0) { /* low becomes the number of changes at or before utc_s */
        size_t half = n / 2;
        if (zone->change_utc_s[low + half] <= utc_s) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    if (low > 0) span.start_utc_s = zone->change_utc_s[low - 1];
    span.offset_s = zone->offset_s[low];
    if (low < zone->n_changes) {
        span.end_utc_s = zone->change_utc_s[low];
    } else if (zone->has_rule) {
        int64_t rule_start;
        bb_zone_rule_span(&zone->rule, utc_s, &rule_start, &span.end_utc_s, &span.offset_s);
        if (rule_start > span.start_utc_s) span.start_utc_s = rule_start;
    }
    return span;
}

static int64_t clamp_utc(int64_t utc_s)
{
    return utc_s > UTC_MAX_S ? UTC_MAX_S : utc_s < -UTC_MAX_S ? -UTC_MAX_S : utc_s;
}

static struct bb_wall wall_of(int64_t wall_s)
{
    int64_t day = wall_s / 86400, second = wall_s % 86400;
    if (second < 0) day--, second += 86400;
    return (struct bb_wall){ (int32_t)day, (int32_t)second };
}

static int64_t seconds_of(struct bb_wall wall) { return clamp_utc((int64_t)wall.day * 86400 + wall.second); }

struct bb_local bb_zone_local(const struct bb_zone *zone, int64_t utc_s)
{
    struct bb_local local = { .second_of_two = 0 };
    struct span span, before;
    utc_s = clamp_utc(utc_s);
    span = span_at(zone, utc_s);
    local.offset_s = span.offset_s;
    local.wall = wall_of(utc_s + span.offset_s);
    /* The clock went back at the start of this stretch by the difference of the offsets: what it shows until it has caught
     * up was shown before. */
    if (span.start_utc_s > -UTC_MAX_S && utc_s - span.start_utc_s < zone->offset_max_s - zone->offset_min_s) {
        before = span_at(zone, span.start_utc_s - 1);
        local.second_of_two = utc_s - span.start_utc_s < before.offset_s - span.offset_s;
    }
    return local;
}

/* All instants at which the clock shows wall_s, at most two; in a gap none, and *gap_end_ret is the instant of the jump. */
static int instants_of(const struct bb_zone *zone, int64_t wall_s, int64_t utc_s_ret[2], int64_t *gap_end_ret)
{
    int n = 0;
    struct span span = span_at(zone, wall_s - zone->offset_max_s);
    *gap_end_ret = span.start_utc_s;
    for (;;) {
        int64_t utc_s = wall_s - span.offset_s;
        if (utc_s >= span.start_utc_s && utc_s < span.end_utc_s) {
            utc_s_ret[n++] = utc_s;
            if (n == 2) return n;
        } else if (utc_s < span.start_utc_s && n == 0) {
            *gap_end_ret = span.start_utc_s;
            return 0;
        }
        if (span.end_utc_s > wall_s - zone->offset_min_s) return n;
        span = span_at(zone, span.end_utc_s);
    }
}

enum bb_wall_kind bb_zone_utc(const struct bb_zone *zone, struct bb_wall wall, int64_t utc_s_ret[2])
{
    int64_t instants[2], gap_end;
    int n = instants_of(zone, seconds_of(wall), instants, &gap_end);
    if (n == 0) return BB_WALL_GAP;
    utc_s_ret[0] = instants[0];
    utc_s_ret[1] = instants[n - 1];
    return n == 1 ? BB_WALL_UNIQUE : BB_WALL_TWICE;
}

void bb_zone_day(const struct bb_zone *zone, int32_t day, int64_t *start_utc_s_ret, int64_t *end_utc_s_ret)
{
    int64_t *results[2] = { start_utc_s_ret, end_utc_s_ret };
    for (int i = 0; i < 2; i++) {
        int64_t instants[2], gap_end, midnight_s = clamp_utc(((int64_t)day + i) * 86400);
        int n = instants_of(zone, midnight_s, instants, &gap_end);
        *results[i] = n ? instants[0] : gap_end; /* a day that starts at 01:00 starts with the jump */
    }
}

/* Reading a file */

struct tzif { /* the counts of one header, and where its block of data starts */
    uint32_t n_ut, n_std, n_leaps, n_times, n_types, n_chars;
    const unsigned char *data;
};

static uint32_t big_endian_32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t big_endian_64(const unsigned char *p)
{
    return (int64_t)((uint64_t)big_endian_32(p) << 32 | big_endian_32(p + 4));
}

/* Bytes of a block of data whose times have time_nbytes; 0 when the header is damaged or the file too short. */
static size_t take_header(const unsigned char *p, size_t n, size_t time_nbytes, struct tzif *h)
{
    size_t nbytes;
    if (n < HEADER_NBYTES || memcmp(p, "TZif", 4) != 0 || p[4] < '2') return 0;
    h->n_ut = big_endian_32(p + 20);
    h->n_std = big_endian_32(p + 24);
    h->n_leaps = big_endian_32(p + 28);
    h->n_times = big_endian_32(p + 32);
    h->n_types = big_endian_32(p + 36);
    h->n_chars = big_endian_32(p + 40);
    h->data = p + HEADER_NBYTES;
    if (h->n_ut > 256 || h->n_std > 256 || h->n_leaps > FILE_MAX_NBYTES || h->n_times > FILE_MAX_NBYTES ||
        h->n_types > 256 || h->n_chars > FILE_MAX_NBYTES)
        return 0;
    nbytes = h->n_times * (time_nbytes + 1) + h->n_types * 6 + h->n_chars + h->n_leaps * (time_nbytes + 4) +
             h->n_std + h->n_ut;
    return nbytes <= n - HEADER_NBYTES ? HEADER_NBYTES + nbytes : 0;
}

static const char *take_offset(const struct tzif *h, size_t type, int32_t *offset_ret)
{
    const unsigned char *types = h->data + h->n_times * 9;
    int32_t offset;
    if (type >= h->n_types) return "a type is out of range";
    offset = (int32_t)big_endian_32(types + type * 6);
    if (offset < -OFFSET_MAX_S || offset > OFFSET_MAX_S) return "an offset is out of range";
    *offset_ret = offset;
    return NULL;
}

static void note_offset(struct bb_zone *zone, int32_t offset_s)
{
    if (offset_s < zone->offset_min_s) zone->offset_min_s = offset_s;
    if (offset_s > zone->offset_max_s) zone->offset_max_s = offset_s;
}

static const char *fill_table(struct bb_zone *zone, const struct tzif *h)
{
    const char *wrong = take_offset(h, 0, &zone->offset_s[0]); /* before the first change type 0 holds */
    const unsigned char *type_of = h->data + h->n_times * 8;
    if (wrong) return wrong;
    zone->offset_min_s = zone->offset_max_s = zone->offset_s[0];
    for (size_t i = 0; i < h->n_times; i++) {
        int64_t at = big_endian_64(h->data + i * 8);
        if (i > 0 && at <= zone->change_utc_s[i - 1]) return "the table is not in order";
        zone->change_utc_s[i] = at;
        wrong = take_offset(h, type_of[i], &zone->offset_s[i + 1]);
        if (wrong) return wrong;
        note_offset(zone, zone->offset_s[i + 1]);
    }
    zone->n_changes = h->n_times;
    return NULL;
}

/* Follows the rule to the end of the century and writes it into the table, for asking the table is ten times faster. (Files
 * made the slim way have no entries after 2007.) */
static void extend_table(struct bb_zone *zone, size_t room)
{
    int64_t start, end, end_of_next;
    int32_t offset_s;
    if (!zone->has_rule || zone->n_changes == 0) return;
    while (room-- > 0) {
        int64_t last = zone->change_utc_s[zone->n_changes - 1];
        if (last < -UTC_MAX_S || last >= EXTEND_UNTIL_UTC_S) return;
        bb_zone_rule_span(&zone->rule, last, &start, &end, &offset_s);
        if (end == INT64_MAX) return;
        bb_zone_rule_span(&zone->rule, end, &start, &end_of_next, &offset_s);
        zone->change_utc_s[zone->n_changes++] = end;
        zone->offset_s[zone->n_changes] = offset_s;
    }
}

/* "\n<rule>\n"; an empty one means that the last offset stays. */
static const char *take_footer(struct bb_zone *zone, const unsigned char *p, size_t n)
{
    const unsigned char *end;
    if (n < 2 || p[0] != '\n') return "the footer is missing";
    end = memchr(p + 1, '\n', n - 1);
    if (!end) return "the footer has no end";
    if (end == p + 1) return NULL;
    if (bb_zone_rule_parse((struct bb_str){ (const char *)p + 1, (size_t)(end - p - 1) }, &zone->rule) != 0)
        return "the rule in the footer cannot be read";
    zone->has_rule = 1;
    note_offset(zone, zone->rule.std_offset_s);
    if (zone->rule.has_dst) note_offset(zone, zone->rule.dst_offset_s);
    return NULL;
}

static enum bb_status read_whole(const char *path, char *p, size_t cap, size_t *n_ret, struct bb_error *err)
{
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
    if (fd < 0)
        return bb_fail_errno(err, BB_IO, errno, "%s: the time zone cannot be opened (install the system's tzdata)",
                             path);
    while (n < cap) {
        ssize_t got = read(fd, p + n, cap - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            saved = errno;
            close(fd);
            return bb_fail_errno(err, BB_IO, saved,
                                 "%s: the time zone cannot be read (install the system's tzdata)", path);
        }
        if (got == 0) break;
        n += (size_t)got;
    }
    close(fd);
    *n_ret = n;
    return BB_OK;
}

static enum bb_status damaged(struct bb_error *err, const char *path, const char *what)
{
    return bb_fail(err, BB_IO, "%s: not a time zone file that busbar can read: %s (reinstall the system's tzdata)",
                   path, what);
}

static enum bb_status build(const char *path, const unsigned char *p, size_t n, struct bb_budget *budget,
                            struct bb_zone **zone_ret, struct bb_error *err)
{
    struct tzif h;
    struct bb_zone *zone;
    const char *wrong;
    size_t first = take_header(p, n, 4, &h), second, n_changes_max;
    if (first == 0) return damaged(err, path, "no TZif header of version 2 or later");
    p += first, n -= first;
    second = take_header(p, n, 8, &h);
    if (second == 0) return damaged(err, path, "its 64-bit part is cut off or damaged");
    if (h.n_types == 0) return damaged(err, path, "it has no offsets");
    if (h.n_leaps != 0) return damaged(err, path, "it counts leap seconds");

    n_changes_max = h.n_times + EXTEND_CHANGES;
    zone =
        bb_calloc(budget, sizeof *zone + n_changes_max * sizeof(int64_t) + (n_changes_max + 1) * sizeof(int32_t));
    if (!zone) return bb_fail_budget(err, budget, "a time zone");
    zone->change_utc_s = (int64_t *)(zone + 1);
    zone->offset_s = (int32_t *)(zone->change_utc_s + n_changes_max);
    wrong = fill_table(zone, &h);
    if (!wrong) wrong = take_footer(zone, p + second, n - second);
    if (wrong) {
        bb_free(zone);
        return damaged(err, path, wrong);
    }
    extend_table(zone, EXTEND_CHANGES);
    *zone_ret = zone;
    return BB_OK;
}

static int name_is_plain(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n >= sizeof((struct bb_zone *)0)->name || name[0] == '/' || strstr(name, "..")) return 0;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/.") == n;
}

enum bb_status bb_zone_open(const char *name, const char *dir, struct bb_budget *budget, struct bb_zone **zone_ret,
                            struct bb_error *err)
{
    char path[4096], *text;
    size_t n = 0;
    enum bb_status status;
    *zone_ret = NULL;
    if (!name_is_plain(name)) return bb_fail(err, BB_MISUSE, "\"%.60s\" is not the name of a time zone", name);
    if (!dir) dir = SYSTEM_DIR;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return bb_fail(err, BB_MISUSE, "the path of the time zone folder is too long: %.200s…", dir);
    text = bb_alloc(budget, FILE_MAX_NBYTES);
    if (!text) return bb_fail_budget(err, budget, "reading a time zone");
    status = read_whole(path, text, FILE_MAX_NBYTES, &n, err);
    if (status == BB_OK) status = build(path, (const unsigned char *)text, n, budget, zone_ret, err);
    if (status == BB_OK) memcpy((*zone_ret)->name, name, strlen(name) + 1);
    bb_free(text);
    return status;
}

void bb_zone_close(struct bb_zone *zone) { bb_free(zone); }

const char *bb_zone_name(const struct bb_zone *zone) { return zone->name; }
