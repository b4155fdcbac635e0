#include "CBundledModel.h"

// Standard since C23; clang has it in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char config[] = {
#embed "minilm-l6-256/config.json"
};
static const unsigned char tensors[] = {
#embed "minilm-l6-256/model.safetensors"
};
static const unsigned char tokenizer[] = {
#embed "minilm-l6-256/tokenizer.json"
};
static const unsigned char card[] = {
#embed "minilm-l6-256/README.md"
};
static const unsigned char licence[] = {
#embed "minilm-l6-256/LICENSE"
};

const char *const cohort_model_name = "minilm-l6-256";

static const cohort_model_file files[] = {
    {"config.json", config, sizeof config},
    {"model.safetensors", tensors, sizeof tensors},
    {"tokenizer.json", tokenizer, sizeof tokenizer},
    {"README.md", card, sizeof card},
    {"LICENSE", licence, sizeof licence},
};
const cohort_model_file *const cohort_model_files = files;
const size_t cohort_model_file_count = sizeof files / sizeof *files;
