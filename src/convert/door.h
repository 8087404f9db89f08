/* From internal status to the public result, and writing text through the caller's function: what every public door needs. */
#ifndef BB_DOOR_H
#define BB_DOOR_H

#include "base/buf.h"
#include "busbar.h"

/* Copies the error's text out when there is a failure, and returns the public result. */
enum busbar_result bb_leave(enum bb_status status, const struct bb_error *err, struct busbar_error *error);

/* Text on its way to a busbar_write; collects small pieces. */
struct bb_out {
    busbar_write write;
    void *ctx;
    struct bb_buf buf;
    int failed;
};
void bb_out_init(struct bb_out *out, busbar_write write, void *ctx, struct bb_budget *budget);
void bb_out_printf(struct bb_out *out, const char *fmt, ...) BB_PRINTF(2, 3);
void bb_out_put(struct bb_out *out, struct bb_str text);
/* Sends what is left and frees; BB_IO when the caller's function refused anything. */
enum bb_status bb_out_end(struct bb_out *out, struct bb_error *err);

/* For people: "4,633,200"; "1.2 GB", blank between number and unit; "2024-03-10 05:00". out is returned. */
#define BB_AMOUNT_TEXT 32
const char *bb_count_text(uint64_t n, char out[BB_AMOUNT_TEXT]);
const char *bb_size_text(uint64_t nbytes, const char *blank, char out[BB_AMOUNT_TEXT]);
const char *bb_minute_text(int64_t utc_s, char out[BB_AMOUNT_TEXT]);

#endif
