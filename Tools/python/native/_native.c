/* The extension `cohort._native`: libcohort for Python, one call a batch.
 *
 * Written against the limited API of Python 3.10, so that one file serves every later Python. That API knows no buffers
 * (Py_buffer came with 3.11), and this is how memory passes all the same:
 * - in: as bytes-like objects, by "y#"; the caller makes contiguous arrays of the right type,
 * - out, new: as a bytearray, over which NumPy makes an array that may be written to,
 * - out, lent: as a View, which describes memory of a batch by NumPy's `__array_interface__`. The array that NumPy makes
 *   keeps the View, the View keeps the batch, and the batch is never read into again.
 * While the library works, other threads of Python go on. Errors are made by `cohort._errors.from_library`.
 */
#include "native.h"

#include <string.h>

module_state *cohort_state(PyObject *self) { return PyType_GetModuleState(Py_TYPE(self)); }

PyObject *cohort_new_object(PyTypeObject *type) { return PyType_GenericAlloc(type, 0); }

void cohort_free_object(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(self);
  Py_DECREF(type);
}

/* ---- Errors ---- */

PyObject *cohort_fail(const cohort_error *error) {
  PyObject *module = PyImport_ImportModule("cohort._errors");
  if (!module) return NULL;
  PyObject *exception = PyObject_CallMethod(
      module, "from_library", "isssss", (int)error->category, error->code, error->message, error->place, error->cause,
      error->hint);
  Py_DECREF(module);
  if (!exception) return NULL;
  PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
  Py_DECREF(exception);
  return NULL;
}

PyObject *cohort_taken_text(char *text, const cohort_error *error) {
  if (!text) return cohort_fail(error);
  PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), NULL);
  cohort_free(text);
  return result;
}

/* ---- Memory ---- */

PyObject *cohort_new_memory(int64_t count, int64_t size) {
  if (count < 0 || size < 0 || (size && count > PY_SSIZE_T_MAX / size)) return PyErr_NoMemory();
  return PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)(count * size));
}

PyObject *cohort_finished_memory(PyObject *memory, int64_t result, const cohort_error *error) {
  if (result >= 0) return memory;
  Py_DECREF(memory);
  return cohort_fail(error);
}

/* ---- The module ---- */

static PyObject *module_version(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return PyUnicode_FromString(cohort_version());
}

static PyMethodDef module_methods[] = {{"version", module_version, METH_NOARGS, "The release of libcohort."}, {0}};

static int module_start(PyObject *module) {
  uint32_t version = cohort_abi_version();
  if (version != COHORT_ABI_VERSION) {
    PyErr_Format(
        PyExc_ImportError, "libcohort.so has interface %u, and this extension wants %u: they are of different releases",
        (unsigned)version, (unsigned)COHORT_ABI_VERSION);
    return -1;
  }
  module_state *state = PyModule_GetState(module);
  struct {
    PyTypeObject **type;
    PyType_Spec *spec;
    const char *name;
  } types[] = {
      {&state->store, &cohort_store_spec, "Store"},
      {&state->plan, &cohort_plan_spec, "Plan"},
      {&state->batch, &cohort_batch_spec, "Batch"},
      {&state->reader, &cohort_reader_spec, "Reader"},
      {&state->view, &cohort_view_spec, "View"},
  };
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    *types[i].type = (PyTypeObject *)PyType_FromModuleAndSpec(module, types[i].spec, NULL);
    if (!*types[i].type || PyModule_AddObjectRef(module, types[i].name, (PyObject *)*types[i].type)) return -1;
  }
  static const char *const roles[] = {"system", "user", "assistant", "tool"};
  for (int i = 0; i < 4; i++)
    if (!(state->roles[i] = PyUnicode_InternFromString(roles[i]))) return -1;
  state->role = PyUnicode_InternFromString("role");
  state->content = PyUnicode_InternFromString("content");
  return state->role && state->content ? 0 : -1;
}

static int module_clear(PyObject *module) {
  module_state *state = PyModule_GetState(module);
  if (!state) return 0;
  Py_CLEAR(state->store);
  Py_CLEAR(state->plan);
  Py_CLEAR(state->batch);
  Py_CLEAR(state->reader);
  Py_CLEAR(state->view);
  Py_CLEAR(state->role);
  Py_CLEAR(state->content);
  for (int i = 0; i < 4; i++) Py_CLEAR(state->roles[i]);
  while (state->spares) cohort_batch_free(state->spare[--state->spares]);
  return 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
  module_state *state = PyModule_GetState(module);
  if (!state) return 0;
  Py_VISIT(state->store);
  Py_VISIT(state->plan);
  Py_VISIT(state->batch);
  Py_VISIT(state->reader);
  Py_VISIT(state->view);
  return 0;
}

static void module_free(void *module) { module_clear(module); }

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, module_start}, {0, NULL}};
static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "cohort._native",
    .m_doc = "libcohort. For cohort's own modules.",
    .m_size = sizeof(module_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

__attribute__((visibility("default"))) PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
