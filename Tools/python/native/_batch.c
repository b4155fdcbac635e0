/* Batches, and views of their memory. */
#include "native.h"

#include <stdlib.h>
#include <string.h>

/* The byte order of this machine, as NumPy writes it. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ORDER ">"
#else
#define ORDER "<"
#endif

/* ---- Views ---- */

static PyObject *view_interface(PyObject *self, void *closure) {
  (void)closure;
  ViewObject *view = (ViewObject *)self;
  return Py_BuildValue(
      "{s:(L),s:s,s:(NO),s:i}", "shape", (long long)view->count, "typestr", view->type, "data",
      PyLong_FromVoidPtr((void *)view->memory), Py_True, "version", 3);
}

static void view_free(PyObject *self) {
  Py_XDECREF(((ViewObject *)self)->owner);
  cohort_free_object(self);
}

static PyGetSetDef view_attributes[] = {
    {"__array_interface__", view_interface, NULL, "Where NumPy finds the memory.", NULL}, {0}};
static PyType_Slot view_slots[] = {
    {Py_tp_doc, "Memory of a batch, as NumPy takes it."},
    {Py_tp_dealloc, view_free},
    {Py_tp_getset, view_attributes},
    {0, NULL}};
PyType_Spec cohort_view_spec = {
    "cohort._native.View", sizeof(ViewObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, view_slots};

static PyObject *new_view(PyObject *owner, const void *memory, int64_t count, const char *type) {
  ViewObject *view = (ViewObject *)cohort_new_object(cohort_state(owner)->view);
  if (!view) return NULL;
  Py_INCREF(owner);
  view->owner = owner;
  view->memory = memory;
  /* The library may have no memory for nothing at all. */
  view->count = memory ? count : 0;
  view->type = type;
  return (PyObject *)view;
}

/* ---- Batches ---- */

BatchObject *cohort_new_batch(module_state *state) {
  cohort_batch *batch = state->spares ? state->spare[--state->spares] : cohort_batch_new();
  if (!batch) return (BatchObject *)PyErr_NoMemory();
  BatchObject *self = (BatchObject *)cohort_new_object(state->batch);
  if (!self) {
    cohort_batch_free(batch);
    return NULL;
  }
  self->batch = batch;
  return self;
}

PyObject *cohort_filled_batch(BatchObject *self, int32_t result, const cohort_error *error) {
  if (result < 0) {
    cohort_fail(error);
    Py_DECREF(self);
    return NULL;
  }
  self->texts = cohort_batch_texts(self->batch);
  return (PyObject *)self;
}

static void batch_free(PyObject *self) {
  BatchObject *batch = (BatchObject *)self;
  module_state *state = cohort_state(self);
  if (batch->batch) {
    if (state && state->spares < SPARE_BATCHES && batch->texts && batch->texts->arena_size <= SPARE_BYTES)
      state->spare[state->spares++] = batch->batch;
    else
      cohort_batch_free(batch->batch);
  }
  cohort_free_object(self);
}

static Py_ssize_t batch_length(PyObject *self) { return (Py_ssize_t)((BatchObject *)self)->texts->samples; }

static PyObject *decoded(const cohort_texts *texts, cohort_extent extent) {
  return PyUnicode_DecodeUTF8((const char *)texts->arena + extent.begin, (Py_ssize_t)(extent.end - extent.begin), NULL);
}

static PyObject *role_of(module_state *state, const cohort_texts *texts, int64_t message) {
  uint8_t role = texts->role[message];
  if (role > COHORT_TOOL) return decoded(texts, texts->role_name[message]);
  Py_INCREF(state->roles[role]);
  return state->roles[role];
}

/* view(name): an array of the batch, as it lies in memory. */
static PyObject *batch_view(PyObject *self, PyObject *args) {
  const char *name;
  if (!PyArg_ParseTuple(args, "s", &name)) return NULL;
  const cohort_texts *t = ((BatchObject *)self)->texts;
  const struct {
    const char *name;
    const void *memory;
    int64_t count;
    const char *type;
  } views[] = {
      {"ids", t->ids, t->samples, ORDER "u8"},
      {"missing", t->missing, t->samples, "|b1"},
      {"first_message", t->first_message, t->samples + 1, ORDER "i8"},
      {"response", t->response, t->samples, ORDER "i8"},
      {"task", t->task, t->samples, ORDER "u4"},
      {"source", t->source, t->samples, ORDER "u4"},
      {"line", t->line, t->samples, ORDER "u8"},
      {"role", t->role, t->messages, "|u1"},
      {"text", t->text, 2 * t->messages, ORDER "i8"},
      {"part", t->part, t->parts + 1, ORDER "i8"},
      {"arena", t->arena, t->arena_size, "|u1"},
  };
  for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
    if (strcmp(views[i].name, name)) continue;
    return new_view(self, views[i].memory, views[i].count, views[i].type);
  }
  PyErr_Format(PyExc_ValueError, "a batch has no array %s", name);
  return NULL;
}

/* strings(name) -> [str | None]: texts of all messages or samples; None for JSON that is not there. */
static PyObject *batch_strings(PyObject *self, PyObject *args) {
  const char *name;
  if (!PyArg_ParseTuple(args, "s", &name)) return NULL;
  module_state *state = cohort_state(self);
  const cohort_texts *t = ((BatchObject *)self)->texts;
  int roles = !strcmp(name, "role"), texts = !strcmp(name, "text");
  const cohort_extent *extents = texts                          ? t->text
                                 : !strcmp(name, "extra")      ? t->extra
                                 : !strcmp(name, "tools")      ? t->tools
                                 : !strcmp(name, "attributes") ? t->attributes
                                                               : NULL;
  int64_t count = roles || texts || !strcmp(name, "extra") ? t->messages : t->samples;
  if (!roles && !extents && count) return PyErr_Format(PyExc_ValueError, "a batch has no texts %s", name);
  PyObject *list = PyList_New((Py_ssize_t)count);
  if (!list) return NULL;
  for (int64_t i = 0; i < count; i++) {
    PyObject *text;
    if (roles) {
      text = role_of(state, t, i);
    } else if (!texts && extents[i].begin == extents[i].end) {
      Py_INCREF(Py_None);
      text = Py_None;
    } else {
      text = decoded(t, extents[i]);
    }
    if (!text) {
      Py_DECREF(list);
      return NULL;
    }
    PyList_SetItem(list, (Py_ssize_t)i, text);
  }
  return list;
}

/* The messages before the response as one text: a user's turn alone as it is, else each turn behind who speaks. */
static PyObject *prompt_of(const cohort_texts *t, int64_t sample, char **memory, size_t *capacity) {
  static const char *const names[] = {"system", "user", "assistant", "tool"};
  int64_t first = t->first_message[sample];
  int64_t end = t->response[sample] >= 0 ? t->response[sample] : t->first_message[sample + 1];
  if (end - first == 1 && t->role[first] == COHORT_USER) return decoded(t, t->text[first]);
  size_t needed = 0;
  for (int64_t i = first; i < end; i++)
    needed += (size_t)(t->text[i].end - t->text[i].begin) + (size_t)(t->role_name[i].end - t->role_name[i].begin) + 16;
  if (needed > *capacity) {
    char *more = realloc(*memory, needed);
    if (!more) return PyErr_NoMemory();
    *memory = more;
    *capacity = needed;
  }
  size_t size = 0;
  for (int64_t i = first; i < end; i++) {
    char *at = *memory;
    if (i > first) {
      at[size++] = '\n';
      at[size++] = '\n';
    }
    int named = t->role[i] <= COHORT_TOOL;
    const char *role = named ? names[t->role[i]] : (const char *)t->arena + t->role_name[i].begin;
    size_t length = named ? strlen(role) : (size_t)(t->role_name[i].end - t->role_name[i].begin);
    memcpy(at + size, role, length);
    size += length;
    at[size++] = ':';
    at[size++] = ' ';
    length = (size_t)(t->text[i].end - t->text[i].begin);
    memcpy(at + size, t->arena + t->text[i].begin, length);
    size += length;
  }
  return PyUnicode_DecodeUTF8(size ? *memory : "", (Py_ssize_t)size, NULL);
}

static PyObject *batch_prompts(PyObject *self, PyObject *unused) {
  (void)unused;
  const cohort_texts *t = ((BatchObject *)self)->texts;
  char *memory = NULL;
  size_t capacity = 0;
  PyObject *list = PyList_New((Py_ssize_t)t->samples);
  for (int64_t i = 0; list && i < t->samples; i++) {
    PyObject *text = prompt_of(t, i, &memory, &capacity);
    if (text)
      PyList_SetItem(list, (Py_ssize_t)i, text);
    else
      Py_CLEAR(list);
  }
  free(memory);
  return list;
}

static PyObject *batch_responses(PyObject *self, PyObject *unused) {
  (void)unused;
  const cohort_texts *t = ((BatchObject *)self)->texts;
  PyObject *list = PyList_New((Py_ssize_t)t->samples);
  for (int64_t i = 0; list && i < t->samples; i++) {
    PyObject *text = t->response[i] < 0 ? PyUnicode_FromString("") : decoded(t, t->text[t->response[i]]);
    if (text)
      PyList_SetItem(list, (Py_ssize_t)i, text);
    else
      Py_CLEAR(list);
  }
  return list;
}

static PyObject *message_of(module_state *state, const cohort_texts *t, int64_t i, PyObject *loads) {
  PyObject *message = PyDict_New(), *role = message ? role_of(state, t, i) : NULL, *text = role ? decoded(t, t->text[i]) : NULL;
  int good = text && !PyDict_SetItem(message, state->role, role) && !PyDict_SetItem(message, state->content, text);
  Py_XDECREF(role);
  Py_XDECREF(text);
  if (good && t->extra[i].end > t->extra[i].begin) {
    PyObject *json = decoded(t, t->extra[i]);
    PyObject *extra = json ? PyObject_CallFunctionObjArgs(loads, json, NULL) : NULL;
    good = extra && !PyDict_Update(message, extra);
    Py_XDECREF(json);
    Py_XDECREF(extra);
  }
  if (!good) Py_CLEAR(message);
  return message;
}

/* messages(loads) -> [[{"role", "content", …}]]: loads reads the JSON of further members. */
static PyObject *batch_messages(PyObject *self, PyObject *loads) {
  module_state *state = cohort_state(self);
  const cohort_texts *t = ((BatchObject *)self)->texts;
  PyObject *list = PyList_New((Py_ssize_t)t->samples);
  for (int64_t i = 0; list && i < t->samples; i++) {
    int64_t first = t->first_message[i], count = t->first_message[i + 1] - first;
    PyObject *messages = PyList_New((Py_ssize_t)count);
    for (int64_t j = 0; messages && j < count; j++) {
      PyObject *message = message_of(state, t, first + j, loads);
      if (message)
        PyList_SetItem(messages, (Py_ssize_t)j, message);
      else
        Py_CLEAR(messages);
    }
    if (messages)
      PyList_SetItem(list, (Py_ssize_t)i, messages);
    else
      Py_CLEAR(list);
  }
  return list;
}

/* place() -> (epoch, step, group or None) */
static PyObject *batch_place(PyObject *self, PyObject *unused) {
  (void)unused;
  const cohort_texts *t = ((BatchObject *)self)->texts;
  if (t->group == COHORT_NONE) return Py_BuildValue("KKO", (unsigned long long)t->epoch, (unsigned long long)t->step, Py_None);
  return Py_BuildValue("KKI", (unsigned long long)t->epoch, (unsigned long long)t->step, (unsigned int)t->group);
}

static PyMethodDef batch_methods[] = {
    {"view", batch_view, METH_VARARGS, NULL},
    {"strings", batch_strings, METH_VARARGS, NULL},
    {"prompts", batch_prompts, METH_NOARGS, NULL},
    {"responses", batch_responses, METH_NOARGS, NULL},
    {"messages", batch_messages, METH_O, NULL},
    {"place", batch_place, METH_NOARGS, NULL},
    {0}};
static PyType_Slot batch_slots[] = {
    {Py_tp_doc, "Texts of some samples."},
    {Py_tp_dealloc, batch_free},
    {Py_tp_methods, batch_methods},
    {Py_sq_length, batch_length},
    {0, NULL}};
PyType_Spec cohort_batch_spec = {
    "cohort._native.Batch", sizeof(BatchObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, batch_slots};

