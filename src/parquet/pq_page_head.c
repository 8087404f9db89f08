#include "parquet/pq_meta.h"
#include "parquet/pq_thrift_read.h"

static void read_v1(struct bb_thrift *t, const struct bb_thrift_field *of, struct bb_pq_page_head *head)
{
    struct bb_thrift_field f = { 0 };
    bb_thrift_enter(t, of);
    head->has_body_head |= head->type == BB_PQ_DATA_PAGE;
    while (bb_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: head->n_values = bb_thrift_i32(t, &f); break;
        case 2: head->encoding = bb_thrift_i32(t, &f); break;
        case 3: head->level_encoding = bb_thrift_i32(t, &f); break;
        default: bb_thrift_skip(t, &f);
        }
    }
}

static void read_dictionary(struct bb_thrift *t, const struct bb_thrift_field *of, struct bb_pq_page_head *head)
{
    struct bb_thrift_field f = { 0 };
    bb_thrift_enter(t, of);
    head->has_body_head |= head->type == BB_PQ_DICTIONARY_PAGE;
    while (bb_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: head->n_values = bb_thrift_i32(t, &f); break;
        case 2: head->encoding = bb_thrift_i32(t, &f); break;
        default: bb_thrift_skip(t, &f);
        }
    }
}

static void read_v2(struct bb_thrift *t, const struct bb_thrift_field *of, struct bb_pq_page_head *head)
{
    struct bb_thrift_field f = { 0 };
    bb_thrift_enter(t, of);
    head->has_body_head |= head->type == BB_PQ_DATA_PAGE_V2;
    head->is_compressed = 1;
    while (bb_thrift_next(t, &f)) {
        switch (f.id) {
        case 1: head->n_values = bb_thrift_i32(t, &f); break;
        case 2: head->n_nulls = bb_thrift_i32(t, &f); break;
        case 3: head->n_rows = bb_thrift_i32(t, &f); break;
        case 4: head->encoding = bb_thrift_i32(t, &f); break;
        case 5: head->def_nbytes = bb_thrift_i32(t, &f); break;
        case 6: head->rep_nbytes = bb_thrift_i32(t, &f); break;
        case 7: head->is_compressed = bb_thrift_bool(t, &f); break;
        default: bb_thrift_skip(t, &f);
        }
    }
    head->level_encoding = BB_PQ_RLE;
}

int bb_pq_page_head_read(const uint8_t *p, size_t n, struct bb_pq_page_head *head)
{
    struct bb_thrift t;
    struct bb_thrift_field f = { 0 };
    *head = (struct bb_pq_page_head){
        .type = -1, .uncompressed_nbytes = -1, .compressed_nbytes = -1, .n_values = -1, .encoding = -1
    };
    bb_thrift_init(&t, p, n);
    while (bb_thrift_next(&t, &f)) {
        switch (f.id) {
        case 1: head->type = bb_thrift_i32(&t, &f); break;
        case 2: head->uncompressed_nbytes = bb_thrift_i32(&t, &f); break;
        case 3: head->compressed_nbytes = bb_thrift_i32(&t, &f); break;
        case 4:
            head->crc = (uint32_t)bb_thrift_i32(&t, &f);
            head->has_crc = 1;
            break;
        case 5: read_v1(&t, &f, head); break;
        case 7: read_dictionary(&t, &f, head); break;
        case 8: read_v2(&t, &f, head); break;
        default: bb_thrift_skip(&t, &f);
        }
    }
    if (t.bad) return t.short_of_data && n < BB_PQ_HEAD_MAX_NBYTES ? 0 : -1;
    head->head_nbytes = (size_t)(t.p - p);
    if (head->type < 0 || head->type > 3 || head->uncompressed_nbytes < 0 || head->compressed_nbytes < 0 ||
        head->uncompressed_nbytes > BB_PQ_PAGE_MAX_NBYTES || head->compressed_nbytes > BB_PQ_PAGE_MAX_NBYTES)
        return -1;
    if (head->type == 1) return 1; /* an index page: defined and never used */
    if (!head->has_body_head || head->n_values < 0 || head->n_values > BB_PQ_PAGE_MAX_VALUES) return -1;
    if (head->type == BB_PQ_DATA_PAGE_V2 &&
        (head->n_nulls < 0 || head->n_nulls > head->n_values || head->n_rows != head->n_values ||
         head->def_nbytes < 0 || head->rep_nbytes < 0 ||
         (int64_t)head->def_nbytes + head->rep_nbytes > BB_MIN(head->compressed_nbytes, head->uncompressed_nbytes)))
        return -1;
    return 1;
}
