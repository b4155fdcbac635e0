/* Plans and readers. */
#include "native.h"

/* ---- Plans ---- */

static void plan_free(PyObject *self) {
  cohort_plan_close(((PlanObject *)self)->plan);
  cohort_free_object(self);
}

static PyObject *plan_json(PyObject *self, PyObject *unused) {
  (void)unused;
  cohort_error error;
  char *text;
  Py_BEGIN_ALLOW_THREADS
  text = cohort_plan_json(((PlanObject *)self)->plan, &error);
  Py_END_ALLOW_THREADS
  return cohort_taken_text(text, &error);
}

static PyObject *plan_steps(PyObject *self, PyObject *unused) {
  (void)unused;
  return PyLong_FromUnsignedLongLong(cohort_plan_steps_per_epoch(((PlanObject *)self)->plan));
}

static PyObject *plan_largest(PyObject *self, PyObject *unused) {
  (void)unused;
  return PyLong_FromLongLong(cohort_plan_largest_step(((PlanObject *)self)->plan));
}

/* ids(epoch, step, rank, world, accumulation) -> (ids, bounds of the micro-batches, group or None) */
static PyObject *plan_ids(PyObject *self, PyObject *args) {
  unsigned long long epoch, step;
  long long rank, world, accumulation;
  if (!PyArg_ParseTuple(args, "KKLLL", &epoch, &step, &rank, &world, &accumulation)) return NULL;
  cohort_plan *plan = ((PlanObject *)self)->plan;
  int64_t capacity = cohort_plan_largest_step(plan);
  PyObject *ids = cohort_new_memory(capacity, sizeof(uint64_t));
  PyObject *bounds = ids ? cohort_new_memory(accumulation > 0 ? accumulation + 1 : 2, sizeof(int64_t)) : NULL;
  if (!bounds) {
    Py_XDECREF(ids);
    return NULL;
  }
  uint64_t *out = (uint64_t *)PyByteArray_AsString(ids);
  int64_t *parts = (int64_t *)PyByteArray_AsString(bounds);
  cohort_error error;
  uint32_t group = COHORT_NONE;
  int64_t count;
  Py_BEGIN_ALLOW_THREADS
  count = cohort_plan_ids(
      plan, epoch, step, (cohort_share){rank, world, accumulation}, out, capacity, parts, &group, &error);
  Py_END_ALLOW_THREADS
  if (count < 0 || PyByteArray_Resize(ids, (Py_ssize_t)(count * (int64_t)sizeof(uint64_t)))) {
    Py_DECREF(ids);
    Py_DECREF(bounds);
    return count < 0 ? cohort_fail(&error) : NULL;
  }
  if (group == COHORT_NONE) return Py_BuildValue("NNO", ids, bounds, Py_None);
  return Py_BuildValue("NNI", ids, bounds, (unsigned int)group);
}

static PyObject *plan_find(PyObject *self, PyObject *args) {
  unsigned long long epoch, id;
  if (!PyArg_ParseTuple(args, "KK", &epoch, &id)) return NULL;
  cohort_error error;
  uint64_t step = 0, place = 0;
  int32_t result;
  Py_BEGIN_ALLOW_THREADS
  result = cohort_plan_find(((PlanObject *)self)->plan, epoch, id, &step, &place, &error);
  Py_END_ALLOW_THREADS
  if (result < 0) return cohort_fail(&error);
  if (result == 0) Py_RETURN_NONE;
  return Py_BuildValue("KK", (unsigned long long)step, (unsigned long long)place);
}

static PyObject *plan_batch(PyObject *self, PyObject *args) {
  unsigned long long epoch, step;
  long long rank, world, accumulation;
  if (!PyArg_ParseTuple(args, "KKLLL", &epoch, &step, &rank, &world, &accumulation)) return NULL;
  BatchObject *batch = cohort_new_batch(cohort_state(self));
  if (!batch) return NULL;
  cohort_error error;
  int32_t result;
  Py_BEGIN_ALLOW_THREADS
  result = cohort_plan_read(
      ((PlanObject *)self)->plan, epoch, step, (cohort_share){rank, world, accumulation}, batch->batch, &error);
  Py_END_ALLOW_THREADS
  return cohort_filled_batch(batch, result, &error);
}

static PyObject *plan_cursor(PyObject *self, PyObject *args) {
  unsigned long long epoch, step;
  if (!PyArg_ParseTuple(args, "KK", &epoch, &step)) return NULL;
  cohort_error error;
  return cohort_taken_text(cohort_cursor_json(((PlanObject *)self)->plan, epoch, step, &error), &error);
}

static PyObject *plan_parse_cursor(PyObject *self, PyObject *args) {
  const char *json;
  if (!PyArg_ParseTuple(args, "s", &json)) return NULL;
  cohort_error error;
  uint64_t epoch = 0, step = 0;
  if (cohort_cursor_parse(((PlanObject *)self)->plan, json, &epoch, &step, &error) < 0) return cohort_fail(&error);
  return Py_BuildValue("KK", (unsigned long long)epoch, (unsigned long long)step);
}

/* reader(epoch, step, rank, world, accumulation, ahead, threads) */
static PyObject *plan_reader(PyObject *self, PyObject *args) {
  unsigned long long epoch, step;
  long long rank, world, accumulation;
  int ahead, threads;
  if (!PyArg_ParseTuple(args, "KKLLLii", &epoch, &step, &rank, &world, &accumulation, &ahead, &threads)) return NULL;
  cohort_error error;
  cohort_reader *reader = cohort_reader_open(
      ((PlanObject *)self)->plan, epoch, step, (cohort_share){rank, world, accumulation}, ahead, threads, &error);
  if (!reader) return cohort_fail(&error);
  ReaderObject *object = (ReaderObject *)cohort_new_object(cohort_state(self)->reader);
  if (object)
    object->reader = reader;
  else
    cohort_reader_close(reader);
  return (PyObject *)object;
}

static PyMethodDef plan_methods[] = {
    {"json", plan_json, METH_NOARGS, NULL},
    {"steps", plan_steps, METH_NOARGS, NULL},
    {"largest", plan_largest, METH_NOARGS, NULL},
    {"ids", plan_ids, METH_VARARGS, NULL},
    {"find", plan_find, METH_VARARGS, NULL},
    {"batch", plan_batch, METH_VARARGS, NULL},
    {"cursor", plan_cursor, METH_VARARGS, NULL},
    {"parse_cursor", plan_parse_cursor, METH_VARARGS, NULL},
    {"reader", plan_reader, METH_VARARGS, NULL},
    {0}};
static PyType_Slot plan_slots[] = {
    {Py_tp_doc, "A plan of a store."}, {Py_tp_dealloc, plan_free}, {Py_tp_methods, plan_methods}, {0, NULL}};
PyType_Spec cohort_plan_spec = {
    "cohort._native.Plan", sizeof(PlanObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, plan_slots};

/* ---- Readers ---- */

static void reader_free(PyObject *self) {
  cohort_reader *reader = ((ReaderObject *)self)->reader;
  ((ReaderObject *)self)->reader = NULL;
  Py_BEGIN_ALLOW_THREADS
  cohort_reader_close(reader);
  Py_END_ALLOW_THREADS
  cohort_free_object(self);
}

/* next() -> Batch. By one thread at a time: the caller has a lock. */
static PyObject *reader_next(PyObject *self, PyObject *unused) {
  (void)unused;
  BatchObject *batch = cohort_new_batch(cohort_state(self));
  if (!batch) return NULL;
  cohort_error error;
  int32_t result;
  Py_BEGIN_ALLOW_THREADS
  result = cohort_reader_take(((ReaderObject *)self)->reader, batch->batch, &error);
  Py_END_ALLOW_THREADS
  return cohort_filled_batch(batch, result, &error);
}

static PyMethodDef reader_methods[] = {{"next", reader_next, METH_NOARGS, NULL}, {0}};
static PyType_Slot reader_slots[] = {
    {Py_tp_doc, "Steps of a plan, read ahead."},
    {Py_tp_dealloc, reader_free},
    {Py_tp_methods, reader_methods},
    {0, NULL}};
PyType_Spec cohort_reader_spec = {
    "cohort._native.Reader", sizeof(ReaderObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    reader_slots};

