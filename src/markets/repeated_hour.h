/* Local time as the operators write it without an offset: a wall-clock stamp, or a date, an hour ending and a number in the
 * hour, and the word that tells the two passes through the repeated autumn hour apart. Where nothing
 * in the record tells them apart but the order of rows does (BB_FORMAT_ROW_ORDER), row_order.h is left to decide. */
#ifndef BB_REPEATED_HOUR_H
#define BB_REPEATED_HOUR_H

#include "markets/mapper.h"

enum bb_hour_pass { BB_PASS_UNSAID, BB_PASS_FIRST, BB_PASS_SECOND };

/* What the local columns of one record say. field: the one to blame, -1: there is no local column. */
struct bb_local_parts {
    int field, pass_field;
    int has_stamp, stamp_is_end, has_day, has_hour, has_interval;
    int only_clock; /* the stamp is a time of day; the day is that of the date column, else of the file */
    int has_label;  /* BB_TIME_ZONE_LABEL */
    int32_t label_offset_s;
    struct bb_wall stamp;
    int32_t day;
    int hour, interval;
    enum bb_hour_pass pass;
};

#define BB_LOCAL_PARTS_INIT                                                                                        \
    {                                                                                                              \
        .field = -1, .pass_field = -1                                                                              \
    }

/* Takes one column: BB_TIME_LOCAL_BEGIN, _LOCAL_END, _DATE, _HOUR_ENDING, _INTERVAL, _REPEATED or _ZONE_LABEL. 0: the text is none of its
 * spellings (the caller says so). Flag words: Y/N, true/false, 1/0; an empty one counts as unsaid. */
int bb_local_take(struct bb_local_parts *parts, enum bb_role role, struct bb_str text, int field);

/* The start of the interval. 0: flaw says why not: a time that does not exist ("no_such_local_time"), the repeated hour without
 * a word for the pass ("ambiguous_hour"), a second pass where there is only one ("contradiction"). With BB_FORMAT_FLOOR the
 * stamp is first put back to the grid of the dataset's minutes. *need_ret says what row order has still to decide. */
int bb_local_begin(const struct bb_reader *reader, const struct bb_local_parts *parts, int64_t *utc_s_ret,
                   struct bb_order_need *need_ret, struct bb_flaw *flaw);

#endif
