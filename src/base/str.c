#include "base/str.h"

int bb_str_eq_nocase(struct bb_str a, struct bb_str b)
{
    if (a.n != b.n) return 0;
    for (size_t i = 0; i < a.n; i++)
        if (bb_lower(a.p[i]) != bb_lower(b.p[i])) return 0;
    return 1;
}

const char *bb_str_find_nocase(struct bb_str s, struct bb_str needle)
{
    for (size_t i = 0; i + needle.n <= s.n; i++)
        if (bb_str_eq_nocase((struct bb_str){ s.p + i, needle.n }, needle)) return s.p + i;
    return NULL;
}

struct bb_str bb_str_trim(struct bb_str s)
{
    while (s.n && (*s.p == ' ' || *s.p == '\t')) s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
    return s;
}

int bb_str_cmp(struct bb_str a, struct bb_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c != 0) return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

struct bb_str bb_path_base(struct bb_str path)
{
    size_t i = path.n;
    while (i && path.p[i - 1] != '/') i--;
    return (struct bb_str){ path.p + i, path.n - i };
}

struct bb_str bb_path_suffix(struct bb_str path)
{
    struct bb_str base = bb_path_base(path);
    for (size_t i = base.n; i > 0; i--)
        if (base.p[i - 1] == '.') return (struct bb_str){ base.p + i - 1, base.n - i + 1 };
    return (struct bb_str){ base.p + base.n, 0 };
}
