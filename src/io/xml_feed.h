/* XML of unknown origin in pieces, through expat, in bounded memory. Element and attribute names come without their prefix.
 * A document type is refused (entities are how small files become large ones). */
#ifndef BB_XML_FEED_H
#define BB_XML_FEED_H

#include "base/mem.h"

/* What expat may hold for one document: its tables and one element's text; a workbook needs a tenth of it. */
#define BB_XML_MEMORY_NBYTES ((size_t)1 << 20)

struct bb_xml;

struct bb_xml_calls {
    void (*start)(void *ctx, struct bb_xml *xml, const char *name, const char **attributes);
    void (*end)(void *ctx, struct bb_xml *xml, const char *name);
    void (*text)(void *ctx, struct bb_xml *xml, const char *p, size_t n); /* any piece of it */
    void *ctx;
};

/* BB_XML_MEMORY_NBYTES are charged to budget at once. */
enum bb_status bb_xml_new(const struct bb_xml_calls *calls, struct bb_budget *budget, struct bb_xml **xml_ret,
                          struct bb_error *err) BB_WARN_UNUSED;
void bb_xml_free(struct bb_xml *xml);
/* BB_SKIP: no well-formed XML, or an element larger than the memory above. After bb_xml_pause the rest of p waits within;
 * call bb_xml_resume until bb_xml_is_paused says no before the next piece. last: nothing follows. */
enum bb_status bb_xml_feed(struct bb_xml *xml, const char *p, size_t n, int last,
                           struct bb_error *err) BB_WARN_UNUSED;
enum bb_status bb_xml_resume(struct bb_xml *xml, struct bb_error *err) BB_WARN_UNUSED;
int bb_xml_is_paused(const struct bb_xml *xml);
/* From within a call: stop after it for now, or for good with *why. */
void bb_xml_pause(struct bb_xml *xml);
void bb_xml_stop(struct bb_xml *xml, const struct bb_error *why);

/* The attribute's value or NULL. */
const char *bb_xml_attribute(const char **attributes, const char *name);

#endif
