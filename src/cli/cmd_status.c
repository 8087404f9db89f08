#include "busbar.h"
#include "cli/options.h"
#include "cli/terminal.h"

int cli_status(const struct cli_args *args)
{
    struct busbar_error error = { .text = "" };
    int json = args->values[CLI_STATUS_JSON] != NULL;
    struct cli_line_cut cut = { .width = json ? 0 : cli_terminal_width(stdout) };
    int code = (int)busbar_status(args->operands[0], json, cli_write_cut, &cut, &error);
    if (error.text[0]) cli_fail(CLI_STATUS, code, "%s", error.text);
    return code;
}
