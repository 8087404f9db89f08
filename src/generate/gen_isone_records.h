/* ISO-NE's frame around every report: comments, two header records, data, trailer with the number of data records. */
#ifndef BB_GEN_ISONE_RECORDS_H
#define BB_GEN_ISONE_RECORDS_H

#include "generate/gen_report.h"

/* Title, file name, period, time of publication. */
char *bb_gen_isone_comments(const struct bb_gen_file *file, const char *title, char *p);
/* "H" and the fields of a list that is separated by '|'. */
char *bb_gen_isone_header(const char *fields, char *p);
char *bb_gen_isone_trailer(const struct bb_gen_run *run, const struct bb_gen_file *file, char *p);
/* "01" … "24"; the repeated hour as "02X", or without a mark. */
char *bb_gen_isone_hour(const struct bb_gen_slot *slot, int with_mark, char *p);
/* At least one decimal, no zeros behind: "47.19", "-1.7", "0.0". */
char *bb_gen_isone_number(int64_t cents, char *p);

#endif
