/* What the files of the extension share. */
#ifndef COHORT_NATIVE_H
#define COHORT_NATIVE_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030A0000
#endif
#include <Python.h>
#include <stdint.h>

#include "cohort.h"

/* Batches whose memory is kept for the next one: less than the kernel would ask for clearing it anew. */
#define SPARE_BATCHES 4
#define SPARE_BYTES (16 << 20)

typedef struct {
  PyTypeObject *store, *plan, *batch, *reader, *view;
  PyObject *role, *content;
  PyObject *roles[4];
  cohort_batch *spare[SPARE_BATCHES];
  int spares;
} module_state;

typedef struct {
  PyObject_HEAD
  cohort_store *store;
} StoreObject;

typedef struct {
  PyObject_HEAD
  cohort_plan *plan;
} PlanObject;

typedef struct {
  PyObject_HEAD
  cohort_batch *batch;
  const cohort_texts *texts;
} BatchObject;

typedef struct {
  PyObject_HEAD
  cohort_reader *reader;
} ReaderObject;

typedef struct {
  PyObject_HEAD
  PyObject *owner;
  const void *memory;
  int64_t count;
  const char *type;
} ViewObject;

/* Types, made once for each module. */
extern PyType_Spec cohort_view_spec, cohort_batch_spec, cohort_store_spec, cohort_plan_spec, cohort_reader_spec;

/* The state of the module that an object's type belongs to. */
module_state *cohort_state(PyObject *self);
/* An object of a type of ours, cleared; NULL with an exception. */
PyObject *cohort_new_object(PyTypeObject *type);
/* The end of every deallocation. */
void cohort_free_object(PyObject *self);

/* Raises what the library said. Returns NULL. */
PyObject *cohort_fail(const cohort_error *error);
/* A text that the library made, as a str; gives it back. NULL: raises. */
PyObject *cohort_taken_text(char *text, const cohort_error *error);
/* Room for `count` elements of `size` bytes, as a bytearray; NULL with an exception. */
PyObject *cohort_new_memory(int64_t count, int64_t size);
/* The memory, or an exception if the call that filled it returned a negative number. */
PyObject *cohort_finished_memory(PyObject *memory, int64_t result, const cohort_error *error);

/* A batch without contents, its memory perhaps of an earlier one; NULL with an exception. */
BatchObject *cohort_new_batch(module_state *state);
/* The batch after a call that filled it and returned `result`. */
PyObject *cohort_filled_batch(BatchObject *self, int32_t result, const cohort_error *error);

#endif
