#include "busbar.h"
#include "cli/options.h"
#include "cli/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_NBYTES = 4096 };

static int write_to_file(void *ctx, const char *text, size_t nbytes)
{
    return fwrite(text, 1, nbytes, ctx) != nbytes;
}

/* The page appears under its name when it is whole, so that a browser that looks at it never sees half of one. */
static int write_page(const char *lake, const char *path)
{
    struct busbar_error error = { .text = "" };
    char unfinished[PATH_NBYTES];
    if ((size_t)snprintf(unfinished, sizeof unfinished, "%s.tmp-%ld", path, (long)getpid()) >= sizeof unfinished)
        return cli_fail(CLI_REPORT, BUSBAR_IO, "%s: the path is too long", path);
    FILE *file = fopen(unfinished, "wb");
    if (!file) return cli_fail(CLI_REPORT, BUSBAR_IO, "%s: cannot be written: %s", path, strerror(errno));
    int code = (int)busbar_report(lake, write_to_file, file, &error);
    if (fclose(file) != 0 && code == BUSBAR_OK)
        code = cli_fail(CLI_REPORT, BUSBAR_IO, "%s: cannot be written: %s", path, strerror(errno));
    if (code == BUSBAR_OK && rename(unfinished, path) != 0)
        code = cli_fail(CLI_REPORT, BUSBAR_IO, "%s: cannot be named: %s", path, strerror(errno));
    if (code != BUSBAR_OK) remove(unfinished);
    if (error.text[0]) cli_fail(CLI_REPORT, code, "%s", error.text);
    return code;
}

int cli_report(const struct cli_args *args)
{
    const char *path = args->values[CLI_REPORT_OUTPUT];
    struct busbar_error error = { .text = "" };
    if (!path) return cli_misuse(CLI_REPORT, "say where the page shall go: -o report.html, or -o - for stdout");
    if (strcmp(path, "-") != 0) return write_page(args->operands[0], path);
    int code = (int)busbar_report(args->operands[0], cli_write_stdout, NULL, &error);
    if (error.text[0]) cli_fail(CLI_REPORT, code, "%s", error.text);
    return code;
}
