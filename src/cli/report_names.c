#include "cli/report_names.h"

#include <string.h>

#include "busbar.h"
#include "cli/nearest.h"

int cli_check_report(enum cli_command_id command, const char *report)
{
    struct cli_nearest nearest = cli_nearest_to(report);
    for (size_t i = 0; i < busbar_report_count(); i++) {
        const char *id = busbar_report_at(i).id;
        if (strcmp(id, report) == 0) return 0;
        cli_nearest_try(&nearest, id);
    }
    if (nearest.best)
        return cli_fail(command, 2, "there is no report \"%s\"; did you mean %s? All are listed by: busbar formats",
                        report, nearest.best);
    return cli_fail(command, 2, "there is no report \"%s\"; all are listed by: busbar formats", report);
}

int cli_check_generator(enum cli_command_id command, const char *report)
{
    struct cli_nearest nearest = cli_nearest_to(report);
    for (size_t i = 0; i < busbar_generator_count(); i++) {
        const char *id = busbar_generator_at(i, NULL);
        if (strcmp(id, report) == 0) return 0;
        cli_nearest_try(&nearest, id);
    }
    if (nearest.best)
        return cli_fail(command, 2,
                        "cannot make \"%s\"; did you mean %s? All are listed by: busbar generate --list", report,
                        nearest.best);
    return cli_fail(command, 2, "cannot make \"%s\"; what can be made is listed by: busbar generate --list",
                    report);
}
