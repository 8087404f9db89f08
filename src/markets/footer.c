#include "markets/footer.h"
#include "base/str.h"

static int begins_record(struct bb_str line)
{
    size_t i = 0;
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '"' || line.p[i] == '\t')) i++;
    return i < line.n && line.p[i] >= '0' && line.p[i] <= '9';
}

size_t bb_footer_at(const char *text, size_t n, int max_lines)
{
    size_t at = n;
    int lines = 0;
    while (n > 0) {
        const char *before = n > 1 ? memrchr(text, '\n', n - 1) : NULL;
        size_t from = before ? (size_t)(before - text) + 1 : 0;
        struct bb_str line = { text + from, n - from };
        while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
            line.n--;
        if (begins_record(line)) break;
        if (line.n && ++lines > max_lines) break;
        if (line.n) at = from;
        n = from;
    }
    return at;
}
