#include "io/leaf_modified.h"

#include <sys/stat.h>

int64_t bb_leaf_modified_utc_s(const struct bb_leaf *leaf)
{
    struct stat st;
    if (leaf->member.n > 0 || leaf->path.n == 0 || stat(leaf->path.p, &st) != 0 || !S_ISREG(st.st_mode)) return 0;
    return (int64_t)st.st_mtime;
}
