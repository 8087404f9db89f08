/* Numbers of the Parquet format that writer and reader share (apache/parquet-format, parquet.thrift). */
#ifndef BB_PQ_TYPES_H
#define BB_PQ_TYPES_H

enum bb_pq_type {
    BB_PQ_BOOLEAN = 0,
    BB_PQ_INT32 = 1,
    BB_PQ_INT64 = 2,
    BB_PQ_FLOAT = 4,
    BB_PQ_DOUBLE = 5,
    BB_PQ_BYTE_ARRAY = 6
};

enum bb_pq_encoding {
    BB_PQ_PLAIN = 0,
    BB_PQ_PLAIN_DICTIONARY = 2,
    BB_PQ_RLE = 3,
    BB_PQ_DELTA_BINARY_PACKED = 5,
    BB_PQ_DELTA_LENGTH_BYTE_ARRAY = 6,
    BB_PQ_DELTA_BYTE_ARRAY = 7,
    BB_PQ_RLE_DICTIONARY = 8,
    BB_PQ_BYTE_STREAM_SPLIT = 9
};

enum bb_pq_codec {
    BB_PQ_NONE = 0,
    BB_PQ_SNAPPY = 1,
    BB_PQ_GZIP = 2,
    BB_PQ_ZSTD = 6,
    BB_PQ_LZ4_RAW = 7
}; /* never 5, the old LZ4 */

enum bb_pq_page { BB_PQ_DATA_PAGE = 0, BB_PQ_DICTIONARY_PAGE = 2, BB_PQ_DATA_PAGE_V2 = 3 };

/* What a column means; each stands for a logical type and, where one exists, the legacy converted type. */
enum bb_pq_logical {
    BB_PQ_PLAIN_TYPE,   /* no annotation: DOUBLE, FLOAT, BOOLEAN, INT32, INT64 */
    BB_PQ_STRING,       /* BYTE_ARRAY, UTF8 */
    BB_PQ_DATE,         /* INT32, days */
    BB_PQ_TIMESTAMP_US, /* INT64, adjusted to UTC, TIMESTAMP_MICROS */
    BB_PQ_TIMESTAMP_NS, /* INT64, adjusted to UTC, no converted type */
    BB_PQ_INT8,
    BB_PQ_INT16,
    BB_PQ_INT_32,
    BB_PQ_UINT8,
    BB_PQ_UINT16,
    BB_PQ_UINT_32 /* INT32 with that width and sign */
};

#endif
