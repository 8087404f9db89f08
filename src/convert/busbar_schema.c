/* busbar_schema: the unified columns as text, JSON or DDL. */
#include "base/json.h"
#include "convert/door.h"
#include "table/columns.h"

struct engine {
    const char *name, *types[BB_KIND_FLAG + 1];
    const char *open, *close;
};

/* One row per engine, in the order of enum bb_column_kind: time, local time, date, tiny, small, int, text, price, number, flag. */
static const struct engine engines[] = {
    { "duckdb",
      { "TIMESTAMPTZ", "TIMESTAMPTZ", "DATE", "TINYINT", "SMALLINT", "INTEGER", "VARCHAR", "DOUBLE", "DOUBLE",
        "BOOLEAN" },
      "CREATE TABLE",
      ");" },
    { "spark",
      { "TIMESTAMP", "TIMESTAMP", "DATE", "TINYINT", "SMALLINT", "INT", "STRING", "DOUBLE", "DOUBLE", "BOOLEAN" },
      "CREATE TABLE",
      ") USING PARQUET LOCATION 'PATH';" },
    { "athena",
      { "timestamp", "timestamp", "date", "tinyint", "smallint", "int", "string", "double", "double", "boolean" },
      "CREATE EXTERNAL TABLE",
      ") STORED AS PARQUET LOCATION 's3://BUCKET/PATH/';" },
    { "snowflake",
      { "TIMESTAMP_LTZ(6)", "TIMESTAMP_LTZ(6)", "DATE", "NUMBER(3,0)", "NUMBER(5,0)", "NUMBER(10,0)", "VARCHAR",
        "FLOAT", "FLOAT", "BOOLEAN" },
      "CREATE TABLE",
      ");" },
    { "bigquery",
      { "TIMESTAMP", "TIMESTAMP", "DATE", "INT64", "INT64", "INT64", "STRING", "FLOAT64", "FLOAT64", "BOOL" },
      "CREATE TABLE",
      ");" },
};

static const char *const plain_types[BB_KIND_FLAG + 1] = { "timestamp[us, UTC]",
                                                           "timestamp[us, local zone]",
                                                           "date",
                                                           "int8",
                                                           "int16",
                                                           "int32",
                                                           "string",
                                                           "double",
                                                           "double",
                                                           "bool" };

static void write_text(struct bb_out *out, const struct bb_column_info *c, size_t n)
{
    bb_out_printf(out, "%-25s %-26s %-8s %-8s %s\n", "column", "type", "null", "unit", "meaning");
    for (size_t i = 0; i < n; i++)
        bb_out_printf(out, "%-25s %-26s %-8s %-8s %s\n", c[i].name, plain_types[c[i].kind],
                      c[i].nullable ? "yes" : "no", c[i].unit, c[i].meaning);
}

static enum bb_status write_json(struct bb_out *out, const struct bb_column_info *c, size_t n,
                                 struct bb_budget *budget, struct bb_error *err)
{
    struct bb_buf text;
    struct bb_json j;
    int ok;
    bb_buf_init(&text, budget, (size_t)1 << 20);
    bb_json_init(&j, &text, 1);
    bb_json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        bb_json_open(&j, '{');
        bb_json_put_cstr(&j, "name", c[i].name);
        bb_json_put_cstr(&j, "type", plain_types[c[i].kind]);
        bb_json_put_bool(&j, "nullable", c[i].nullable);
        bb_json_put_cstr(&j, "unit", c[i].unit);
        bb_json_put_cstr(&j, "meaning", c[i].meaning);
        bb_json_close(&j, '}');
    }
    bb_json_close(&j, ']');
    ok = bb_json_ok(&j) && bb_buf_putc(&text, '\n');
    if (ok) bb_out_put(out, bb_buf_str(&text));
    bb_buf_reset(&text);
    return ok ? BB_OK : bb_fail_budget(err, budget, "the schema");
}

static enum bb_status write_ddl(struct bb_out *out, const struct bb_column_info *c, size_t n, const char *kind,
                                const char *name, struct bb_error *err)
{
    const struct engine *e = NULL;
    for (size_t i = 0; i < BB_ARRAY_LEN(engines); i++)
        if (name && strcmp(engines[i].name, name) == 0) e = &engines[i];
    if (!e)
        return bb_fail(err, BB_MISUSE,
                       "no DDL for engine \"%s\"; there is duckdb, spark, athena, snowflake, bigquery",
                       name ? name : "");
    bb_out_printf(out, "%s %s (\n", e->open, kind);
    for (size_t i = 0; i < n; i++)
        bb_out_printf(out, "    %s %s%s%s\n", c[i].name, e->types[c[i].kind],
                      c[i].nullable || strcmp(e->name, "athena") == 0 ? "" : " NOT NULL", i + 1 < n ? "," : "");
    bb_out_printf(out, "%s\n", e->close);
    return BB_OK;
}

enum busbar_result busbar_schema(const char *kind, enum busbar_schema_form form, const char *engine,
                                 busbar_write write, void *ctx, struct busbar_error *error)
{
    struct bb_budget budget;
    struct bb_error err, out_err;
    struct bb_out out;
    const struct bb_column_info *columns;
    enum bb_status status = BB_OK, out_status;
    size_t n;
    int energy = strcmp(kind, "energy") == 0;
    bb_budget_init(&budget, 0, 0);
    if (!energy && strcmp(kind, "ancillary") != 0)
        return bb_leave(bb_fail(&err, BB_MISUSE, "no schema \"%s\"; there is energy and ancillary", kind), &err,
                        error);
    columns = bb_columns(energy ? BB_ENERGY : BB_ANCILLARY, &n);
    bb_out_init(&out, write, ctx, &budget);
    if (form == BUSBAR_SCHEMA_TEXT)
        write_text(&out, columns, n);
    else if (form == BUSBAR_SCHEMA_JSON)
        status = write_json(&out, columns, n, &budget, &err);
    else
        status = write_ddl(&out, columns, n, kind, engine, &err);
    out_status = bb_out_end(&out, &out_err);
    if (status == BB_OK && out_status != BB_OK) err = out_err, status = out_status;
    return bb_leave(status, &err, error);
}
