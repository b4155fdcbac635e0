// The embedding model that ships with Cohort, as bytes of the program: it is there wherever the program is, without a
// path and without the network. The files lie in minilm-l6-256 beside this target's source; Tools/models makes them.
#pragma once

#include <stddef.h>

typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t size;
} cohort_model_file;

/// The model's name.
extern const char *const cohort_model_name;

/// The files of the model's folder, its licence among them.
extern const cohort_model_file *const cohort_model_files;
extern const size_t cohort_model_file_count;
