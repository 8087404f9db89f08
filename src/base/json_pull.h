/* Reads JSON as a stream of tokens: no tree, no memory. For busbar's own footers and state files; the input may be hostile. */
#ifndef BB_JSON_PULL_H
#define BB_JSON_PULL_H

#include "base/buf.h"

enum bb_json_token {
    BB_JSON_END,
    BB_JSON_OBJECT,
    BB_JSON_OBJECT_END,
    BB_JSON_ARRAY,
    BB_JSON_ARRAY_END,
    BB_JSON_KEY,
    BB_JSON_STRING,
    BB_JSON_NUMBER,
    BB_JSON_WORD /* true, false, null */,
    BB_JSON_ERROR
};

struct bb_json_pull {
    struct bb_str text;
    size_t at;
    int depth;
    char nesting[64]; /* '{' or '[' per level */
    int want_key, want_value;
    struct bb_str raw; /* of the token: a string's text between the quotes, escapes included */
    int escaped;       /* raw holds escapes: bb_json_pull_text undoes them */
};

void bb_json_pull_init(struct bb_json_pull *p, struct bb_str text);
enum bb_json_token bb_json_pull_next(struct bb_json_pull *p);
/* The current key or string without escapes, appended to out (\u escapes become UTF-8). 0: no room. */
int bb_json_pull_text(const struct bb_json_pull *p, struct bb_buf *out) BB_WARN_UNUSED;
/* The number as an integer; 0 when it is none. */
int64_t bb_json_pull_int(const struct bb_json_pull *p);

#endif
