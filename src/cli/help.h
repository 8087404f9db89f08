/* The texts of options.def as help on stdout. Lines are 80 columns wide, or as wide as the terminal, 100 at most. */
#ifndef BUSBAR_CLI_HELP_H
#define BUSBAR_CLI_HELP_H

#include <stdio.h>

#include "cli/options.h"

void cli_put_overview(FILE *file); /* two lines if the file is not stdout */
void cli_put_command_help(enum cli_command_id command);

#endif
