/* Writes JSON into a buffer: objects, arrays, escaped UTF-8 text. Invalid UTF-8 bytes become U+FFFD, so the result is
 * always valid. The caller keeps braces balanced. Failure (buffer full) is sticky: ask bb_json_ok once at the end. */
#ifndef BB_JSON_H
#define BB_JSON_H

#include "base/buf.h"

struct bb_json {
    struct bb_buf *out;
    int failed;
    int need_comma;
    int depth;
    int pretty; /* 1: two blanks per level, one member per line */
};

void bb_json_init(struct bb_json *j, struct bb_buf *out, int pretty);
int bb_json_ok(const struct bb_json *j);

void bb_json_open(struct bb_json *j, char bracket);  /* '{' or '[' */
void bb_json_close(struct bb_json *j, char bracket); /* '}' or ']' */
void bb_json_key(struct bb_json *j, const char *key);
void bb_json_str(struct bb_json *j, struct bb_str value);
void bb_json_int(struct bb_json *j, int64_t value);
void bb_json_num(struct bb_json *j,
                 double value); /* shortest text that reads back to the same double; NaN -> null */
/* The text that bb_json_num writes; returns its length. */
size_t bb_json_number_text(double value, char out[40]);
void bb_json_bool(struct bb_json *j, int value);
void bb_json_null(struct bb_json *j);

/* key and value in one call */
void bb_json_put_str(struct bb_json *j, const char *key, struct bb_str value);
void bb_json_put_cstr(struct bb_json *j, const char *key, const char *value); /* NULL -> null */
void bb_json_put_int(struct bb_json *j, const char *key, int64_t value);
void bb_json_put_num(struct bb_json *j, const char *key, double value);
void bb_json_put_bool(struct bb_json *j, const char *key, int value);

/* Members that this writer spelled before at the same depth, comma and all: n bytes of its buffer from at on, once more. They follow another
 * member. */
void bb_json_again(struct bb_json *j, size_t at, size_t n);

#endif
