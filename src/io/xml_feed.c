#include "io/xml_feed.h"

#include <expat.h>
#include <string.h>

struct bb_xml {
    struct bb_budget *budget; /* of the caller */
    struct bb_budget own;     /* expat's part of it */
    struct bb_xml_calls calls;
    XML_Parser parser;
    struct bb_error why;
    int stopped, paused;
};

/* Expat's allocation calls get no context. The account is bound to the thread for the time of one call into expat; a hostile
 * document then meets the limit of its own account and cannot use up the run's. */
static _Thread_local struct bb_budget *account;

static void *expat_alloc(size_t n) { return account ? bb_alloc(account, n) : NULL; }
static void *expat_realloc(void *p, size_t n) { return p || account ? bb_realloc(account, p, n) : NULL; }
static void expat_free(void *p) { bb_free(p); }

static const char *without_prefix(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct bb_xml *xml = ctx;
    if (!xml->stopped && xml->calls.start) xml->calls.start(xml->calls.ctx, xml, without_prefix(name), attributes);
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct bb_xml *xml = ctx;
    if (!xml->stopped && xml->calls.end) xml->calls.end(xml->calls.ctx, xml, without_prefix(name));
}

static void on_text(void *ctx, const XML_Char *p, int n)
{
    struct bb_xml *xml = ctx;
    if (!xml->stopped && xml->calls.text) xml->calls.text(xml->calls.ctx, xml, p, (size_t)n);
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
                       int internal)
{
    struct bb_error why;
    (void)name, (void)system_id, (void)public_id, (void)internal;
    bb_fail(&why, BB_SKIP, "its XML has a document type, which no workbook has");
    bb_xml_stop(ctx, &why);
}

enum bb_status bb_xml_new(const struct bb_xml_calls *calls, struct bb_budget *budget, struct bb_xml **xml_ret,
                          struct bb_error *err)
{
    static const XML_Memory_Handling_Suite memory = { expat_alloc, expat_realloc, expat_free };
    struct bb_xml *xml;
    *xml_ret = NULL;
    if (!bb_budget_charge(budget, BB_XML_MEMORY_NBYTES)) return bb_fail_budget(err, budget, "reading a workbook");
    xml = bb_calloc(budget, sizeof *xml);
    if (!xml) {
        bb_budget_release(budget, BB_XML_MEMORY_NBYTES);
        return bb_fail_budget(err, budget, "reading a workbook");
    }
    xml->budget = budget;
    xml->calls = *calls;
    bb_budget_init(&xml->own, BB_XML_MEMORY_NBYTES, 0);
    account = &xml->own;
    xml->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    account = NULL;
    if (!xml->parser) {
        bb_xml_free(xml);
        return bb_fail_budget(err, budget, "reading a workbook");
    }
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_start, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
    *xml_ret = xml;
    return BB_OK;
}

void bb_xml_free(struct bb_xml *xml)
{
    if (!xml) return;
    if (xml->parser) XML_ParserFree(xml->parser);
    bb_budget_release(xml->budget, BB_XML_MEMORY_NBYTES);
    bb_free(xml);
}

static enum bb_status answer(struct bb_xml *xml, enum XML_Status status, struct bb_error *err)
{
    enum XML_Error code;
    if (xml->stopped) {
        if (err) *err = xml->why;
        return xml->why.status;
    }
    xml->paused = status == XML_STATUS_SUSPENDED;
    if (status != XML_STATUS_ERROR) return BB_OK;
    code = XML_GetErrorCode(xml->parser);
    if (code == XML_ERROR_NO_MEMORY)
        return bb_fail(err, BB_SKIP, "its XML has an element or a nesting larger than any workbook's");
    return bb_fail(err, BB_SKIP, "its XML is damaged: %s in line %lu", XML_ErrorString(code),
                   (unsigned long)XML_GetCurrentLineNumber(xml->parser));
}

enum bb_status bb_xml_feed(struct bb_xml *xml, const char *p, size_t n, int last, struct bb_error *err)
{
    enum XML_Status status;
    account = &xml->own;
    status = XML_Parse(xml->parser, p, (int)n, last);
    account = NULL;
    return answer(xml, status, err);
}

enum bb_status bb_xml_resume(struct bb_xml *xml, struct bb_error *err)
{
    enum XML_Status status;
    account = &xml->own;
    status = XML_ResumeParser(xml->parser);
    account = NULL;
    return answer(xml, status, err);
}

int bb_xml_is_paused(const struct bb_xml *xml) { return xml->paused; }

void bb_xml_pause(struct bb_xml *xml) { (void)XML_StopParser(xml->parser, XML_TRUE); }

void bb_xml_stop(struct bb_xml *xml, const struct bb_error *why)
{
    if (xml->stopped) return;
    xml->stopped = 1;
    xml->why = *why;
    (void)XML_StopParser(xml->parser, XML_FALSE);
}

const char *bb_xml_attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(without_prefix(attributes[0]), name) == 0) return attributes[1];
    return NULL;
}
