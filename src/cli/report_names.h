/* Checks of names that the library lists, so that a slip of the pen gets the nearest name as an answer. Each returns 0, or 2
 * after a sentence on stderr. */
#ifndef BUSBAR_CLI_REPORT_NAMES_H
#define BUSBAR_CLI_REPORT_NAMES_H

#include "cli/options.h"

int cli_check_report(enum cli_command_id command, const char *report);
int cli_check_generator(enum cli_command_id command, const char *report);

#endif
