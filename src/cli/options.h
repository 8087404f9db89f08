/* The command line as data. options.def is the list; this turns it into numbers and tables, and parses argv by them. */
#ifndef BUSBAR_CLI_OPTIONS_H
#define BUSBAR_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define CLI_ANY_NUMBER 1000000000

enum cli_command_id {
#define CLI_COMMAND(id, function, name, operands, least, most, line, text) CLI_##id,
#define CLI_OPTION(command, id, letter, name, word, text)
#define CLI_EXIT(number, text)
#define CLI_TOPIC(name, title, text)
#include "cli/options.def"
#undef CLI_COMMAND
#undef CLI_OPTION
    CLI_N_COMMANDS
};

enum cli_option_id {
#define CLI_COMMAND(id, function, name, operands, least, most, line, text)
#define CLI_OPTION(command, id, letter, name, word, text) CLI_##command##_##id,
#include "cli/options.def"
#undef CLI_COMMAND
    CLI_N_OPTIONS
};

/* What was given. Texts belong to argv. */
struct cli_args {
    enum cli_command_id command;
    const char *values[CLI_N_OPTIONS]; /* NULL: not given; a flag's value is its own name */
    char **operands;
    int n_operands;
    bool wants_help; /* --help or -h */
};

struct cli_command {
    const char *name, *operands, *line, *text;
    int least, most;
    int (*run)(const struct cli_args *args); /* returns the exit code */
};
struct cli_option {
    enum cli_command_id command;
    char letter;
    const char *name, *word, *text;
};
extern const struct cli_command cli_commands[CLI_N_COMMANDS];
extern const struct cli_option cli_options[CLI_N_OPTIONS];

#define CLI_COMMAND(id, function, name, operands, least, most, line, text)                                         \
    int function(const struct cli_args *args);
#undef CLI_OPTION
#define CLI_OPTION(command, id, letter, name, word, text)
#include "cli/options.def"
#undef CLI_COMMAND
#undef CLI_OPTION
#undef CLI_EXIT
#undef CLI_TOPIC

/* The command of that name, or NULL after saying so on stderr, with the nearest name if one is near. */
const struct cli_command *cli_command_find(const char *name);

/* Parses what follows the command's name: --name=value, --name value, -x value, -xvalue, -- ends the options, operands
 * anywhere. The array argv is reordered: operands to its front. An option may be given once. Returns 0, or 2 after a
 * sentence on stderr. The number of operands is checked only when no help is wanted. */
int cli_parse(struct cli_args *args, enum cli_command_id command, int argc, char **argv);

/* Says "busbar COMMAND: …" on stderr and returns code. */
int cli_fail(enum cli_command_id command, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same for a usage error, with a second line that points to the help. Returns 2. */
int cli_misuse(enum cli_command_id command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
