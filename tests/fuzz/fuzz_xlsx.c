/* Any bytes as one part of a workbook (the first byte says which): read to its end or its first MB in a small budget, nothing left
 * behind. The zip around it is sound, so that the bytes reach the XML. */
#include "io/source.h"

#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct zip {
    uint8_t *p, central[2048];
    size_t n, n_central, n_entries;
};

static void put(uint8_t *p, uint64_t v, int n)
{
    for (int i = 0; i < n; i++) p[i] = (uint8_t)(v >> 8 * i);
}

static void add(struct zip *z, const char *name, const void *text, size_t n)
{
    size_t n_name = strlen(name);
    uint8_t *h = z->p + z->n, *c = z->central + z->n_central;
    uint32_t crc = (uint32_t)crc32(0, text, (unsigned)n);
    memset(h, 0, 30);
    memset(c, 0, 46);
    memcpy(h, "PK\3\4\24\0", 6);
    memcpy(c, "PK\1\2\24\0\24\0", 8);
    put(h + 14, crc, 4), put(h + 18, n, 4), put(h + 22, n, 4), put(h + 26, n_name, 2);
    put(c + 16, crc, 4), put(c + 20, n, 4), put(c + 24, n, 4), put(c + 28, n_name, 2), put(c + 42, z->n, 4);
    memcpy(h + 30, name, n_name);
    memcpy(h + 30 + n_name, text, n);
    memcpy(c + 46, name, n_name);
    z->n += 30 + n_name + n;
    z->n_central += 46 + n_name;
    z->n_entries++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml",
                                         "xl/workbook.xml", "xl/_rels/workbook.xml.rels" };
    static const char sheet[] = "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c>"
                                "<c s=\"1\"><v>45000.5</v></c></row></sheetData></worksheet>";
    static const char *const texts[] = {
        sheet, "<sst><si><t>Delivery Date</t></si></sst>",
        "<styleSheet><cellXfs><xf/><xf numFmtId=\"22\"/></cellXfs></styleSheet>",
        "<workbook><sheets><sheet id=\"a\"/></sheets></workbook>",
        "<Relationships><Relationship Id=\"a\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    };
    static char block[10007];
    struct zip *z = calloc(1, sizeof *z);
    struct bb_budget budget;
    struct bb_leaf_list *list;
    struct bb_error err;
    size_t part = size ? data[0] % 5 : 0;
    if (!z || !(z->p = malloc(size + 8192))) abort();
    add(z, "[Content_Types].xml", "<Types/>", 8);
    for (size_t i = 0; i < 5; i++)
        add(z, names[i], i == part && size ? (const void *)(data + 1) : texts[i],
            i == part && size ? size - 1 : strlen(texts[i]));
    memcpy(z->p + z->n, z->central, z->n_central);
    memset(z->p + z->n + z->n_central, 0, 22);
    memcpy(z->p + z->n + z->n_central, "PK\5\6", 4);
    put(z->p + z->n + z->n_central + 8, z->n_entries, 2);
    put(z->p + z->n + z->n_central + 10, z->n_entries, 2);
    put(z->p + z->n + z->n_central + 12, z->n_central, 4);
    put(z->p + z->n + z->n_central + 16, z->n, 4);
    bb_budget_init(&budget, (size_t)16 << 20, 0);
    if (bb_leaf_list_of_bytes("x.xlsx", z->p, z->n + z->n_central + 22, NULL, &budget, &list, &err) == BB_OK) {
        struct bb_stream *stream;
        size_t n, total = 0;
        if (bb_stream_open(bb_leaf_at(list, 0), &budget, &stream, &err) == BB_OK) {
            while (total < 1 << 20 && bb_stream_read(stream, block, sizeof block, &n, &err) == BB_OK) {
                if (n == 0 || n > sizeof block) abort();
                total += n;
            }
            bb_stream_close(stream);
        }
        bb_leaf_list_free(list);
    }
    if (budget.used_nbytes != 0) abort();
    free(z->p);
    free(z);
    return 0;
}
