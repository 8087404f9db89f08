#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/nearest.h"
#include "cli/progress.h"
#include "cli/terminal.h"

#define CLI_EXIT(number, text)
#define CLI_TOPIC(name, title, text)

const struct cli_command cli_commands[CLI_N_COMMANDS] = {
#define CLI_COMMAND(id, function, name, operands, least, most, line, text)                                         \
    { name, operands, line, text, least, most, function },
#define CLI_OPTION(command, id, letter, name, word, text)
#include "cli/options.def"
#undef CLI_COMMAND
#undef CLI_OPTION
};

const struct cli_option cli_options[CLI_N_OPTIONS] = {
#define CLI_COMMAND(id, function, name, operands, least, most, line, text)
#define CLI_OPTION(command, id, letter, name, word, text) { CLI_##command, letter, name, word, text },
#include "cli/options.def"
};

static void say(enum cli_command_id command, const char *fmt, va_list args)
{
    char text[2048];
    vsnprintf(text, sizeof text, fmt, args);
    cli_progress_away();
    if (command < CLI_N_COMMANDS)
        fprintf(stderr, "busbar %s: ", cli_commands[command].name);
    else
        fputs("busbar: ", stderr);
    cli_put_safe(stderr, text);
    fputc('\n', stderr);
}

int cli_fail(enum cli_command_id command, int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(command, fmt, args);
    va_end(args);
    return code;
}

int cli_misuse(enum cli_command_id command, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(command, fmt, args);
    va_end(args);
    if (command < CLI_N_COMMANDS)
        fprintf(stderr, "See: busbar help %s\n", cli_commands[command].name);
    else
        fputs("See: busbar help\n", stderr);
    return 2;
}

const struct cli_command *cli_command_find(const char *name)
{
    struct cli_nearest nearest = cli_nearest_to(name);
    for (int i = 0; i < CLI_N_COMMANDS; i++) {
        if (strcmp(cli_commands[i].name, name) == 0) return &cli_commands[i];
        cli_nearest_try(&nearest, cli_commands[i].name);
    }
    if (nearest.best)
        cli_misuse(CLI_N_COMMANDS, "there is no command \"%s\"; did you mean %s?", name, nearest.best);
    else
        cli_misuse(CLI_N_COMMANDS, "there is no command \"%s\"", name);
    return NULL;
}

static const struct cli_option *find_long(enum cli_command_id command, const char *name, size_t n)
{
    for (int i = 0; i < CLI_N_OPTIONS; i++)
        if (cli_options[i].command == command && strlen(cli_options[i].name) == n &&
            memcmp(cli_options[i].name, name, n) == 0)
            return &cli_options[i];
    return NULL;
}

static const struct cli_option *find_letter(enum cli_command_id command, char letter)
{
    for (int i = 0; i < CLI_N_OPTIONS; i++)
        if (cli_options[i].command == command && cli_options[i].letter == letter) return &cli_options[i];
    return NULL;
}

static int unknown_long(enum cli_command_id command, const char *name, size_t n)
{
    char word[64];
    if (n >= sizeof word) n = sizeof word - 1;
    memcpy(word, name, n);
    word[n] = '\0';
    struct cli_nearest nearest = cli_nearest_to(word);
    for (int i = 0; i < CLI_N_OPTIONS; i++)
        if (cli_options[i].command == command) cli_nearest_try(&nearest, cli_options[i].name);
    if (nearest.best) return cli_misuse(command, "there is no option --%s; did you mean --%s?", word, nearest.best);
    return cli_misuse(command, "there is no option --%s", word);
}

/* value: the text after '=' or glued to the letter, NULL if there is none. May take the next argument: *i moves on. */
static int take(struct cli_args *args, const struct cli_option *option, const char *value, int *i, int argc,
                char **argv)
{
    size_t id = (size_t)(option - cli_options);
    if (args->values[id]) return cli_misuse(args->command, "--%s is given twice; once is enough", option->name);
    if (!option->word) {
        if (value)
            return cli_misuse(args->command, "--%s takes no value, but \"%s\" was given", option->name, value);
        args->values[id] = option->name;
        return 0;
    }
    if (!value && *i + 1 < argc) value = argv[++*i];
    if (!value)
        return cli_misuse(args->command, "--%s needs a value: --%s %s", option->name, option->name, option->word);
    if (value[0] == '\0')
        return cli_misuse(args->command, "--%s has an empty value; it needs %s", option->name, option->word);
    args->values[id] = value;
    return 0;
}

/* -v, -qv, -n5, -n 5: letters of flags may be glued; a letter with a value takes the rest. */
static int take_letters(struct cli_args *args, int *i, int argc, char **argv)
{
    for (const char *at = argv[*i] + 1; *at; at++) {
        if (*at == 'h') {
            args->wants_help = true;
            continue;
        }
        const struct cli_option *option = find_letter(args->command, *at);
        if (!option) return cli_misuse(args->command, "there is no option -%.1s", at);
        const char *rest = option->word && at[1] ? at + 1 : NULL;
        int code = take(args, option, rest, i, argc, argv);
        if (code || option->word) return code;
    }
    return 0;
}

int cli_parse(struct cli_args *args, enum cli_command_id command, int argc, char **argv)
{
    *args = (struct cli_args){ .command = command, .operands = argv };
    bool options_ended = false;
    for (int i = 0; i < argc; i++) {
        char *arg = argv[i];
        int code = 0;
        if (options_ended || arg[0] != '-' || arg[1] == '\0') {
            args->operands[args->n_operands++] = arg;
        } else if (strcmp(arg, "--") == 0) {
            options_ended = true;
        } else if (strcmp(arg, "--help") == 0) {
            args->wants_help = true;
        } else if (arg[1] == '-') {
            size_t n = strcspn(arg + 2, "=");
            const struct cli_option *option = find_long(command, arg + 2, n);
            code = option ? take(args, option, arg[2 + n] == '=' ? arg + 3 + n : NULL, &i, argc, argv)
                          : unknown_long(command, arg + 2, n);
        } else {
            code = take_letters(args, &i, argc, argv);
        }
        if (code) return code;
    }
    if (args->wants_help) return 0;
    const struct cli_command *c = &cli_commands[command];
    if (args->n_operands < c->least)
        return cli_misuse(command, "something is missing: busbar %s %s", c->name, c->operands);
    if (args->n_operands > c->most)
        return cli_misuse(command, "\"%s\" is one too many: busbar %s %s", args->operands[c->most], c->name,
                          c->operands);
    for (int i = 0; i < args->n_operands; i++)
        if (args->operands[i][0] == '\0')
            return cli_misuse(command, "an empty name was given; quote it or leave it out");
    return 0;
}
