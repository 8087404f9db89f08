#include "busbar.h"
#include "cli/options.h"
#include "cli/parse_values.h"
#include "cli/terminal.h"

int cli_verify(const struct cli_args *args)
{
    const char *limit = args->values[CLI_VERIFY_MEMORY_LIMIT];
    struct busbar_error error = { .text = "" };
    uint64_t limit_nbytes = 0;
    if (limit && !cli_parse_size(limit, &limit_nbytes))
        return cli_misuse(CLI_VERIFY, "--memory-limit: \"%s\" is not a size; write 256M or 1G", limit);
    int code = (int)busbar_verify((const char *const *)args->operands, (size_t)args->n_operands, limit_nbytes,
                                  args->values[CLI_VERIFY_QUIET] != NULL, cli_write_stdout, NULL, &error);
    if (error.text[0]) cli_fail(CLI_VERIFY, code, "%s", error.text);
    return code;
}
