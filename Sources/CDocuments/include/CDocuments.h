// The pages of Docs as bytes of the program: what a hint points to is there wherever the program is.
#pragma once

#include <stddef.h>

typedef struct {
    /// Without its ending: `catalog` for Docs/catalog.md.
    const char *name;
    const unsigned char *bytes;
    size_t size;
} cohort_document;

extern const cohort_document *const cohort_documents;
extern const size_t cohort_document_count;
