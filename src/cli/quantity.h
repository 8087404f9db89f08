/* Numbers for people. Each writes into a text of CLI_QUANTITY_NBYTES and returns it. */
#ifndef BUSBAR_CLI_QUANTITY_H
#define BUSBAR_CLI_QUANTITY_H

#include <stdint.h>

enum { CLI_QUANTITY_NBYTES = 40 };
char *cli_count(char *text, uint64_t n);        /* 4,633,200 */
char *cli_size(char *text, uint64_t nbytes);    /* 614 MB, 1.2 GB: powers of 1000, as disks are sold */
char *cli_memory(char *text, uint64_t nbytes);  /* 231 MiB, 1.5 GiB: powers of 1024, as --memory-limit counts */
char *cli_rate(char *text, double per_second);  /* 2.43 M, 850 k, 12 */
char *cli_duration(char *text, double seconds); /* 0.31 s, 12.4 s, 3 min 05 s, 2 h 07 min */

#endif
