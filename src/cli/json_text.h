/* JSON on a stream, for formats --json and for the events of --progress json: one object per line. */
#ifndef BUSBAR_CLI_JSON_TEXT_H
#define BUSBAR_CLI_JSON_TEXT_H

#include <stdio.h>

#include "busbar.h"

/* "text" with its quotes; bytes that are not UTF-8 become U+FFFD; null for NULL. */
void cli_put_json(FILE *file, const char *text);

/* {"event":"published","dataset":"pjm/…",…} on stderr. seconds: since the run began. */
void cli_put_event_json(const struct busbar_event *event, double seconds);
void cli_put_error_json(int exit_code, const char *text);
void cli_put_summary_json(const struct busbar_convert_result *result, unsigned long long peak_rss_nbytes);

#endif
