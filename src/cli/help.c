#include "busbar.h"
#include "cli/help.h"
#include "cli/terminal.h"

#include <string.h>

struct exit_code {
    int number;
    const char *text;
};
struct topic {
    const char *name, *title, *text;
};

#define CLI_COMMAND(id, function, name, operands, least, most, line, text)
#define CLI_OPTION(command, id, letter, name, word, text)
#define CLI_TOPIC(name, title, text)
static const struct exit_code exit_codes[] = {
#define CLI_EXIT(number, text) { number, text },
#include "cli/options.def"
#undef CLI_EXIT
#undef CLI_TOPIC
};
#define CLI_EXIT(number, text)
static const struct topic topics[] = {
#define CLI_TOPIC(name, title, text) { name, title, text },
#include "cli/options.def"
};
enum { N_EXIT_CODES = sizeof exit_codes / sizeof *exit_codes, N_TOPICS = sizeof topics / sizeof *topics };

static const char purpose[] = "busbar turns the raw price files of the seven US electricity market operators (PJM, "
                              "CAISO, NYISO, ERCOT, MISO, ISO-NE, SPP) "
                              "into one lake of Parquet files: one schema, UTC and local time, sorted, each key "
                              "once, in a fixed memory budget.";

static int page_width(void)
{
    int width = cli_terminal_width(stdout);
    if (width == 0) return 80;
    return width < 40 ? 40 : width > 100 ? 100 : width;
}

/* Calls put for each paragraph of a text. */
static void each_paragraph(const char *text, void (*put)(const char *paragraph))
{
    char paragraph[2048];
    while (*text) {
        size_t n = strcspn(text, "\n");
        size_t kept = n < sizeof paragraph ? n : sizeof paragraph - 1;
        memcpy(paragraph, text, kept);
        paragraph[kept] = '\0';
        put(paragraph);
        text += n + (text[n] == '\n');
    }
}

/* "-o, --output LAKE" */
static void option_title(const struct cli_option *option, char *title, size_t n)
{
    char letter[8] = "    ";
    if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(title, n, "%s--%s%s%s", letter, option->name, option->word ? " " : "",
             option->word ? option->word : "");
}

/* ---- text ---- */

static void put_text_paragraph(const char *paragraph)
{
    cli_put_wrapped(stdout, paragraph, 0, 0, page_width());
    putchar('\n');
}

static void put_entry(const char *title, int indent, int text_column, const char *text)
{
    int at = indent + (int)strlen(title);
    printf("%*s%s", indent, "", title);
    if (at + 2 > text_column) {
        putchar('\n');
        at = 0;
    }
    printf("%*s", text_column - at, "");
    cli_put_wrapped(stdout, text, text_column, text_column, page_width());
}

static void put_exit_codes(void)
{
    for (int i = 0; i < N_EXIT_CODES; i++) {
        char title[16];
        snprintf(title, sizeof title, "%3d", exit_codes[i].number);
        put_entry(title, 2, 8, exit_codes[i].text);
    }
}

void cli_put_overview(FILE *file)
{
    if (file != stdout) {
        fputs("usage: busbar COMMAND ...\nThe commands are listed by: busbar help\n", file);
        return;
    }
    put_text_paragraph(purpose);
    puts("usage: busbar COMMAND ...\n");
    for (int i = 0; i < CLI_N_COMMANDS; i++) put_entry(cli_commands[i].name, 2, 13, cli_commands[i].line);
    puts("\n  busbar help COMMAND    options of a command\n"
         "  busbar --version       the version\n\n"
         "For example:\n\n"
         "  busbar detect downloads/\n"
         "  busbar convert downloads/ -o lake --memory-limit 256M");
}

void cli_put_command_help(enum cli_command_id command)
{
    const struct cli_command *c = &cli_commands[command];
    int at = printf("busbar %s: ", c->name);
    cli_put_wrapped(stdout, c->line, at, 4, page_width());
    printf("\nusage: busbar %s%s%s [options]\n\n", c->name, *c->operands ? " " : "", c->operands);
    each_paragraph(c->text, put_text_paragraph);
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        char title[64];
        if (cli_options[i].command != command) continue;
        option_title(&cli_options[i], title, sizeof title);
        put_entry(title, 2, 32, cli_options[i].text);
    }
    put_entry("-h, --help", 2, 32, "this text");
}

static bool put_topic(const char *name)
{
    if (strcmp(name, "exit-codes") == 0) {
        puts("Exit codes\n");
        put_exit_codes();
        return true;
    }
    for (int i = 0; i < N_TOPICS; i++) {
        if (strcmp(topics[i].name, name) != 0) continue;
        printf("%s\n\n", topics[i].title);
        each_paragraph(topics[i].text, put_text_paragraph);
        return true;
    }
    return false;
}

/* ---- Markdown ---- */

/* '|' would end a table's cell and '<' begin a tag. */
static void put_markdown(const char *text)
{
    for (; *text; text++) {
        if (strchr("|<*_", *text)) putchar('\\');
        putchar(*text);
    }
}

static void put_markdown_paragraph(const char *paragraph)
{
    put_markdown(paragraph);
    puts("\n");
}

static void put_all_markdown(void)
{
    puts("# The command line\n\n"
         "Made from `src/cli/options.def` by `busbar help --markdown`; `scripts/check_help.sh` keeps it true.\n");
    put_markdown_paragraph(purpose);
    for (int c = 0; c < CLI_N_COMMANDS; c++) {
        const struct cli_command *command = &cli_commands[c];
        printf("## busbar %s\n\n```\nbusbar %s%s%s [options]\n```\n\n", command->name, command->name,
               *command->operands ? " " : "", command->operands);
        each_paragraph(command->text, put_markdown_paragraph);
        puts("| option | what it does |\n|---|---|");
        for (int i = 0; i < CLI_N_OPTIONS; i++) {
            const struct cli_option *o = &cli_options[i];
            if (o->command != (enum cli_command_id)c) continue;
            fputs("| ", stdout);
            if (o->letter) printf("`-%c` ", o->letter);
            printf("`--%s`", o->name);
            if (o->word) {
                putchar(' ');
                put_markdown(o->word);
            }
            fputs(" | ", stdout);
            put_markdown(o->text);
            puts(" |");
        }
        puts("| `-h` `--help` | this list |\n");
    }
    puts("## Exit codes\n\n| code | meaning |\n|---|---|");
    for (int i = 0; i < N_EXIT_CODES; i++) printf("| %d | %s |\n", exit_codes[i].number, exit_codes[i].text);
    puts("\nAsked-for data goes to the standard output; progress, warnings and the summary go to the standard "
         "error.");
    for (int i = 0; i < N_TOPICS; i++) {
        printf("\n## %s\n\n", topics[i].title);
        for (const char *at = topics[i].text; *at;) {
            int n = (int)strcspn(at, "\n");
            printf("%.*s\n%s", n, at, at[n] ? "\n" : "");
            at += n + (at[n] == '\n');
        }
    }
}

/* ---- manual page ---- */

/* Backslash and '-' have a meaning of their own in roff, and so has a dot or quote that begins a line. */
static void put_roff(const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

static void put_roff_paragraph(const char *paragraph)
{
    puts(".PP");
    put_roff(paragraph);
    putchar('\n');
}

static void put_all_man(void)
{
    printf(".\\\" Made from src/cli/options.def by: busbar help --man\n"
           ".TH BUSBAR 1 \"\" \"busbar %s\" \"User Commands\"\n"
           ".SH NAME\nbusbar \\- electricity market prices, from raw files to one Parquet lake\n.SH SYNOPSIS\n",
           busbar_version());
    for (int c = 0; c < CLI_N_COMMANDS; c++) {
        printf("%s.B busbar %s\n", c ? ".br\n" : "", cli_commands[c].name);
        if (*cli_commands[c].operands) {
            put_roff(cli_commands[c].operands);
            putchar(' ');
        }
        puts("[options]");
    }
    puts(".SH DESCRIPTION");
    put_roff(purpose);
    puts("\n.PP\nAsked\\-for data goes to the standard output; progress, warnings and the summary go to the "
         "standard error.\n"
         ".SH COMMANDS");
    for (int c = 0; c < CLI_N_COMMANDS; c++) {
        const struct cli_command *command = &cli_commands[c];
        printf(".SS busbar %s ", command->name);
        put_roff(command->operands);
        putchar('\n');
        each_paragraph(command->text, put_roff_paragraph);
        for (int i = 0; i < CLI_N_OPTIONS; i++) {
            const struct cli_option *o = &cli_options[i];
            if (o->command != (enum cli_command_id)c) continue;
            fputs(".TP\n", stdout);
            if (o->letter) printf("\\fB\\-%c\\fR, ", o->letter);
            fputs("\\fB\\-\\-", stdout);
            put_roff(o->name);
            fputs("\\fR", stdout);
            if (o->word) printf(" \\fI%s\\fR", o->word);
            putchar('\n');
            put_roff(o->text);
            putchar('\n');
        }
    }
    puts(".SH EXIT STATUS");
    for (int i = 0; i < N_EXIT_CODES; i++) {
        printf(".TP\n.B %d\n", exit_codes[i].number);
        put_roff(exit_codes[i].text);
        putchar('\n');
    }
    for (int i = 0; i < N_TOPICS; i++) {
        fputs(".SH ", stdout);
        for (const char *at = topics[i].title; *at; at++) putchar(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
        putchar('\n');
        each_paragraph(topics[i].text, put_roff_paragraph);
    }
}

int cli_help(const struct cli_args *args)
{
    if (args->values[CLI_HELP_MARKDOWN] && args->values[CLI_HELP_MAN])
        return cli_misuse(CLI_HELP, "--markdown and --man exclude each other; give one");
    if (args->values[CLI_HELP_MARKDOWN])
        put_all_markdown();
    else if (args->values[CLI_HELP_MAN])
        put_all_man();
    else if (args->n_operands == 0)
        cli_put_overview(stdout);
    else if (!put_topic(args->operands[0])) {
        const struct cli_command *command = cli_command_find(args->operands[0]);
        if (!command) return 2;
        cli_put_command_help((enum cli_command_id)(command - cli_commands));
    }
    return 0;
}
