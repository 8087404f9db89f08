#include "parquet/pq_value.h"
#include "parquet/pq_decode.h"
#include "parquet/pq_meta.h"

#include <stdio.h>

int bb_pq_column_is_ordered(const struct bb_pq_read_column *column)
{
    return column->logical != BB_PQ_PLAIN_TYPE || (!column->has_logical_type && !column->has_converted_type);
}

int bb_pq_value_from_plain(const struct bb_pq_read_column *column, struct bb_str bytes, struct bb_pq_value *value)
{
    int width = bb_pq_stat_width(column->type), is_unsigned;
    float f;
    *value = (struct bb_pq_value){ .s = bytes };
    if (width != 0 && bytes.n != (size_t)width) return 0;
    is_unsigned =
        column->logical == BB_PQ_UINT8 || column->logical == BB_PQ_UINT16 || column->logical == BB_PQ_UINT_32;
    switch (column->type) {
    case BB_PQ_BOOLEAN: value->i = bytes.p[0] != 0; break;
    case BB_PQ_INT32:
        value->i = is_unsigned ? (int64_t)bb_load_u32(bytes.p) : (int64_t)(int32_t)bb_load_u32(bytes.p);
        break;
    case BB_PQ_INT64: value->i = (int64_t)bb_load_u64(bytes.p); break;
    case BB_PQ_FLOAT:
        memcpy(&f, bytes.p, sizeof f);
        value->d = f;
        break;
    case BB_PQ_DOUBLE: memcpy(&value->d, bytes.p, sizeof value->d); break;
    case BB_PQ_BYTE_ARRAY: break;
    }
    return 1;
}

struct bb_str bb_pq_value_to_plain(enum bb_pq_type type, const struct bb_pq_value *value, uint8_t scratch[8])
{
    uint32_t u32 = (uint32_t)value->i;
    float f;
    switch (type) {
    case BB_PQ_BYTE_ARRAY: return value->s;
    case BB_PQ_BOOLEAN: scratch[0] = value->i != 0; break;
    case BB_PQ_INT32: memcpy(scratch, &u32, 4); break;
    case BB_PQ_INT64: memcpy(scratch, &value->i, 8); break;
    case BB_PQ_FLOAT:
        f = (float)value->d;
        memcpy(scratch, &f, 4);
        break;
    case BB_PQ_DOUBLE: memcpy(scratch, &value->d, 8); break;
    }
    return (struct bb_str){ (const char *)scratch, (size_t)bb_pq_stat_width(type) };
}

const char *bb_pq_value_text(enum bb_pq_type type, const struct bb_pq_value *value, char text[64])
{
    if (type == BB_PQ_BYTE_ARRAY) {
        snprintf(text, 64, "\"%.*s\"", (int)BB_MIN(value->s.n, (size_t)56), value->s.p ? value->s.p : "");
    } else if (type == BB_PQ_FLOAT || type == BB_PQ_DOUBLE) {
        snprintf(text, 64, "%.17g", value->d);
    } else {
        snprintf(text, 64, "%lld", (long long)value->i);
    }
    return text;
}
