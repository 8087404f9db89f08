#include "busbar.h"
#include "cli/options.h"
#include "cli/report_names.h"
#include "cli/terminal.h"

#include <string.h>

int cli_detect(const struct cli_args *args)
{
    const char *iso_name = args->values[CLI_DETECT_ISO], *report = args->values[CLI_DETECT_REPORT];
    struct busbar_error error = { .text = "" };
    int iso = -1;
    if (iso_name && (iso = busbar_iso_parse(iso_name, strlen(iso_name))) < 0)
        return cli_misuse(CLI_DETECT,
                          "--iso: \"%s\" is not an operator; take pjm, caiso, nyiso, ercot, miso, isone or spp",
                          iso_name);
    if (report && cli_check_report(CLI_DETECT, report)) return BUSBAR_USAGE;
    int code = (int)busbar_detect((const char *const *)args->operands, (size_t)args->n_operands, report, iso,
                                  args->values[CLI_DETECT_VERBOSE] != NULL, args->values[CLI_DETECT_JSON] != NULL,
                                  cli_write_stdout, NULL, &error);
    if (error.text[0]) cli_fail(CLI_DETECT, code, "%s", error.text);
    return code;
}
