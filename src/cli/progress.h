/* The progress of a conversion on stderr: a bar on a terminal, lines elsewhere. One run per process; the functions are
 * called from one thread at a time. */
#ifndef BUSBAR_CLI_PROGRESS_H
#define BUSBAR_CLI_PROGRESS_H

#include <stdbool.h>

#include "busbar.h"

enum cli_progress_mode { CLI_PROGRESS_AUTO, CLI_PROGRESS_ALWAYS, CLI_PROGRESS_NEVER, CLI_PROGRESS_JSON };

void cli_progress_begin(enum cli_progress_mode mode);

/* Shows a BUSBAR_EVENT_PROGRESS, but not more often than a person can read. */
void cli_progress_show(const struct busbar_event *event);

/* Takes the bar off the terminal before something else is printed; it comes back with the next event. */
void cli_progress_away(void);

double cli_progress_seconds(void); /* since cli_progress_begin */

#endif
