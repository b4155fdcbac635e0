/* Uses every function of libcohort on one store, checks what must hold, and prints what others can compare.
 *
 *   library-program STORE PLAN GROUPING SNAPSHOT
 *
 * Output: `step EPOCH STEP GROUP ID…` for the whole steps of two epochs, `sample ID TASK PROMPT|RESPONSE` for the first ids.
 * Exit code 0 only if all checks hold; what does not is said on standard error. */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cohort.h"

static cohort_error error;

#define CHECK(condition)                                                                                          \
  do {                                                                                                            \
    if (!(condition)) {                                                                                           \
      fprintf(stderr, "%s:%d: %s does not hold; last error: %s: %s\n", __FILE__, __LINE__, #condition, error.code, \
              error.message);                                                                                     \
      exit(1);                                                                                                    \
    }                                                                                                             \
  } while (0)

/* A call that has to fail, with a category and, if not NULL, a code. */
#define REFUSED(call, number, name)                                 \
  do {                                                              \
    memset(&error, 0, sizeof error);                                \
    CHECK(call);                                                    \
    CHECK(error.category == (number));                              \
    CHECK(error.message[0] != 0 && error.code[0] != 0);             \
    CHECK((name) == NULL || strcmp(error.code, (name)) == 0);       \
  } while (0)

static const char *no_name = NULL;

static bool has(const char *text, const char *part) { return text != NULL && strstr(text, part) != NULL; }

static bool equal(const cohort_texts *a, const cohort_texts *b) {
  if (a->samples != b->samples || a->messages != b->messages || a->parts != b->parts) return false;
  if (a->epoch != b->epoch || a->step != b->step || a->group != b->group) return false;
  for (int64_t i = 0; i < a->samples; i++) {
    if (a->ids[i] != b->ids[i] || a->missing[i] != b->missing[i] || a->response[i] != b->response[i]) return false;
    if (a->task[i] != b->task[i] || a->source[i] != b->source[i] || a->line[i] != b->line[i]) return false;
    if (a->first_message[i + 1] != b->first_message[i + 1]) return false;
  }
  for (int64_t m = 0; m < a->messages; m++) {
    const int64_t size = a->text[m].end - a->text[m].begin;
    if (size != b->text[m].end - b->text[m].begin || a->role[m] != b->role[m]) return false;
    if (memcmp(a->arena + a->text[m].begin, b->arena + b->text[m].begin, (size_t)size) != 0) return false;
  }
  for (int64_t k = 0; k <= a->parts; k++)
    if (a->part[k] != b->part[k]) return false;
  return true;
}

static void print_text(const cohort_texts *texts, int64_t message) {
  const cohort_extent extent = texts->text[message];
  fwrite(texts->arena + extent.begin, 1, (size_t)(extent.end - extent.begin), stdout);
}

/* ---- Plans ---- */

/* All shares together are the step, and each is read as its ids say. */
static void check_shares(cohort_store *store, cohort_plan *plan, uint64_t epoch, uint64_t step, cohort_batch *batch) {
  const int64_t room = cohort_plan_largest_step(plan);
  uint64_t *whole = calloc((size_t)room + 1, sizeof *whole), *part = calloc((size_t)room + 1, sizeof *part);
  uint32_t group = 0, again = 0;
  const int64_t count = cohort_plan_ids(plan, epoch, step, (cohort_share){0, 1, 1}, whole, room, NULL, &group, &error);
  CHECK(count > 0 && count <= room);
  for (int64_t world = 1; world <= 3; world++)
    for (int64_t accumulation = 1; accumulation <= 2; accumulation++) {
      bool seen[4096] = {false};
      int64_t sum = 0;
      for (int64_t rank = 0; rank < world; rank++) {
        int64_t bounds[3];
        const cohort_share share = {rank, world, accumulation};
        const int64_t own = cohort_plan_ids(plan, epoch, step, share, part, room, bounds, &again, &error);
        CHECK(own >= 0 && again == group && bounds[0] == 0 && bounds[accumulation] == own);
        CHECK(cohort_plan_read(plan, epoch, step, share, batch, &error) == 0);
        const cohort_texts *texts = cohort_batch_texts(batch);
        CHECK(texts->samples == own && texts->parts == accumulation && texts->group == group);
        CHECK(texts->epoch == epoch && texts->step == step);
        for (int64_t i = 0; i < own; i++) {
          CHECK(texts->ids[i] == part[i]);
          int64_t place = 0;
          while (place < count && (whole[place] != part[i] || seen[place])) place++;
          CHECK(place < count && place < 4096);
          seen[place] = true;
        }
        for (int64_t k = 0; k <= accumulation; k++) CHECK(texts->part[k] == bounds[k]);
        sum += own;
      }
      CHECK(sum == count);
    }
  for (int64_t i = 0; i < count; i++) {
    uint64_t found = 0, place = 0;
    CHECK(cohort_plan_find(plan, epoch, whole[i], &found, &place, &error) == 1);
    CHECK(found <= step);
    CHECK(cohort_plan_ids(plan, epoch, found, (cohort_share){0, 1, 1}, part, room, NULL, NULL, &error) > (int64_t)place);
    CHECK(part[place] == whole[i]);
  }
  printf("step %" PRIu64 " %" PRIu64 " %" PRIu32, epoch, step, group);
  for (int64_t i = 0; i < count; i++) printf(" %" PRIu64, whole[i]);
  printf("\n");
  (void)store;
  free(whole);
  free(part);
}

/* What is read ahead is what is read one by one, over the end of an epoch. */
static void check_reader(cohort_plan *plan, int threads, bool takes) {
  const uint64_t steps = cohort_plan_steps_per_epoch(plan);
  const cohort_share share = {0, 2, 2};
  cohort_reader *reader = cohort_reader_open(plan, 0, steps / 2, share, threads * 2, threads, &error);
  CHECK(reader != NULL);
  cohort_batch *one = cohort_batch_new(), *taken = cohort_batch_new();
  for (uint64_t number = steps / 2; number < 2 * steps; number++) {
    CHECK(cohort_plan_read(plan, number / steps, number % steps, share, one, &error) == 0);
    const cohort_texts *texts;
    if (takes) {
      CHECK(cohort_reader_take(reader, taken, &error) == 0);
      texts = cohort_batch_texts(taken);
    } else {
      texts = cohort_reader_next(reader, &error);
    }
    CHECK(texts != NULL && equal(texts, cohort_batch_texts(one)));
  }
  cohort_reader_close(reader);
  cohort_batch_free(one);
  cohort_batch_free(taken);
}

static void check_cursors(cohort_plan *plan) {
  uint64_t epoch = 0, step = 0;
  char *json = cohort_cursor_json(plan, 3, 1, &error);
  CHECK(json != NULL);
  CHECK(cohort_cursor_parse(plan, json, &epoch, &step, &error) == 0 && epoch == 3 && step == 1);
  cohort_free(json);
  REFUSED(cohort_cursor_parse(plan, "{}", &epoch, &step, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_cursor_parse(plan, NULL, &epoch, &step, &error) == -1, COHORT_USAGE, no_name);
}

/* ---- Columns and samples ---- */

static void check_columns(cohort_store *store, const char *grouping, const char *snapshot) {
  int64_t deleted = -1;
  const int64_t samples = cohort_store_samples(store, &deleted, &error);
  CHECK(samples > 0 && deleted >= 0 && deleted < samples);
  uint64_t *ids = calloc((size_t)samples, sizeof *ids);
  uint32_t *numbers = calloc((size_t)samples, sizeof *numbers), *again = calloc((size_t)samples, sizeof *again);
  float *distances = calloc((size_t)samples, sizeof *distances);
  uint8_t *present = calloc((size_t)samples, 1);
  /* Backwards, so that order and chunks are not for granted. */
  for (int64_t i = 0; i < samples; i++) ids[i] = (uint64_t)(samples - 1 - i);
  CHECK(cohort_present(store, ids, samples, present, &error) == 0);
  int64_t there = 0;
  for (int64_t i = 0; i < samples; i++) there += present[i];
  CHECK(there == samples - deleted);
  CHECK(cohort_lengths(store, NULL, COHORT_TOTAL, ids, samples, numbers, &error) == 0);
  CHECK(cohort_lengths(store, "default", COHORT_TOTAL, ids, samples, again, &error) == 0);
  for (int64_t i = 0; i < samples; i++) CHECK(numbers[i] == again[i] && (numbers[i] == COHORT_NONE) == !present[i]);
  CHECK(cohort_lengths(store, NULL, COHORT_PROMPT, ids, samples, again, &error) == 0);
  for (int64_t i = 0; i < samples; i++) CHECK(!present[i] || again[i] <= numbers[i]);
  CHECK(cohort_lengths(store, NULL, COHORT_RESPONSE, ids, samples, again, &error) == 0);
  CHECK(cohort_assignments(store, grouping, ids, samples, numbers, &error) == 0);
  for (int64_t i = 0; i < samples; i++) CHECK((numbers[i] == COHORT_NONE) == !present[i]);
  CHECK(cohort_distances(store, grouping, ids, samples, distances, &error) == 0);
  for (int64_t i = 0; i < samples; i++) CHECK(isnan(distances[i]));
  CHECK(cohort_tasks(store, ids, samples, numbers, &error) == 0);
  CHECK(cohort_sources(store, ids, samples, again, &error) == 0);
  for (int64_t i = 0; i < samples; i++) CHECK(!present[i] || (numbers[i] != COHORT_NONE && again[i] != COHORT_NONE));
  /* A few at a time, as of the store and as of the snapshot. */
  for (int pass = 0; pass < 2; pass++) {
    uint64_t from = 0, some[7];
    int64_t sum = 0, got;
    while ((got = cohort_ids(store, pass == 0 ? NULL : snapshot, from, some, 7, &error)) > 0) {
      for (int64_t i = 0; i < got; i++) {
        CHECK(some[i] >= from && present[samples - 1 - (int64_t)some[i]] == 1);
        from = some[i] + 1;
      }
      sum += got;
    }
    CHECK(got == 0 && sum <= there && (pass == 1 || sum == there));
  }
  REFUSED(cohort_embeddings(store, "nowhere", 1, ids, 1, distances, &error) == -1, COHORT_NOT_FOUND,
          "store.unknown-embedding-space");
  REFUSED(cohort_lengths(store, "nowhere", 0, ids, 1, numbers, &error) == -1, COHORT_NOT_FOUND,
          "store.unknown-length-measure");
  REFUSED(cohort_assignments(store, "nowhere", ids, 1, numbers, &error) == -1, COHORT_NOT_FOUND, "store.unknown-grouping");
  const uint64_t never = (uint64_t)samples;
  REFUSED(cohort_tasks(store, &never, 1, numbers, &error) == -1, COHORT_NOT_FOUND, "store.unknown-sample");
  REFUSED(cohort_ids(store, "nowhere", 0, ids, 1, &error) == -1, COHORT_NOT_FOUND, "store.unknown-snapshot");
  free(ids);
  free(numbers);
  free(again);
  free(distances);
  free(present);
}

static void check_batches(cohort_store *store) {
  cohort_batch *batch = cohort_batch_new();
  CHECK(batch != NULL && cohort_batch_texts(batch)->samples == 0);
  /* Repeated, and not in order. */
  const uint64_t ids[] = {5, 0, 5, 3};
  CHECK(cohort_batch_read(store, ids, 4, batch, &error) == 0);
  const cohort_texts *texts = cohort_batch_texts(batch);
  CHECK(texts->samples == 4 && texts->parts == 1 && texts->group == COHORT_NONE);
  for (int64_t i = 0; i < 4; i++) {
    CHECK(texts->ids[i] == ids[i]);
    if (texts->missing[i]) {
      CHECK(texts->first_message[i] == texts->first_message[i + 1]);
      continue;
    }
    CHECK(texts->response[i] == texts->first_message[i + 1] - 1);
    printf("sample %" PRIu64 " %" PRIu32 " ", texts->ids[i], texts->task[i]);
    print_text(texts, texts->first_message[i]);
    printf("|");
    print_text(texts, texts->response[i]);
    printf("\n");
  }
  /* After an error it is empty. */
  const uint64_t never[] = {0, UINT64_MAX};
  REFUSED(cohort_batch_read(store, never, 2, batch, &error) == -1, COHORT_NOT_FOUND, "store.unknown-sample");
  CHECK(cohort_batch_texts(batch)->samples == 0 && cohort_batch_texts(batch)->messages == 0);
  CHECK(cohort_batch_read(store, NULL, 0, batch, &error) == 0 && cohort_batch_texts(batch)->samples == 0);
  cohort_batch_free(batch);
}

static void check_descriptions(cohort_store *store, cohort_plan *plan, const char *grouping, const char *snapshot) {
  char *json = cohort_store_json(store, &error);
  CHECK(has(json, "\"groupings\"") && has(json, grouping) && has(json, snapshot));
  cohort_free(json);
  json = cohort_groups_json(store, grouping, NULL, &error);
  CHECK(has(json, "\"size\"") && json[0] == '[');
  cohort_free(json);
  json = cohort_groups_json(store, grouping, snapshot, &error);
  CHECK(has(json, "\"offset\""));
  cohort_free(json);
  json = cohort_plan_json(plan, &error);
  CHECK(has(json, "\"hash\"") && has(json, "\"steps_per_epoch\""));
  /* The plan is found by its hash, too. */
  const char *hash = strstr(json, "\"hash\":\"");
  CHECK(hash != NULL);
  char name[33] = {0};
  memcpy(name, hash + 8, 32);
  cohort_plan *same = cohort_plan_open(store, name, &error);
  CHECK(same != NULL && cohort_plan_steps_per_epoch(same) == cohort_plan_steps_per_epoch(plan));
  cohort_plan_close(same);
  cohort_free(json);
  REFUSED(cohort_groups_json(store, "nowhere", NULL, &error) == NULL, COHORT_NOT_FOUND, "store.unknown-grouping");
  REFUSED(cohort_groups_json(store, grouping, "nowhere", &error) == NULL, COHORT_NOT_FOUND, "store.unknown-snapshot");
}

/* ---- What makes no sense ---- */

static void check_refusals(cohort_store *store, cohort_plan *plan) {
  cohort_batch *batch = cohort_batch_new();
  uint64_t ids[1];
  const uint64_t steps = cohort_plan_steps_per_epoch(plan);
  const cohort_share whole = {0, 1, 1};
  REFUSED(cohort_store_open(NULL, &error) == NULL, COHORT_USAGE, no_name);
  REFUSED(cohort_store_open("/nowhere/at/all", &error) == NULL, COHORT_NOT_FOUND, no_name);
  REFUSED(cohort_store_open("\xff", &error) == NULL, COHORT_USAGE, no_name);
  REFUSED(cohort_plan_open(store, "nothing", &error) == NULL, COHORT_NOT_FOUND, "store.unknown-plan");
  REFUSED(cohort_plan_open(NULL, "nothing", &error) == NULL, COHORT_USAGE, no_name);
  REFUSED(cohort_store_json(NULL, &error) == NULL, COHORT_USAGE, no_name);
  REFUSED(cohort_batch_read(store, NULL, 3, batch, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_batch_read(store, ids, -1, batch, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_batch_read(store, ids, INT64_MAX, batch, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_batch_read(store, ids, 0, NULL, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_plan_ids(plan, 0, 0, whole, ids, 1, NULL, NULL, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_plan_ids(plan, 0, 0, (cohort_share){2, 2, 1}, ids, 1, NULL, NULL, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_plan_ids(plan, 0, 0, (cohort_share){-1, 2, 1}, ids, 1, NULL, NULL, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_plan_ids(plan, 0, 0, (cohort_share){0, 0, 1}, ids, 1, NULL, NULL, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_plan_ids(plan, 0, 0, (cohort_share){0, 1, 0}, ids, 1, NULL, NULL, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_plan_read(plan, 0, steps, whole, batch, &error) == -1, COHORT_NOT_FOUND, "planning.no-such-step");
  REFUSED(cohort_plan_read(plan, UINT64_MAX, 0, whole, batch, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_plan_find(plan, UINT64_MAX, 0, NULL, NULL, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_reader_open(plan, 0, 0, whole, -1, 0, &error) == NULL, COHORT_USAGE, no_name);
  REFUSED(cohort_reader_open(plan, 0, steps, whole, 0, 0, &error) == NULL, COHORT_NOT_FOUND, no_name);
  REFUSED(cohort_reader_next(NULL, &error) == NULL, COHORT_USAGE, no_name);
  REFUSED(cohort_reader_take(NULL, batch, &error) == -1, COHORT_USAGE, no_name);
  REFUSED(cohort_lengths(store, NULL, 3, ids, 0, NULL, &error) == -1, COHORT_USAGE, no_name);
  CHECK(cohort_plan_find(plan, 0, UINT64_MAX, NULL, NULL, &error) == 0);
  /* Without a place for the error. */
  CHECK(cohort_plan_open(store, "nothing", NULL) == NULL);
  CHECK(cohort_plan_steps_per_epoch(NULL) == 0 && cohort_plan_largest_step(NULL) == 0);
  CHECK(cohort_batch_texts(NULL) == NULL);
  cohort_batch_free(NULL);
  cohort_plan_close(NULL);
  cohort_store_close(NULL);
  cohort_reader_close(NULL);
  cohort_free(NULL);
  cohort_batch_free(batch);
}

/* ---- Forks ---- */

struct reading {
  cohort_plan *plan;
  volatile bool stop;
};

static void *read_on(void *argument) {
  struct reading *reading = argument;
  cohort_batch *batch = cohort_batch_new();
  cohort_error own;
  uint64_t step = 0;
  while (!reading->stop) {
    if (cohort_plan_read(reading->plan, 0, step++ % cohort_plan_steps_per_epoch(reading->plan), (cohort_share){0, 1, 1},
                         batch, &own) != 0)
      exit(3);
  }
  cohort_batch_free(batch);
  return NULL;
}

/* Children read with what they inherited, while threads of the parent read. */
static void check_forks(const char *path, cohort_store *store, cohort_plan *plan) {
  struct reading reading = {plan, false};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, read_on, &reading) == 0);
  cohort_reader *reader = cohort_reader_open(plan, 0, 0, (cohort_share){0, 1, 1}, 0, 0, &error);
  CHECK(reader != NULL && cohort_reader_next(reader, &error) != NULL);
  cohort_batch *expected = cohort_batch_new();
  CHECK(cohort_plan_read(plan, 0, 1, (cohort_share){0, 1, 1}, expected, &error) == 0);
  fflush(stdout);
  for (int round = 0; round < 8; round++) {
    cohort_store *other = cohort_store_open(path, &error); /* a thread that opens and closes is the dangerous one */
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      alarm(60);
      cohort_batch *batch = cohort_batch_new();
      const bool same = cohort_plan_read(plan, 0, 1, (cohort_share){0, 1, 1}, batch, &error) == 0 &&
                        equal(cohort_batch_texts(batch), cohort_batch_texts(expected)) &&
                        cohort_store_samples(store, NULL, &error) > 0;
      const bool refused = cohort_reader_next(reader, &error) == NULL && error.category == COHORT_USAGE;
      cohort_reader_close(reader);
      cohort_batch_free(batch);
      cohort_plan_close(plan);
      cohort_store_close(store);
      _exit(same && refused ? 0 : 1);
    }
    cohort_store_close(other);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  CHECK(cohort_reader_next(reader, &error) != NULL);
  cohort_reader_close(reader);
  cohort_batch_free(expected);
  reading.stop = true;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

int main(int count, char **arguments) {
  if (count != 5) {
    fprintf(stderr, "usage: library-program STORE PLAN GROUPING SNAPSHOT\n");
    return 2;
  }
  CHECK(cohort_abi_version() == COHORT_ABI_VERSION);
  CHECK(cohort_version() != NULL && strchr(cohort_version(), '.') != NULL);
  cohort_store *store = cohort_store_open(arguments[1], &error);
  CHECK(store != NULL);
  cohort_plan *plan = cohort_plan_open(store, arguments[2], &error);
  CHECK(plan != NULL);
  const uint64_t steps = cohort_plan_steps_per_epoch(plan);
  CHECK(steps > 0);
  cohort_batch *batch = cohort_batch_new();
  for (uint64_t epoch = 0; epoch < 2; epoch++)
    for (uint64_t step = 0; step < steps; step++) check_shares(store, plan, epoch, step, batch);
  cohort_batch_free(batch);
  for (int threads = 0; threads < 4; threads++) check_reader(plan, threads, threads % 2 == 1);
  check_cursors(plan);
  check_columns(store, arguments[3], arguments[4]);
  check_batches(store);
  check_descriptions(store, plan, arguments[3], arguments[4]);
  check_refusals(store, plan);
  check_forks(arguments[1], store, plan);
  /* In any order. */
  cohort_store_close(store);
  uint64_t epoch, step;
  char *json = cohort_cursor_json(plan, 0, 0, &error);
  CHECK(json != NULL && cohort_cursor_parse(plan, json, &epoch, &step, &error) == 0);
  cohort_free(json);
  cohort_plan_close(plan);
  return 0;
}
