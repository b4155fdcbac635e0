/* Stores and columns. */
#include "native.h"

#include <string.h>

/* ---- Stores ---- */

static PyObject *store_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
  PyObject *path;
  if (keywords && PyDict_Size(keywords)) return PyErr_Format(PyExc_TypeError, "no keywords, please");
  if (!PyArg_ParseTuple(args, "O&", PyUnicode_FSConverter, &path)) return NULL;
  const char *bytes = PyBytes_AsString(path);
  cohort_error error;
  cohort_store *store;
  Py_BEGIN_ALLOW_THREADS
  store = cohort_store_open(bytes, &error);
  Py_END_ALLOW_THREADS
  Py_DECREF(path);
  if (!store) return cohort_fail(&error);
  StoreObject *self = (StoreObject *)cohort_new_object(type);
  if (self)
    self->store = store;
  else
    cohort_store_close(store);
  return (PyObject *)self;
}

static void store_free(PyObject *self) {
  cohort_store_close(((StoreObject *)self)->store);
  cohort_free_object(self);
}

static PyObject *store_json(PyObject *self, PyObject *unused) {
  (void)unused;
  cohort_error error;
  char *text;
  Py_BEGIN_ALLOW_THREADS
  text = cohort_store_json(((StoreObject *)self)->store, &error);
  Py_END_ALLOW_THREADS
  return cohort_taken_text(text, &error);
}

/* samples() -> (ever stored, how many of them are deleted) */
static PyObject *store_samples(PyObject *self, PyObject *unused) {
  (void)unused;
  cohort_error error;
  int64_t deleted = 0, samples;
  Py_BEGIN_ALLOW_THREADS
  samples = cohort_store_samples(((StoreObject *)self)->store, &deleted, &error);
  Py_END_ALLOW_THREADS
  if (samples < 0) return cohort_fail(&error);
  return Py_BuildValue("LL", (long long)samples, (long long)deleted);
}

static PyObject *store_groups(PyObject *self, PyObject *args) {
  const char *grouping, *snapshot;
  if (!PyArg_ParseTuple(args, "sz", &grouping, &snapshot)) return NULL;
  cohort_error error;
  char *text;
  Py_BEGIN_ALLOW_THREADS
  text = cohort_groups_json(((StoreObject *)self)->store, grouping, snapshot, &error);
  Py_END_ALLOW_THREADS
  return cohort_taken_text(text, &error);
}

/* column(kind, name, part, dimension, ids) -> bytearray */
static PyObject *store_column(PyObject *self, PyObject *args) {
  const char *kind, *name;
  int part;
  Py_ssize_t bytes;
  long long dimension;
  const uint64_t *ids;
  if (!PyArg_ParseTuple(args, "sziLy#", &kind, &name, &part, &dimension, &ids, &bytes)) return NULL;
  if (dimension < 0) dimension = 0;
  static const char *const kinds[] = {"lengths", "assignments", "distances", "tasks", "sources", "embeddings", "present"};
  int which = 0;
  while (which < 7 && strcmp(kinds[which], kind)) which++;
  if (which == 7) return PyErr_Format(PyExc_ValueError, "no column %s", kind);
  int64_t count = bytes / (Py_ssize_t)sizeof(uint64_t);
  PyObject *memory = cohort_new_memory(count, which == 5 ? 4 * dimension : which == 6 ? 1 : 4);
  if (!memory) return NULL;
  void *out = PyByteArray_AsString(memory);
  cohort_store *store = ((StoreObject *)self)->store;
  cohort_error error;
  int32_t result = 0;
  Py_BEGIN_ALLOW_THREADS
  switch (which) {
    case 0: result = cohort_lengths(store, name, part, ids, count, out, &error); break;
    case 1: result = cohort_assignments(store, name, ids, count, out, &error); break;
    case 2: result = cohort_distances(store, name, ids, count, out, &error); break;
    case 3: result = cohort_tasks(store, ids, count, out, &error); break;
    case 4: result = cohort_sources(store, ids, count, out, &error); break;
    case 5: result = cohort_embeddings(store, name, dimension, ids, count, out, &error); break;
    default: result = cohort_present(store, ids, count, out, &error);
  }
  Py_END_ALLOW_THREADS
  return cohort_finished_memory(memory, result, &error);
}

/* ids(snapshot, from, capacity) -> bytearray: the next ids that are there; empty at the end. */
static PyObject *store_ids(PyObject *self, PyObject *args) {
  const char *snapshot;
  unsigned long long from;
  long long capacity;
  if (!PyArg_ParseTuple(args, "zKL", &snapshot, &from, &capacity)) return NULL;
  PyObject *memory = cohort_new_memory(capacity, sizeof(uint64_t));
  if (!memory) return NULL;
  uint64_t *out = (uint64_t *)PyByteArray_AsString(memory);
  cohort_error error;
  int64_t count;
  Py_BEGIN_ALLOW_THREADS
  count = cohort_ids(((StoreObject *)self)->store, snapshot, from, out, capacity, &error);
  Py_END_ALLOW_THREADS
  if (count >= 0 && PyByteArray_Resize(memory, (Py_ssize_t)(count * (int64_t)sizeof(uint64_t)))) {
    Py_DECREF(memory);
    return NULL;
  }
  return cohort_finished_memory(memory, count, &error);
}

static PyObject *store_batch(PyObject *self, PyObject *args) {
  const uint64_t *ids;
  Py_ssize_t bytes;
  if (!PyArg_ParseTuple(args, "y#", &ids, &bytes)) return NULL;
  BatchObject *batch = cohort_new_batch(cohort_state(self));
  if (!batch) return NULL;
  cohort_error error;
  int32_t result;
  Py_BEGIN_ALLOW_THREADS
  result = cohort_batch_read(
      ((StoreObject *)self)->store, ids, bytes / (Py_ssize_t)sizeof(uint64_t), batch->batch, &error);
  Py_END_ALLOW_THREADS
  return cohort_filled_batch(batch, result, &error);
}

static PyObject *store_plan(PyObject *self, PyObject *args) {
  const char *name;
  if (!PyArg_ParseTuple(args, "s", &name)) return NULL;
  cohort_error error;
  cohort_plan *plan;
  Py_BEGIN_ALLOW_THREADS
  plan = cohort_plan_open(((StoreObject *)self)->store, name, &error);
  Py_END_ALLOW_THREADS
  if (!plan) return cohort_fail(&error);
  PlanObject *object = (PlanObject *)cohort_new_object(cohort_state(self)->plan);
  if (object)
    object->plan = plan;
  else
    cohort_plan_close(plan);
  return (PyObject *)object;
}

static PyMethodDef store_methods[] = {
    {"json", store_json, METH_NOARGS, NULL},
    {"samples", store_samples, METH_NOARGS, NULL},
    {"groups", store_groups, METH_VARARGS, NULL},
    {"column", store_column, METH_VARARGS, NULL},
    {"ids", store_ids, METH_VARARGS, NULL},
    {"batch", store_batch, METH_VARARGS, NULL},
    {"plan", store_plan, METH_VARARGS, NULL},
    {0}};
static PyType_Slot store_slots[] = {
    {Py_tp_doc, "An open store."},
    {Py_tp_new, store_new},
    {Py_tp_dealloc, store_free},
    {Py_tp_methods, store_methods},
    {0, NULL}};
PyType_Spec cohort_store_spec = {"cohort._native.Store", sizeof(StoreObject), 0, Py_TPFLAGS_DEFAULT, store_slots};

