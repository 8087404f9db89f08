#include "io/zip_directory.h"

#define END_NBYTES       22
#define LOCATOR64_NBYTES 20
#define END64_NBYTES     56
#define CENTRAL_NBYTES   46
#define LOCAL_NBYTES     30
#define SIG_CENTRAL      0x02014b50u
#define SIG_LOCAL        0x04034b50u
#define SIG_END          0x06054b50u
#define SIG_END64        0x06064b50u
#define SIG_LOCATOR64    0x07064b50u

/* One entry is at most 46 + 3 * 65535 bytes, so the window always holds a whole one. */
#define WINDOW_NBYTES        ((size_t)208 << 10)
#define MAX_DIRECTORY_NBYTES ((uint64_t)1 << 30) /* about ten million members: more is an attack */

static uint32_t le16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t le32(const uint8_t *p) { return le16(p) | le16(p + 2) << 16; }
static uint64_t le64(const uint8_t *p) { return le32(p) | (uint64_t)le32(p + 4) << 32; }

struct ending {
    uint64_t at; /* of the record that ends the directory: the zip64 one if there is one */
    uint64_t directory_offset, directory_nbytes;
};

static enum bb_status read_exactly(const struct bb_byte_range *range, uint64_t at, void *p, size_t n,
                                   int *whole_ret, struct bb_error *err)
{
    size_t got;
    BB_TRY(bb_byte_range_read(range, at, p, n, &got, err));
    *whole_ret = got == n;
    return BB_OK;
}

/* The zip64 record, where the locator says or right before the locator (when data were put before the archive). */
static enum bb_status read_ending64(const struct bb_byte_range *range, uint64_t end_at, struct ending *ending,
                                    int *found_ret, struct bb_error *err)
{
    uint8_t locator[LOCATOR64_NBYTES], record[END64_NBYTES];
    uint64_t places[2];
    int whole;
    *found_ret = 0;
    if (end_at < LOCATOR64_NBYTES + END64_NBYTES) return BB_OK;
    BB_TRY(read_exactly(range, end_at - LOCATOR64_NBYTES, locator, sizeof locator, &whole, err));
    if (!whole || le32(locator) != SIG_LOCATOR64) return BB_OK;
    if (le32(locator + 16) > 1)
        return bb_fail(err, BB_SKIP, "the archive is split into %u parts; join them first", le32(locator + 16));
    places[0] = le64(locator + 8);
    places[1] = end_at - LOCATOR64_NBYTES - END64_NBYTES;
    for (unsigned i = 0; i < 2; i++) {
        if (places[i] > end_at - LOCATOR64_NBYTES - END64_NBYTES) continue;
        BB_TRY(read_exactly(range, places[i], record, sizeof record, &whole, err));
        if (!whole || le32(record) != SIG_END64) continue;
        ending->at = places[i];
        ending->directory_nbytes = le64(record + 40);
        ending->directory_offset = le64(record + 48);
        *found_ret = 1;
        return BB_OK;
    }
    return bb_fail(err, BB_SKIP, "the zip64 end record is missing: the archive is damaged or was cut");
}

static enum bb_status read_ending(const struct bb_byte_range *range, uint64_t end_at, const uint8_t end[END_NBYTES],
                                  struct ending *ending, struct bb_error *err)
{
    int found;
    ending->at = end_at;
    ending->directory_nbytes = le32(end + 12);
    ending->directory_offset = le32(end + 16);
    if (le16(end + 4) != 0 && le16(end + 4) != 0xffff)
        return bb_fail(err, BB_SKIP, "this is part %u of a split archive; join the parts first", le16(end + 4) + 1);
    if (le16(end + 10) == 0xffff || ending->directory_nbytes == 0xffffffffu ||
        ending->directory_offset == 0xffffffffu)
        BB_TRY(read_ending64(range, end_at, ending, &found, err));
    if (ending->directory_nbytes > ending->at)
        return bb_fail(err, BB_SKIP,
                       "the archive's directory of %llu bytes does not fit before its end at byte %llu: damaged",
                       (unsigned long long)ending->directory_nbytes, (unsigned long long)ending->at);
    return BB_OK;
}

/* The end record is searched from behind; one whose comment ends with the file wins over one with bytes after it (a
 * download with something appended). */
static enum bb_status find_ending(struct bb_zip_directory *zip, struct ending *ending, struct bb_error *err)
{
    const struct bb_byte_range *range = &zip->range;
    uint64_t want = BB_MIN(range->n, (uint64_t)(END_NBYTES + 65535)), from = range->n - want;
    const uint8_t *window = zip->own_window;
    size_t n = (size_t)want, best = SIZE_MAX;
    if (range->mem)
        window = range->mem + from;
    else
        BB_TRY(bb_byte_range_read(range, from, zip->own_window, (size_t)want, &n, err));
    for (size_t i = n >= END_NBYTES ? n - END_NBYTES + 1 : 0; i-- > 0;) {
        size_t comment_nbytes;
        if (window[i] != 'P' || le32(window + i) != SIG_END) continue;
        comment_nbytes = le16(window + i + 20);
        if (comment_nbytes > n - i - END_NBYTES) continue;
        if (comment_nbytes == n - i - END_NBYTES) {
            best = i;
            break;
        }
        if (best == SIZE_MAX) best = i;
    }
    if (best == SIZE_MAX)
        return bb_fail(err, BB_SKIP,
                       "begins as a zip archive but has no directory at its end: it was cut (%llu bytes are "
                       "here) or is damaged; fetch it again",
                       (unsigned long long)range->n);
    return read_ending(range, from + best, window + best, ending, err);
}

static enum bb_status locate(struct bb_zip_directory *zip, struct bb_error *err)
{
    struct ending e = { 0 };
    uint8_t sig[4];
    int whole;
    uint64_t before;
    BB_TRY(find_ending(zip, &e, err));
    if (e.directory_nbytes > MAX_DIRECTORY_NBYTES)
        return bb_fail(err, BB_SKIP, "the archive's directory claims %llu MB; at most %llu MB are read",
                       (unsigned long long)(e.directory_nbytes >> 20),
                       (unsigned long long)(MAX_DIRECTORY_NBYTES >> 20));
    zip->n = e.directory_nbytes;
    zip->start = e.directory_offset;
    zip->shift = 0;
    if (e.directory_nbytes == 0) { /* no members */
        zip->start = e.at;
        return BB_OK;
    }
    if (e.directory_offset <= e.at - e.directory_nbytes) {
        BB_TRY(read_exactly(&zip->range, zip->start, sig, 4, &whole, err));
        if (whole && le32(sig) == SIG_CENTRAL) return BB_OK;
    }
    before = e.at - e.directory_nbytes;
    BB_TRY(read_exactly(&zip->range, before, sig, 4, &whole, err));
    if (!whole || le32(sig) != SIG_CENTRAL || before < e.directory_offset)
        return bb_fail(err, BB_SKIP,
                       "the archive's directory is not at byte %llu, where its end says: damaged or cut",
                       (unsigned long long)e.directory_offset);
    zip->start = before;
    zip->shift = before - e.directory_offset;
    return BB_OK;
}

static enum bb_status make_window(struct bb_zip_directory *zip, size_t nbytes, struct bb_budget *budget,
                                  struct bb_error *err)
{
    if (zip->range.mem) return BB_OK;
    zip->window_cap = nbytes;
    zip->own_window = bb_alloc(budget, nbytes);
    return zip->own_window ? BB_OK : bb_fail_budget(err, budget, "reading the directory of a zip archive");
}

enum bb_status bb_zip_directory_init(struct bb_zip_directory *zip, const struct bb_byte_range *range,
                                     struct bb_budget *budget, struct bb_error *err)
{
    enum bb_status status;
    *zip = (struct bb_zip_directory){ .range = *range };
    BB_TRY(make_window(zip, WINDOW_NBYTES, budget, err));
    status = locate(zip, err);
    if (status != BB_OK) bb_zip_directory_reset(zip);
    return status;
}

enum bb_status bb_zip_directory_init_part(struct bb_zip_directory *part, const struct bb_zip_directory *whole,
                                          const struct bb_byte_range *range, uint64_t pos, uint64_t nbytes,
                                          struct bb_budget *budget, struct bb_error *err)
{
    *part = (struct bb_zip_directory){
        .range = *range, .start = whole->start, .n = whole->n, .shift = whole->shift, .pos = pos
    };
    /* the beginning of the entry behind them as well: see bb_zip_directory_next */
    return make_window(part, (size_t)BB_MIN(nbytes + CENTRAL_NBYTES, (uint64_t)WINDOW_NBYTES), budget, err);
}

void bb_zip_directory_reset(struct bb_zip_directory *zip)
{
    bb_free(zip->own_window);
    zip->own_window = NULL;
}

void bb_zip_directory_rewind(struct bb_zip_directory *zip) { zip->pos = 0; }

/* *n_ret bytes of the directory from zip->pos: at least need, unless it ends. */
static enum bb_status window_at_pos(struct bb_zip_directory *zip, size_t need, const uint8_t **p_ret, size_t *n_ret,
                                    struct bb_error *err)
{
    uint64_t left = zip->n - zip->pos;
    need = (size_t)BB_MIN((uint64_t)need, left);
    if (zip->range.mem) {
        uint64_t end = zip->range.n - BB_MIN(zip->range.n, zip->start + zip->pos);
        *p_ret = zip->range.mem + zip->start + zip->pos;
        *n_ret = (size_t)BB_MIN(left, end);
        return BB_OK;
    }
    need = BB_MIN(need, zip->window_cap);
    if (zip->pos < zip->window_at || zip->pos + need > zip->window_at + zip->window_n) {
        zip->window_n = 0;
        zip->window_at = zip->pos;
        zip->window = zip->own_window;
        BB_TRY(bb_byte_range_read(&zip->range, zip->start + zip->pos, zip->own_window,
                                  (size_t)BB_MIN(left, (uint64_t)zip->window_cap), &zip->window_n, err));
    }
    *p_ret = zip->window + (zip->pos - zip->window_at);
    *n_ret = zip->window_n - (size_t)(zip->pos - zip->window_at);
    return BB_OK;
}

static int64_t days_from_civil(int y, int m, int d)
{
    int era, year_of_era, day_of_year;
    y -= m <= 2;
    era = y / 400;
    year_of_era = y - era * 400;
    day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return (int64_t)era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int64_t dos_time_s(uint32_t time, uint32_t date)
{
    static const uint8_t month_days[12] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = (int)(date >> 9) + 1980, month = (int)(date >> 5 & 15), day = (int)(date & 31);
    int hour = (int)(time >> 11), minute = (int)(time >> 5 & 63), second = (int)(time & 31) * 2;
    if (month < 1 || month > 12 || day < 1 || day > month_days[month - 1]) return 0;
    if (hour > 23 || minute > 59 || second > 59) return 0;
    if (year == 1980 && month == 1 && day == 1 && time == 0) return 0; /* what tools write for "no time" */
    return days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

/* Takes the 64-bit values that replace fields of all ones; they come in this order and only where needed. */
static int take_zip64(const uint8_t *extra, size_t n, struct bb_zip_entry *entry)
{
    int need =
        entry->size == 0xffffffffu || entry->stored_size == 0xffffffffu || entry->header_offset == 0xffffffffu;
    if (!need) return 1;
    while (n >= 4) {
        size_t id = le16(extra), field_n = le16(extra + 2);
        const uint8_t *p = extra + 4;
        if (field_n > n - 4) return 0;
        if (id == 1) {
            uint64_t *fields[3] = { &entry->size, &entry->stored_size, &entry->header_offset };
            for (unsigned i = 0; i < 3; i++) {
                if (*fields[i] != 0xffffffffu) continue;
                if (field_n < 8) return 0;
                *fields[i] = le64(p);
                p += 8;
                field_n -= 8;
            }
            return 1;
        }
        extra += 4 + field_n;
        n -= 4 + field_n;
    }
    return 1; /* exactly 4 GiB - 1 bytes, without zip64, is possible */
}

enum bb_status bb_zip_directory_next(struct bb_zip_directory *zip, struct bb_zip_entry *entry, struct bb_error *err)
{
    const uint8_t *p;
    size_t n, name_n, extra_n, comment_n, entry_n;
    if (zip->pos >= zip->n) return BB_EOF;
    BB_TRY(window_at_pos(zip, CENTRAL_NBYTES, &p, &n, err));
    if (n >= 4 && le32(p) != SIG_CENTRAL && zip->pos > 0) {
        static const uint32_t digital_signature = 0x05054b50u;
        if (le32(p) == digital_signature) return BB_EOF;
    }
    if (n < CENTRAL_NBYTES || le32(p) != SIG_CENTRAL)
        return bb_fail(err, BB_SKIP,
                       "the archive's directory is damaged at byte %llu: the members from there on are lost",
                       (unsigned long long)(zip->start + zip->pos));
    name_n = le16(p + 28);
    extra_n = le16(p + 30);
    comment_n = le16(p + 32);
    entry_n = CENTRAL_NBYTES + name_n + extra_n + comment_n;
    /* the first four bytes of the next entry as well, which tell where this one's data end */
    BB_TRY(window_at_pos(zip, entry_n + CENTRAL_NBYTES, &p, &n, err));
    if (n < entry_n)
        return bb_fail(err, BB_SKIP,
                       "the archive's directory is cut at byte %llu: the members from there on are lost",
                       (unsigned long long)(zip->start + zip->pos));
    *entry = (struct bb_zip_entry){
        .name = { (const char *)p + CENTRAL_NBYTES, name_n },
        .flags = (uint16_t)le16(p + 8),
        .method = (uint16_t)le16(p + 10),
        .time_s = dos_time_s(le16(p + 12), le16(p + 14)),
        .crc = le32(p + 16),
        .stored_size = le32(p + 20),
        .size = le32(p + 24),
        .header_offset = le32(p + 42),
        .extra_nbytes = (uint16_t)extra_n,
        .next_offset = zip->start,
    };
    if (!take_zip64(p + CENTRAL_NBYTES + name_n, extra_n, entry))
        return bb_fail(err, BB_SKIP,
                       "the zip64 field of an entry at byte %llu is damaged: the members from there on are lost",
                       (unsigned long long)(zip->start + zip->pos));
    if (n >= entry_n + CENTRAL_NBYTES && le32(p + entry_n) == SIG_CENTRAL && le32(p + entry_n + 42) != 0xffffffffu)
        entry->next_offset = le32(p + entry_n + 42) + zip->shift;
    entry->header_offset =
        entry->header_offset > UINT64_MAX - zip->shift ? UINT64_MAX : entry->header_offset + zip->shift;
    zip->pos += entry_n;
    return BB_OK;
}

static void propose(const struct bb_zip_directory *zip, const struct bb_zip_entry *entry, uint64_t start,
                    uint64_t starts[BB_ZIP_MAX_STARTS], unsigned *n)
{
    uint64_t end = zip->range.n;
    if (start < entry->header_offset || start > end || entry->stored_size > end - start) return;
    for (unsigned i = 0; i < *n; i++) {
        if (starts[i] == start) return;
    }
    if (*n < BB_ZIP_MAX_STARTS) starts[(*n)++] = start;
}

enum bb_status bb_zip_data_starts(const struct bb_zip_directory *zip, const struct bb_zip_entry *entry,
                                  uint64_t starts[BB_ZIP_MAX_STARTS], unsigned *n_ret, int *certain_ret,
                                  struct bb_error *err)
{
    uint8_t local[LOCAL_NBYTES + BB_ZIP_NAME_MAX_NBYTES];
    size_t got, name_n = entry->name.n, local_name_n = SIZE_MAX, local_extra_n = 0;
    uint64_t at = entry->header_offset;
    *n_ret = 0;
    *certain_ret = 0;
    if (at > zip->range.n) return BB_OK;
    BB_TRY(bb_byte_range_read(&zip->range, at, local, LOCAL_NBYTES + BB_MIN(name_n, (size_t)BB_ZIP_NAME_MAX_NBYTES),
                              &got, err));
    if (got >= LOCAL_NBYTES && le32(local) == SIG_LOCAL) {
        local_name_n = le16(local + 26);
        local_extra_n = le16(local + 28);
        if (local_name_n == name_n && got == LOCAL_NBYTES + name_n &&
            memcmp(local + LOCAL_NBYTES, entry->name.p, name_n) == 0) {
            propose(zip, entry, at + LOCAL_NBYTES + name_n + local_extra_n, starts, n_ret);
            *certain_ret = *n_ret == 1;
        }
    }
    if (entry->next_offset > at && entry->next_offset - at >= entry->stored_size) {
        /* counted back from the end of the data: without a data descriptor, then with each of its four forms */
        static const uint8_t descriptor_nbytes[] = { 0, 16, 12, 24, 20 };
        uint64_t latest = entry->next_offset - entry->stored_size;
        for (unsigned i = 0; i < BB_ARRAY_LEN(descriptor_nbytes); i++) {
            if (i > 0 && !(entry->flags & 8)) break;
            if (latest >= descriptor_nbytes[i] && latest - descriptor_nbytes[i] >= at + LOCAL_NBYTES)
                propose(zip, entry, latest - descriptor_nbytes[i], starts, n_ret);
        }
    }
    if (local_name_n !=
        SIZE_MAX) { /* names may differ in a sound archive: the local one can be in another encoding */
        propose(zip, entry, at + LOCAL_NBYTES + local_name_n + local_extra_n, starts, n_ret);
        propose(zip, entry, at + LOCAL_NBYTES + name_n + local_extra_n, starts, n_ret);
    }
    propose(zip, entry, at + LOCAL_NBYTES + name_n + entry->extra_nbytes, starts, n_ret);
    return BB_OK;
}
