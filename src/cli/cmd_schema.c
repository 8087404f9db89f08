#include "busbar.h"
#include "cli/options.h"
#include "cli/parse_values.h"
#include "cli/terminal.h"

int cli_schema(const struct cli_args *args)
{
    static const char *const kinds[] = { "energy", "ancillary", NULL };
    static const char *const engines[] = { "duckdb", "spark", "athena", "snowflake", "bigquery", NULL };
    const char *kind = args->operands[0], *engine = args->values[CLI_SCHEMA_DDL];
    struct busbar_error error = { .text = "" };
    if (cli_parse_choice(kind, kinds) < 0)
        return cli_misuse(CLI_SCHEMA, "\"%s\" is not a schema; take energy or ancillary", kind);
    if (engine && cli_parse_choice(engine, engines) < 0)
        return cli_misuse(CLI_SCHEMA,
                          "--ddl: \"%s\" is not known; take duckdb, spark, athena, snowflake or bigquery", engine);
    if (engine && args->values[CLI_SCHEMA_JSON])
        return cli_misuse(CLI_SCHEMA, "--json and --ddl exclude each other; give one");
    enum busbar_schema_form form = engine                          ? BUSBAR_SCHEMA_DDL
                                   : args->values[CLI_SCHEMA_JSON] ? BUSBAR_SCHEMA_JSON
                                                                   : BUSBAR_SCHEMA_TEXT;
    int code = (int)busbar_schema(kind, form, engine, cli_write_stdout, NULL, &error);
    if (error.text[0]) cli_fail(CLI_SCHEMA, code, "%s", error.text);
    return code;
}
