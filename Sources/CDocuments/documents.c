#include "CDocuments.h"

// Standard since C23; clang has it in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char anchors[] = {
#embed "../../Docs/anchors.md"
};
static const unsigned char architecture[] = {
#embed "../../Docs/architecture.md"
};
static const unsigned char catalog[] = {
#embed "../../Docs/catalog.md"
};
static const unsigned char clustering[] = {
#embed "../../Docs/clustering.md"
};
static const unsigned char comparison[] = {
#embed "../../Docs/comparison.md"
};
static const unsigned char configuration[] = {
#embed "../../Docs/configuration.md"
};
static const unsigned char durability[] = {
#embed "../../Docs/durability.md"
};
static const unsigned char embedding[] = {
#embed "../../Docs/embedding.md"
};
static const unsigned char embedding_servers[] = {
#embed "../../Docs/embedding-servers.md"
};
static const unsigned char evidence[] = {
#embed "../../Docs/evidence.md"
};
static const unsigned char formats[] = {
#embed "../../Docs/formats.md"
};
static const unsigned char http[] = {
#embed "../../Docs/http.md"
};
static const unsigned char map[] = {
#embed "../../Docs/map.md"
};
static const unsigned char map_drawing[] = {
#embed "../../Docs/map-drawing.md"
};
static const unsigned char planning[] = {
#embed "../../Docs/planning.md"
};
static const unsigned char python[] = {
#embed "../../Docs/python.md"
};
static const unsigned char queries[] = {
#embed "../../Docs/queries.md"
};
static const unsigned char selection[] = {
#embed "../../Docs/selection.md"
};
static const unsigned char sql[] = {
#embed "../../Docs/sql.md"
};
static const unsigned char tasks[] = {
#embed "../../Docs/tasks.md"
};
static const unsigned char training[] = {
#embed "../../Docs/training.md"
};
static const unsigned char troubleshooting[] = {
#embed "../../Docs/troubleshooting.md"
};
static const unsigned char undoing[] = {
#embed "../../Docs/undoing.md"
};
static const unsigned char operations[] = {
#embed "../../Docs/operations/README.md"
};

// In alphabetical order. A new page of Docs is a pair of lines above, and one here.
static const cohort_document documents[] = {
    {"anchors", anchors, sizeof anchors},
    {"architecture", architecture, sizeof architecture},
    {"catalog", catalog, sizeof catalog},
    {"clustering", clustering, sizeof clustering},
    {"comparison", comparison, sizeof comparison},
    {"configuration", configuration, sizeof configuration},
    {"durability", durability, sizeof durability},
    {"embedding", embedding, sizeof embedding},
    {"embedding-servers", embedding_servers, sizeof embedding_servers},
    {"evidence", evidence, sizeof evidence},
    {"formats", formats, sizeof formats},
    {"http", http, sizeof http},
    {"map", map, sizeof map},
    {"map-drawing", map_drawing, sizeof map_drawing},
    {"operations", operations, sizeof operations},
    {"planning", planning, sizeof planning},
    {"python", python, sizeof python},
    {"queries", queries, sizeof queries},
    {"selection", selection, sizeof selection},
    {"sql", sql, sizeof sql},
    {"tasks", tasks, sizeof tasks},
    {"training", training, sizeof training},
    {"troubleshooting", troubleshooting, sizeof troubleshooting},
    {"undoing", undoing, sizeof undoing},
};
const cohort_document *const cohort_documents = documents;
const size_t cohort_document_count = sizeof documents / sizeof *documents;
