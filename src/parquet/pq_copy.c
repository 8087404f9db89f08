/* Carries a row group of another file over, byte for byte: only offsets change. */
#include "parquet/pq_file.h"
#include "parquet/pq_meta.h"
#include "parquet/pq_thrift_write.h"

#define BLOCK_NBYTES ((uint64_t)4096)      /* of the file systems that share blocks between files */
#define ALIGN_NBYTES ((uint64_t)256 << 10) /* of what is worth up to a block of zeros */
#define PIECE_NBYTES ((uint64_t)16 << 20)  /* the copier begins with them */

/* ---- bytes ---- */

static enum bb_status hand_over(struct bb_pq_file *f, uint64_t n, struct bb_error *err)
{
    struct bb_pq_carried *c = &f->carried;
    if (n == 0) return BB_OK;
    if (!f->copier) f->copier = bb_pq_copier_new(f->fd, f->options.copies_in_thread, f->budget);
    if (!f->copier) return bb_fail_budget(err, f->budget, "copying row groups");
    BB_TRY(bb_pq_copier_add(f->copier, c->reader->fd, c->reader->path, c->from, c->to, n, err));
    c->from += n, c->to += n, c->nbytes -= n;
    return BB_OK;
}

enum bb_status bb_pq_file_carry_end(struct bb_pq_file *f, struct bb_error *err)
{
    return hand_over(f, f->carried.nbytes, err);
}

/* Whether what comes next in the new file follows what was carried over. */
static int is_behind(const struct bb_pq_file *f, const struct bb_pq_reader *reader)
{
    return reader && f->carried.reader == reader && f->out.n == 0 &&
           f->written_nbytes == f->carried.to + f->carried.nbytes;
}

/* Chunks of one group lie side by side in files that busbar wrote; others are copied one by one all the same. */
static enum bb_status carry(struct bb_pq_file *f, struct bb_pq_reader *reader, uint64_t from, uint64_t n,
                            struct bb_error *err)
{
    struct bb_pq_carried *c = &f->carried;
    if (!is_behind(f, reader) || c->from + c->nbytes != from) {
        BB_TRY(bb_pq_file_carry_end(f, err));
        BB_TRY(bb_pq_file_flush(f, err));
        *c = (struct bb_pq_carried){ reader, from, f->written_nbytes, 0 };
    }
    c->nbytes += n;
    f->written_nbytes += n;
    if (c->nbytes < PIECE_NBYTES) return BB_OK;
    /* In whole blocks, so that the next piece begins with one. */
    return hand_over(
        f, c->nbytes - (c->from % BLOCK_NBYTES == c->to % BLOCK_NBYTES ? (c->from + c->nbytes) % BLOCK_NBYTES : 0),
        err);
}

/* Offsets that lie alike in their blocks let file systems share the blocks instead of copying them. */
static enum bb_status put_alignment(struct bb_pq_file *f, uint64_t from, uint64_t nbytes, struct bb_error *err)
{
    static const char zeros[BLOCK_NBYTES];
    if (nbytes < ALIGN_NBYTES) return BB_OK;
    return bb_pq_file_put(f, zeros, (size_t)((from - bb_pq_file_offset(f)) % BLOCK_NBYTES), err);
}

/* What lies between two neighbours of the older file, lists of its own or zeros, goes with them: one long range instead of two. */
static enum bb_status align_group(struct bb_pq_file *f, struct bb_pq_reader *reader, size_t group,
                                  struct bb_error *err)
{
    uint64_t from = (uint64_t)bb_pq_chunk_start(bb_pq_group_chunk(reader, group, 0)), nbytes = 0;
    uint64_t end = f->carried.from + f->carried.nbytes;
    if (is_behind(f, reader) && from >= end && from - end < BLOCK_NBYTES) {
        f->carried.nbytes += from - end;
        f->written_nbytes += from - end;
        return BB_OK;
    }
    for (size_t i = 0; i < f->n_columns; i++)
        nbytes += (uint64_t)bb_pq_group_chunk(reader, group, i)->total_compressed_nbytes;
    return put_alignment(f, from, nbytes, err);
}

/* ---- bloom filters ---- */

enum bb_status bb_pq_file_add_bloom(struct bb_pq_file *f, struct bb_pq_reader *reader, uint64_t from,
                                    uint32_t nbytes, struct bb_pq_piece *piece, struct bb_error *err)
{
    struct bb_pq_bloom_run *last = f->n_bloom_runs ? &f->bloom_runs[f->n_bloom_runs - 1] : NULL;
    *piece = (struct bb_pq_piece){ f->blooms_nbytes, nbytes };
    if (nbytes == 0) return BB_OK;
    f->blooms_nbytes += nbytes;
    if (last && last->reader == reader && last->from + last->nbytes == from) {
        last->nbytes += nbytes;
        return BB_OK;
    }
    if (f->blooms_nbytes > INT32_MAX || !bb_grow(f->budget, (void **)&f->bloom_runs, &f->bloom_runs_cap,
                                                 f->n_bloom_runs + 1, sizeof *f->bloom_runs))
        return bb_fail_budget(err, f->budget, "the indexes of a Parquet file");
    f->bloom_runs[f->n_bloom_runs++] = (struct bb_pq_bloom_run){ reader, from, nbytes };
    return BB_OK;
}

enum bb_status bb_pq_file_write_blooms(struct bb_pq_file *f, uint64_t *offset_ret, struct bb_error *err)
{
    *offset_ret = bb_pq_file_offset(f);
    for (size_t i = 0; i < f->n_bloom_runs; i++) {
        const struct bb_pq_bloom_run *r = &f->bloom_runs[i];
        if (!r->reader) {
            BB_TRY(bb_pq_file_put(f, f->blooms.p + r->from, (size_t)r->nbytes, err));
            continue;
        }
        if (i == 0) {
            BB_TRY(put_alignment(f, r->from, r->nbytes, err));
            *offset_ret = bb_pq_file_offset(f);
        }
        BB_TRY(carry(f, r->reader, r->from, r->nbytes, err));
    }
    return BB_OK;
}

/* ---- what is said of them ---- */

static enum bb_status keep_from(struct bb_pq_file *f, struct bb_pq_reader *reader, int64_t offset, int32_t nbytes,
                                struct bb_buf *to, struct bb_pq_piece *piece, struct bb_error *err)
{
    piece->start = to->n;
    piece->nbytes = 0;
    if (offset < 0 || nbytes <= 0) return BB_OK;
    if (!bb_buf_reserve(to, (size_t)nbytes)) return bb_fail_budget(err, f->budget, "the indexes of a Parquet file");
    BB_TRY(bb_pq_read_at(reader, (uint64_t)offset, to->p + to->n, (size_t)nbytes, err));
    to->n += (size_t)nbytes;
    piece->nbytes = (uint32_t)nbytes;
    return BB_OK;
}

static int keep_text(struct bb_buf *to, struct bb_str text, struct bb_pq_piece *piece)
{
    piece->start = to->n;
    piece->nbytes = (uint32_t)text.n;
    return bb_buf_put(to, text.p, text.n);
}

static enum bb_status shift_offset_index(struct bb_pq_file *f, struct bb_pq_reader *reader, size_t group,
                                         size_t column, int64_t shift, struct bb_pq_piece *piece,
                                         struct bb_error *err)
{
    struct bb_pq_read_page *pages = NULL;
    struct bb_pq_tw w;
    size_t n = 0;
    enum bb_status status = bb_pq_read_pages(reader, group, column, &pages, &n, err);
    if (status == BB_EOF)
        return bb_pq_fail(reader, err, "row group %zu, column %zu has no offset index", group, column);
    if (status != BB_OK) return status;
    piece->start = f->offset_indexes.n;
    bb_pq_tw_init(&w, &f->offset_indexes);
    bb_pq_tw_list(&w, 1, BB_PQ_TW_STRUCT, n);
    for (size_t i = 0; i < n; i++) {
        bb_pq_tw_item_struct(&w);
        bb_pq_tw_i64(&w, 1, pages[i].offset + shift);
        bb_pq_tw_i32(&w, 2, pages[i].compressed_nbytes);
        bb_pq_tw_i64(&w, 3, pages[i].first_row);
        bb_pq_tw_end(&w);
    }
    bb_pq_tw_end(&w);
    bb_free(pages);
    piece->nbytes = (uint32_t)(f->offset_indexes.n - piece->start);
    return bb_pq_tw_ok(&w) ? BB_OK : bb_fail_budget(err, f->budget, "the indexes of a Parquet file");
}

static enum bb_status note_chunk(struct bb_pq_file *f, struct bb_pq_reader *reader, size_t group, size_t column,
                                 int64_t shift, struct bb_error *err)
{
    const struct bb_pq_read_chunk *c = bb_pq_group_chunk(reader, group, column);
    struct bb_pq_chunk_note *note = &f->chunks[f->n_chunks];
    int ok = 1;
    *note = (struct bb_pq_chunk_note){ .dictionary_offset = c->dictionary_page_offset >= 0
                                                                ? (uint64_t)(c->dictionary_page_offset + shift)
                                                                : 0,
                                       .data_offset = (uint64_t)(c->data_page_offset + shift),
                                       .compressed_nbytes = (uint64_t)c->total_compressed_nbytes,
                                       .uncompressed_nbytes = (uint64_t)c->total_uncompressed_nbytes,
                                       .nulls = (uint64_t)c->stats.null_count,
                                       .has_bounds = (uint8_t)c->stats.has_min_max,
                                       .min_exact = (uint8_t)c->stats.min_is_exact,
                                       .max_exact = (uint8_t)c->stats.max_is_exact };
    for (size_t i = 0; i < c->n_encoding_stats; i++) {
        const struct bb_pq_encoding_stat *s = &reader->stats[c->first_encoding_stat + i];
        if (s->page == BB_PQ_DATA_PAGE && s->encoding >= 0 &&
            (size_t)s->encoding < BB_ARRAY_LEN(note->pages_of_encoding))
            note->pages_of_encoding[s->encoding] += (uint32_t)s->count;
    }
    if (note->has_bounds)
        ok = keep_text(&f->texts, c->stats.min, &note->min) && keep_text(&f->texts, c->stats.max, &note->max);
    if (!ok) return bb_fail_budget(err, f->budget, "the indexes of a Parquet file");
    if (c->bloom_offset >= 0 && c->bloom_nbytes > 0)
        BB_TRY(bb_pq_file_add_bloom(f, reader, (uint64_t)c->bloom_offset, (uint32_t)c->bloom_nbytes, &note->bloom,
                                    err));
    BB_TRY(keep_from(f, reader, c->column_index_offset, c->column_index_nbytes, &f->column_indexes,
                     &note->column_index, err));
    BB_TRY(shift_offset_index(f, reader, group, column, shift, &note->offset_index, err));
    f->n_chunks++;
    return BB_OK;
}

/* A file of the profile `lake` must not keep what only new readers take. The other way round nothing is lost but bytes. */
static int encodings_fit(const struct bb_pq_file *f, const struct bb_pq_read_chunk *c)
{
    const uint32_t known_to_all =
        1u << BB_PQ_PLAIN | 1u << BB_PQ_PLAIN_DICTIONARY | 1u << BB_PQ_RLE | 1u << BB_PQ_RLE_DICTIONARY;
    return f->options.dense || (c->encodings & ~known_to_all) == 0;
}

int bb_pq_file_can_copy(const struct bb_pq_file *f, const struct bb_pq_reader *reader)
{
    if (bb_pq_reader_columns(reader) != f->n_columns) return 0;
    for (size_t i = 0; i < f->n_columns; i++) {
        const struct bb_pq_read_column *c = bb_pq_reader_column(reader, i);
        if (!bb_str_is(c->name, f->columns[i].name) || c->type != f->columns[i].type ||
            c->logical != f->columns[i].logical || !c->nullable != !f->columns[i].nullable)
            return 0;
        for (size_t g = 0; g < bb_pq_reader_groups(reader); g++) {
            const struct bb_pq_read_chunk *chunk = bb_pq_group_chunk(reader, g, i);
            if (chunk->codec != f->options.codec || !encodings_fit(f, chunk)) return 0;
        }
    }
    return 1;
}

enum bb_status bb_pq_file_append_copied(struct bb_pq_file *f, struct bb_pq_reader *reader, size_t group,
                                        struct bb_error *err)
{
    struct bb_pq_group_note note = { .rows = (uint64_t)bb_pq_group_rows(reader, group) };
    BB_TRY(bb_pq_file_room_for_group(f, err));
    BB_TRY(align_group(f, reader, group, err));
    note.offset = bb_pq_file_offset(f);
    for (size_t i = 0; i < f->n_columns;) {
        const struct bb_pq_read_chunk *c = bb_pq_group_chunk(reader, group, i);
        int64_t from = bb_pq_chunk_start(c), to = from + c->total_compressed_nbytes,
                shift = (int64_t)bb_pq_file_offset(f) - from;
        size_t k = i + 1;
        for (; k < f->n_columns && bb_pq_chunk_start(bb_pq_group_chunk(reader, group, k)) == to; k++)
            to += bb_pq_group_chunk(reader, group, k)->total_compressed_nbytes;
        BB_TRY(carry(f, reader, (uint64_t)from, (uint64_t)(to - from), err));
        for (; i < k; i++) {
            const struct bb_pq_read_chunk *at = bb_pq_group_chunk(reader, group, i);
            BB_TRY(note_chunk(f, reader, group, i, shift, err));
            note.compressed_nbytes += (uint64_t)at->total_compressed_nbytes;
            note.uncompressed_nbytes += (uint64_t)at->total_uncompressed_nbytes;
        }
    }
    bb_pq_file_count_group(f, &note);
    return BB_OK;
}
