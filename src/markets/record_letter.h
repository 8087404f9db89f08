/* ISO-NE's records begin with a letter: C comment, H header (names, then units), D data, T trailer with the number of D
 * records. The trailer is how a cut download shows: a missing or wrong one puts the whole file in doubt. */
#ifndef BB_RECORD_LETTER_H
#define BB_RECORD_LETTER_H

#include <stdint.h>

struct bb_letters {
    int used;
    int ended;       /* a trailer came */
    int has_data;    /* D records of any report of the file */
    uint64_t n_data; /* D records since the last trailer */
};

#endif
