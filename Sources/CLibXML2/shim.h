#ifndef SLUICE_CLIBXML2_SHIM_H
#define SLUICE_CLIBXML2_SHIM_H

#include <libxml/xmlversion.h>

// Debian's build asks for ICU's headers, which are not installed with it and of which nothing here is used.
#undef LIBXML_ICU_ENABLED

#include <libxml/catalog.h>
#include <libxml/dict.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlschemas.h>

// Settings of the whole process: a name inside of a document or a schema is never followed.

static inline xmlParserInputPtr sluice_xml_refuse_entity(
    const char *address, const char *identifier, xmlParserCtxtPtr context
) {
    (void)address;
    (void)identifier;
    (void)context;
    return NULL;
}

static inline void sluice_xml_start(void) {
    xmlInitParser();
    xmlSetExternalEntityLoader(sluice_xml_refuse_entity);
    xmlCatalogSetDefaults(XML_CATA_ALLOW_NONE);
}

// `xmlFree` is a variable that holds a function.
static inline void sluice_xml_free(void *memory) {
    if (memory) {
        xmlFree(memory);
    }
}

#endif
