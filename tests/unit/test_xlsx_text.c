/* Workbooks as text: made here, part by part, with stored members, so that every oddity can be put in. */
#include "io/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

struct zip {
    unsigned char *p;
    size_t n, n_central, n_entries;
    unsigned char central[65536];
};

static void put(unsigned char *p, unsigned long v, int n)
{
    for (int i = 0; i < n; i++) p[i] = (unsigned char)(v >> 8 * i);
}

static void add(struct zip *z, const char *name, const char *text, size_t n)
{
    unsigned long crc = crc32(0, (const unsigned char *)text, (unsigned)n);
    size_t n_name = strlen(name), at = z->n;
    unsigned char *h, *c = z->central + z->n_central;
    z->p = realloc(z->p, z->n + 30 + n_name + n + sizeof z->central);
    h = z->p + z->n;
    memset(h, 0, 30);
    memcpy(h, "PK\3\4\24\0", 6);
    put(h + 14, crc, 4), put(h + 18, n, 4), put(h + 22, n, 4), put(h + 26, n_name, 2);
    memcpy(h + 30, name, n_name);
    memcpy(h + 30 + n_name, text, n);
    z->n += 30 + n_name + n;
    memset(c, 0, 46);
    memcpy(c, "PK\1\2\24\0\24\0", 8);
    put(c + 16, crc, 4), put(c + 20, n, 4), put(c + 24, n, 4), put(c + 28, n_name, 2), put(c + 42, at, 4);
    memcpy(c + 46, name, n_name);
    z->n_central += 46 + n_name;
    z->n_entries++;
}

static void finish(struct zip *z)
{
    unsigned char *e;
    memcpy(z->p + z->n, z->central, z->n_central);
    e = z->p + z->n + z->n_central;
    memset(e, 0, 22);
    memcpy(e, "PK\5\6", 4);
    put(e + 8, z->n_entries, 2), put(e + 10, z->n_entries, 2), put(e + 12, z->n_central, 4), put(e + 16, z->n, 4);
    z->n += z->n_central + 22;
}

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define STYLES                                                                                                     \
    XML "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"#,##0.00\"/>"                                  \
        "<numFmt numFmtId=\"165\" formatCode=\"[$-409]m/d/yyyy\\ h:mm\"/><numFmt numFmtId=\"166\" "                \
        "formatCode=\"&quot;days&quot;0\"/></numFmts><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>"           \
        "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf numFmtId=\"165\"/>"           \
        "<xf numFmtId=\"166\"/></cellXfs></styleSheet>"
#define SHARED                                                                                                     \
    XML "<sst><si><t>Name</t></si><si><r><t>two "                                                                  \
        "</t></r><r><t>runs</t></r></si><si><t>a,\"b\"&amp;c</t><rPh><t>no</t>"                                    \
        "</rPh></si></sst>"

struct book {
    const char *sheets[3]; /* what stands in sheetData */
    const char *workbook_extra, *raw_sheet, *shared;
};

static void make(struct zip *z, const struct book *b)
{
    char text[4096];
    int n = 0;
    memset(z, 0, sizeof *z);
    add(z, "[Content_Types].xml", "<Types/>", 8);
    n = snprintf(
        text, sizeof text,
        XML "<workbook xmlns:r=\"x\">%s<sheets><sheet name=\"h\" sheetId=\"9\" state=\"hidden\" r:id=\"rId9\"/>",
        b->workbook_extra ? b->workbook_extra : "");
    /* the order of the sheets is the workbook's, not that of the parts */
    for (int i = 0; i < 3 && b->sheets[i]; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "<sheet name=\"s%d\" sheetId=\"%d\" r:id=\"rId%d\"/>", i,
                      i + 1, i + 1);
    n += snprintf(text + n, sizeof text - (size_t)n, "</sheets></workbook>");
    add(z, "xl/workbook.xml", text, (size_t)n);
    n = snprintf(text, sizeof text, XML "<Relationships>");
    for (int i = 2; i >= 0; i--)
        n += snprintf(text + n, sizeof text - (size_t)n, "<Relationship Id=\"rId%d\" Target=\"%s/sheet%d.xml\"/>",
                      i + 1, i == 1 ? "/xl/worksheets" : "worksheets", i);
    n += snprintf(text + n, sizeof text - (size_t)n,
                  "<Relationship Id=\"rId9\" Target=\"worksheets/sheet0.xml\"/></Relationships>");
    add(z, "xl/_rels/workbook.xml.rels", text, (size_t)n);
    for (int i = 2; i >= 0; i--) {
        char *sheet;
        if (!b->sheets[i]) continue;
        sheet = malloc(strlen(b->sheets[i]) + 200);
        n = sprintf(sheet, XML "<worksheet><cols><col min=\"1\"/></cols><sheetData>%s</sheetData></worksheet>",
                    b->sheets[i]);
        snprintf(text, sizeof text, "xl/worksheets/Sheet%d.xml", i); /* names are found whatever their case */
        add(z, text, b->raw_sheet && i == 0 ? b->raw_sheet : sheet,
            b->raw_sheet && i == 0 ? strlen(b->raw_sheet) : (size_t)n);
        free(sheet);
    }
    add(z, "xl/styles.xml", STYLES, strlen(STYLES));
    add(z, "xl/sharedStrings.xml", b->shared ? b->shared : SHARED, strlen(b->shared ? b->shared : SHARED));
    finish(z);
}

struct outcome {
    enum bb_status status;
    struct bb_error err;
    char *text;
    size_t n, peak_nbytes;
};

static struct outcome read_bytes(const void *p, size_t n, size_t step, size_t limit)
{
    struct outcome o = { BB_OK, { BB_OK, "" }, calloc(1, 1), 0, 0 };
    struct bb_budget budget;
    struct bb_leaf_list *list = NULL;
    struct bb_stream *stream = NULL;
    bb_budget_init(&budget, limit, 0);
    o.status = bb_leaf_list_of_bytes("book.xlsx", p, n, NULL, &budget, &list, &o.err);
    if (o.status == BB_OK) {
        assert_int_equal(bb_leaf_count(list), 1);
        o.status = bb_stream_open(bb_leaf_at(list, 0), &budget, &stream, &o.err);
        while (o.status == BB_OK) {
            size_t got = 0;
            o.text = realloc(o.text, o.n + step + 1);
            o.status = bb_stream_read(stream, o.text + o.n, step, &got, &o.err);
            o.n += got;
        }
        o.text[o.n] = 0;
        bb_stream_close(stream);
        bb_leaf_list_free(list);
    }
    assert_int_equal(budget.used_nbytes, 0);
    o.peak_nbytes = budget.peak_nbytes;
    return o;
}

static struct outcome read_book(const struct book *b, size_t step)
{
    struct zip z;
    struct outcome o;
    make(&z, b);
    o = read_bytes(z.p, z.n, step, 0);
    free(z.p);
    return o;
}

static void expect(const struct book *b, const char *want)
{
    static const size_t steps[] = { 1, 7, 65536 };
    for (size_t i = 0; i < 3; i++) {
        struct outcome o = read_book(b, steps[i]);
        if (o.status != BB_EOF) fail_msg("%s", o.err.text);
        assert_string_equal(o.text, want);
        free(o.text);
    }
}

static void expect_refusal(const struct book *b, const char *part_of_text)
{
    struct outcome o = read_book(b, 4096);
    assert_int_equal(o.status, BB_SKIP);
    if (!strstr(o.err.text, part_of_text)) fail_msg("says: %s", o.err.text);
    free(o.text);
}

#define HEAD                                                                                                       \
    "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"inlineStr\"><is><t>Price</t></is></c></row>"

static void test_cells(void **unused)
{
    (void)unused;
    expect(
        &(struct book){
            { HEAD "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c><c r=\"B2\" s=\"2\"><v>1899.35</v></c></row>"
                   "<row r=\"3\"><c r=\"A3\" t=\"s\"><v>2</v></c><c r=\"B3\"><v>18.399999999999999</v></c></row>"
                   "<row r=\"4\"><c r=\"A4\" t=\"str\"><f>1+1</f><v>x&#10;y</v></c><c r=\"B4\" "
                   "t=\"b\"><v>1</v></c></row>"
                   "<row r=\"5\"><c t=\"inlineStr\"><is><t>no ref</t></is></c><c t=\"e\"><v>#N/A</v></c></row>" } },
        "Name,Price\ntwo runs,1899.35\n\"a,\"\"b\"\"&c\",18.399999999999999\nx y,TRUE\nno ref,#N/A\n");
}

static void test_gaps_and_empty_rows(void **unused)
{
    (void)unused;
    /* missing cells are empty fields, short rows are filled up, rows without values are no lines */
    expect(
        &(struct book){
            { HEAD "<row r=\"2\"/><row r=\"3\"><c r=\"A3\" s=\"1\"/><c r=\"B3\" s=\"1\"/></row>"
                   "<row r=\"4\"><c r=\"B4\"><v>2</v></c></row><row r=\"5\"><c r=\"A5\"><v>3</v></c></row>"
                   "<row r=\"6\"><c r=\"D6\"><v>4</v></c></row><row r=\"7\"><c r=\"A7\"><v>5</v></c></row>" } },
        "Name,Price\n,2\n3,\n,,,4\n5,,,\n");
}

static void test_dates(void **unused)
{
    (void)unused;
    /* 45717 is 2025-03-01; a time that is a third of a second early is still the second it means */
    expect(
        &(struct book){
            { HEAD
              "<row r=\"2\"><c r=\"A2\" s=\"1\"><v>45717</v></c><c r=\"B2\" s=\"4\"><v>45717</v></c></row>"
              "<row r=\"3\"><c r=\"A3\" s=\"3\"><v>45717.996527777774</v></c><c r=\"B3\" "
              "s=\"3\"><v>0.5</v></c></row>"
              "<row r=\"4\"><c r=\"A4\" s=\"3\"><v>45716.999999</v></c><c r=\"B4\" s=\"99\"><v>1</v></c></row>" } },
        "Name,Price\n2025-03-01,45717\n2025-03-01 23:55:00,12:00:00\n2025-03-01,1\n");
    expect(&(struct book){ { HEAD "<row r=\"2\"><c r=\"A2\" s=\"1\"><v>44255</v></c></row>" },
                           .workbook_extra = "<workbookPr date1904=\"1\"/>" },
           "Name,Price\n2025-03-01,\n");
}

static void test_sheets(void **unused)
{
    (void)unused;
    /* in the workbook's order; the header of further sheets is left out, a data row that looks like one is not */
    expect(&(struct book){ { HEAD "<row><c><v>1</v></c></row><row><c><v>2</v></c></row>",
                             HEAD "<row><c><v>3</v></c></row><row><c><v>2</v></c></row>", HEAD } },
           "Name,Price\n1,\n2,\n3,\n2,\n");
    /* titles too, as far as they agree */
    expect(&(struct book){ { "<row><c t=\"s\"><v>1</v></c></row><row/>" HEAD "<row><c><v>1</v></c></row>",
                             "<row><c t=\"s\"><v>1</v></c></row><row/>" HEAD "<row><c><v>5</v></c></row>" } },
           "two runs\nName,Price\n1,\n5,\n");
}

static void test_long_sheet(void **unused)
{
    enum { ROWS = 60000 };
    char *sheet = malloc(ROWS * 80 + sizeof HEAD), *p = sheet;
    struct book b = { { sheet } };
    struct outcome o;
    struct zip z;
    size_t lines = 0, sum = 0;
    (void)unused;
    p += sprintf(p, HEAD);
    for (int i = 0; i < ROWS; i++)
        p += sprintf(p, "<row r=\"%d\"><c t=\"s\"><v>2</v></c><c><v>%d</v></c></row>", i + 2, i);
    make(&z, &b);
    o = read_bytes(z.p, z.n, 100000, (size_t)5 << 20);
    assert_int_equal(o.status, BB_EOF);
    for (char *line = strtok(o.text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        if (lines == 0) continue;
        assert_int_equal(strncmp(line, "\"a,\"\"b\"\"&c\",", 12), 0);
        sum += strtoul(line + 12, NULL, 10);
    }
    assert_int_equal(lines, ROWS + 1);
    assert_int_equal(sum, (size_t)ROWS * (ROWS - 1) / 2);
    free(o.text);
    free(z.p);
    free(sheet);
}

static void test_hostile(void **unused)
{
    char *many;
    (void)unused;
    expect_refusal(&(struct book){ { "<row><c t=\"s\"><v>3</v></c></row>" } }, "shared text that does not exist");
    expect_refusal(&(struct book){ { "<row><c t=\"s\"><v>99999999999999999999</v></c></row>" } }, "shared text");
    expect_refusal(&(struct book){ { "<row><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>2</v></c></row>" } }, "in order");
    expect_refusal(&(struct book){ { "<row><c r=\"ZZZZZ1\"><v>1</v></c></row>" } }, "too many columns");
    expect_refusal(&(struct book){ { "<row><c><v>1</v></c></rwo>" } }, "damaged");
    expect_refusal(&(struct book){ { "x" }, .raw_sheet = XML "<worksheet><sheetData><row><c><v>1" }, "damaged");
    expect_refusal(
        &(struct book){ { "x" },
                        .raw_sheet = XML
                        "<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet><sheetData>&b;</sheetData></worksheet>" },
        "document type");
    expect_refusal(&(struct book){ { NULL } }, "without sheets");
    /* what expat would have to keep: a long attribute, deep nesting, endless names */
    many = malloc(4 << 20);
    memset(many, 'a', 4 << 20);
    memcpy(many, "<a b=\"", 6);
    memcpy(many + (4 << 20) - 4, "\"/>", 4);
    expect_refusal(&(struct book){ { "x" }, .raw_sheet = many }, "larger than any workbook");
    for (size_t i = 0; i < (4 << 20) - 4; i += 4) memcpy(many + i, "<ab>", 4);
    many[(4 << 20) - 4] = 0;
    expect_refusal(&(struct book){ { "x" }, .raw_sheet = many }, "larger than any workbook");
    memcpy(many, "<w>", 3);
    for (size_t i = 3; i < (4 << 20) - 20; i += 10) snprintf(many + i, 12, "<n%06zx/>", i / 10);
    expect_refusal(&(struct book){ { "x" }, .raw_sheet = many }, "larger than any workbook");
    /* a row that is longer than a record, out of one shared text */
    memset(many, 'z', 40000);
    memcpy(many, XML "<sst><si><t>", strlen(XML "<sst><si><t>"));
    snprintf(many + 40000, 100, "</t></si></sst>");
    expect_refusal(&(struct book){ { "<row><c t=\"s\"><v>0</v></c></row>" }, .shared = many },
                   "longer than any record");
    free(many);
}

/* Every byte of a small workbook cut off or changed: an answer, no crash, no leak. */
static void test_damage(void **unused)
{
    struct book b = {
        { HEAD "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c><c r=\"B2\" s=\"3\"><v>45000.5</v></c></row>" }
    };
    struct zip z;
    (void)unused;
    make(&z, &b);
    for (size_t i = 0; i < z.n; i += 3) {
        struct bb_budget budget;
        struct bb_leaf_list *list = NULL;
        unsigned char kept = z.p[i];
        for (int cut = 0; cut < 2; cut++) {
            bb_budget_init(&budget, 0, 0);
            if (!cut) z.p[i] ^= 0x55;
            if (bb_leaf_list_of_bytes("b.xlsx", z.p, cut ? i : z.n, NULL, &budget, &list, NULL) == BB_OK) {
                for (size_t k = 0; k < bb_leaf_count(list); k++) {
                    struct bb_stream *stream;
                    char text[512];
                    size_t n;
                    if (bb_stream_open(bb_leaf_at(list, k), &budget, &stream, NULL) != BB_OK) continue;
                    while (bb_stream_read(stream, text, sizeof text, &n, NULL) == BB_OK) continue;
                    bb_stream_close(stream);
                }
                bb_leaf_list_free(list);
            }
            z.p[i] = kept;
            assert_int_equal(budget.used_nbytes, 0);
        }
    }
    free(z.p);
}

/* No memory, at every allocation. */
static void test_no_memory(void **unused)
{
    struct book b = { { HEAD "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c></row>" } };
    struct zip z;
    int ended = 0;
    (void)unused;
    make(&z, &b);
    for (long k = 1; k < 4000 && !ended; k++) {
        struct outcome o;
        atomic_store(&bb_mem_fail_countdown, k);
        o = read_bytes(z.p, z.n, 100, 0);
        ended = atomic_load(&bb_mem_fail_countdown) > 0;
        if (ended) assert_int_equal(o.status, BB_EOF);
        free(o.text);
        atomic_store(&bb_mem_fail_countdown, 0);
    }
    assert_true(ended);
    free(z.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),  cmocka_unit_test(test_gaps_and_empty_rows), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_sheets), cmocka_unit_test(test_long_sheet),          cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_damage), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
