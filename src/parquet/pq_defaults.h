/* Every tunable of the Parquet writer, each with its reason. Changing one changes the bytes of files, never their rows. */
#ifndef BB_PQ_DEFAULTS_H
#define BB_PQ_DEFAULTS_H

/* Rows per data page. Each page repeats the sequence of locations once before the codec can refer back to it, so larger pages
 * make that column smaller; smaller pages let readers skip more. 65,536 doubles are 512 KiB, well under the usual 1 MiB. */
#define BB_PQ_PAGE_ROWS     65536u
#define BB_PQ_PAGE_ROWS_MAX (1u << 20) /* run lengths and scratch arrays stay small */

/* Bytes of a PLAIN page of texts after which it is closed. */
#define BB_PQ_TEXT_PAGE_NBYTES ((size_t)1 << 20)

/* Dictionary of numbers: 65,536 entries are what 16-bit indexes reach; one more would cost every row a third byte. */
#define BB_PQ_DICT_NUMBERS 65536u

/* A dictionary page pays while less than this share of a page's values is new to the dictionary: each new one costs 8 bytes
 * beside its index, so at one half a row costs 6 bytes, what zstd makes of a PLAIN double. */
#define BB_PQ_DICT_NEW_SHARE 2u /* one of 2 */

/* Before a chunk's first page of doubles is indexed, this many values are looked at; more than 15/16 distinct means PLAIN at once
 * (prices with six decimals). It only saves time: the share above would say the same a little later. */
#define BB_PQ_SAMPLE_VALUES       4096u
#define BB_PQ_SAMPLE_DISTINCT_NUM 15u
#define BB_PQ_SAMPLE_DISTINCT_DEN 16u

/* Dictionary of texts: 30,000 locations of 30 bytes are 1 MB; beyond this the pages that follow are PLAIN. */
#define BB_PQ_DICT_TEXT_NBYTES ((size_t)8 << 20)

/* dense: the dictionary serves the pages that follow as well, so the first page is charged only a part of it (a row group of the
 * usual size has two to four pages). */
#define BB_PQ_DENSE_DICT_SHARE 4u
/* A dictionary also makes filters fast; it is not given up for less than this per page. */
#define BB_PQ_DENSE_LEAST_GAIN_NBYTES ((size_t)1 << 10)

/* Texts in statistics and in the column index are cut here. */
#define BB_PQ_BOUND_NBYTES 64u

/* Levels of codecs when none is given: the lake is written far more often under time pressure than it is short of disk. */
#define BB_PQ_ZSTD_LEVEL 1
#define BB_PQ_GZIP_LEVEL 6
/* dense is asked for by those who are short of disk: on generated prices 13 % smaller than level 1 for twice the processor time; level 9
 * gains half a percent more. */
#define BB_PQ_DENSE_ZSTD_LEVEL 6
/* From this level on zstd's tables are larger than a page of 512 KiB has use for: 4 MB per context do not fit beside four workers in
 * 64 MB. With this table they take half, a quarter less time, and 0.1 % more bytes. */
#define BB_PQ_ZSTD_LARGE_LEVEL    5
#define BB_PQ_ZSTD_LARGE_HASH_LOG 17

/* zstd spends 35 ns on a double that does not repeat, most of it in search of repetitions: with a stride of 16 it is 10 ns and 6 % more
 * bytes. A chunk of PLAIN doubles takes the stride when the start of its first such page grows by no more than this share, and is no less than
 * a quarter of PLAIN: a start that is all zeros, as congestion's often is, is nothing either way and says nothing of what follows. */
#define BB_PQ_HASTY_STRIDE        16
#define BB_PQ_HASTY_MOST_PERCENT  8u
#define BB_PQ_HASTY_LEAST_SHARE   4u
#define BB_PQ_HASTY_SAMPLE_NBYTES ((size_t)128 << 10)
/* Doubles of which many repeat in part, but too few for a dictionary (CAISO's prices, five decimals): level 1 has 2^14 places to remember
 * and wants seven equal bytes, and so finds next to nothing in a page of 2^16 doubles (85 % of PLAIN). pq_decimal_repeats.h finds them by
 * what decimals have in common: 44 % at 400 MB/s. 2^14 places for five bytes are as many as six decimals have forms; half of them for six bytes
 * cost 1.5 % of SPP's bytes, twice as many of both gain 0.7 % on real files and cost 2 % of the time. */
#define BB_PQ_DECIMAL_FIVE_LOG 14
#define BB_PQ_DECIMAL_SIX_LOG  15
/* Where they save less than this share of PLAIN (numbers in thousands with six decimals have no low bytes in common), FAR is tried as well. */
#define BB_PQ_DECIMALS_LEAST_SHARE 4u
/* Floats, doubles that are no decimals, and pages larger than those places can number: 2^17 places and five bytes make 49 % at
 * 230 MB/s; level 3 makes 54 % at 150. Integers, the starts of intervals above all, are near each other and need fewer bytes, but no more
 * places: 36 % less than seven bytes. */
#define BB_PQ_FAR_HASH_LOG     17
#define BB_PQ_NUMBER_MIN_MATCH 5

/* A chunk of one page that is not full belongs to a small file, or to the end of a large one: such pages are written with a level that
 * takes three times as long and makes doubles 7 to 12 % smaller. */
#define BB_PQ_ZSTD_THOROUGH_LEVEL 4
#define BB_PQ_THOROUGH_TABLE_LOG                                                                                   \
    16 /* tables of half a MB, as level 1 with 2^17 places has: contexts stay and count */

/* Starts of intervals that follow each other this closely are smaller PLAIN (or DELTA) than as indexes of a dictionary: with 15 locations
 * per instant 41 KB against 73 KB for 129,000 rows, with 33 the same, with 42 no difference. For codecs that find the repetitions. */
#define BB_PQ_TIME_RUN_ROWS 40u

/* A bloom filter pays when the dictionary is too large to be worth reading instead. */
#define BB_PQ_BLOOM_MORE_THAN      8u
#define BB_PQ_BLOOM_BITS_PER_VALUE 10u /* about 1 false answer of 100 */
#define BB_PQ_BLOOM_MAX_NBYTES     ((size_t)1 << 20)

/* Writes to the file are gathered to this size; larger pieces go straight through. */
#define BB_PQ_WRITE_NBYTES ((size_t)256 << 10)

/* Shortest repetition that becomes an RLE run: a group of 8 literals at 8 bits or more, else what pays for breaking a literal
 * stretch of narrow values in two. */
#define BB_PQ_RLE_MIN_RUN        8u
#define BB_PQ_RLE_MIN_RUN_NARROW 32u

#define BB_PQ_CREATED_BY "busbar version " BUSBAR_VERSION /* the form that parquet-mr's version parser takes */

#endif
