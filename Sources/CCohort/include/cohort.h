/* libcohort: how other languages read a Cohort store. Reading only: writing is done by the program `cohort`.
 *
 *   cohort_error error;
 *   cohort_store *store = cohort_store_open("data/store", &error);
 *   cohort_plan *plan = cohort_plan_open(store, "first", &error);
 *   cohort_batch *batch = cohort_batch_new();
 *   cohort_plan_read(plan, 0, 812, (cohort_share){0, 1, 1}, batch, &error);
 *   const cohort_texts *texts = cohort_batch_texts(batch);
 *
 * RULES
 * - A function that can fail returns a negative number, or NULL, and fills `error` when it is not NULL.
 * - A handle is what `_open` or `_new` returned. It is valid until its `_close` or `_free`, which take NULL.
 *   A plan keeps its store open, a reader its plan: they may be closed in any order.
 * - Buffers that a caller hands in are only used during the call. What a function lends says until when it is valid.
 * - All functions are synchronous. A store and a plan may be used by several threads at once; a batch and a reader by one
 *   at a time.
 * - After fork() a child may use the stores and plans it inherited: they are opened anew at the first use. A batch it
 *   inherited may be read, and read into; a reader must be closed and opened anew (its _next and _take fail with
 *   COHORT_USAGE). No handle may be used in a signal handler.
 * - Never open the same store with another copy of LMDB in one process: closing one drops the locks of both.
 * - Numbers of samples, epochs and steps begin at 0. Texts, names and paths are UTF-8.
 * - What cannot be asked for at all is COHORT_USAGE and never ends the process: NULL where a value must be, negative counts,
 *   ranks outside of their world, epochs beyond 2^53 - 1. What a pointer points at cannot be checked.
 */
#ifndef COHORT_H
#define COHORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever something here changes so that a program built before would go wrong. */
#define COHORT_ABI_VERSION 1

/* The COHORT_ABI_VERSION that the library was built with: compare before anything else. */
uint32_t cohort_abi_version(void);
/* The release, such as "0.2.0". Valid for ever. */
const char *cohort_version(void);

/* ---- Errors ---- */

/* What kind of trouble; the exit codes of `cohort`. */
enum {
  COHORT_FAILURE = 1,     /* something went wrong that is none of the others */
  COHORT_USAGE = 2,       /* the caller asked for what cannot be */
  COHORT_NOT_FOUND = 3,   /* a name or an id that is not there */
  COHORT_CORRUPTION = 4,  /* the store is damaged */
  COHORT_UNAVAILABLE = 5, /* a daemon or a server cannot be reached; reading never needs one */
  COHORT_BUSY = 75        /* somebody else holds what is needed, or disk, memory or descriptors are exhausted; try again */
};

/* All texts end with 0, are whole UTF-8, cut where they are longer, and empty when there is nothing to say. */
typedef struct cohort_error {
  int32_t category;
  char code[96];      /* for programs: "store.unknown-plan" */
  char message[1024]; /* what is wrong */
  char place[1024];   /* where */
  char cause[1024];   /* why */
  char hint[1024];    /* what to do */
} cohort_error;

/* ---- Stores ---- */

typedef struct cohort_store cohort_store;

/* Opens the store in folder `path` for reading. Never waits for a writer, and none waits for it.
 * Errors: `store.…`; COHORT_NOT_FOUND where there is no store. */
cohort_store *cohort_store_open(const char *path, cohort_error *error);
void cohort_store_close(cohort_store *store);

/* One JSON object about the store as it is now, for memory that the caller gives back by cohort_free:
 *   id, path, created, samples (all ever stored: ids are 0 to samples-1), deleted, bytes,
 *   spaces [{name, dimension, element ("float16" or "float32"), vectors, model, default}],
 *   measures [{name, unit, part}]: the first one is the store's own, "default",
 *   groupings [{name, kind, definition, groups, space, measure}]: `kind` as `cohort` takes it after --by,
 *   snapshots [{name, samples, digest, created, groupings [name]}],
 *   plans [{name, hash, snapshot, grouping, steps_per_epoch, created}],
 *   tasks [{id, name}], sources [{id, name, origin, licence, owner}].
 * Times are seconds since 1970, with fractions. What is not known is null.
 * Cost: reads all names and groups, and the state of each vector: milliseconds for millions of samples. */
char *cohort_store_json(cohort_store *store, cohort_error *error);
/* How many samples were ever stored (ids are 0 to one less); `deleted`, if not NULL, gets how many of them are deleted.
 * Costs next to nothing. */
int64_t cohort_store_samples(cohort_store *store, int64_t *deleted, cohort_error *error);
/* The open groups of a grouping, as a JSON list of {id, label, size, open, parent, heir, born}; `label` is the task, the
 * value, the interval ("16-32"), or null for groups of vectors, which have {dimension} instead. `interval` is
 * [from, to (null: no end)] for groups by length. Without `snapshot` (NULL): as they are now.
 * With `snapshot`: the groups that it pinned, {id, label, size, offset, longest, mean_length}; `id` null: those without a
 * group. Members of such a group are the positions offset ..< offset + size of the snapshot.
 * Errors: store.unknown-grouping, store.unknown-snapshot. */
char *cohort_groups_json(cohort_store *store, const char *grouping, const char *snapshot, cohort_error *error);
void cohort_free(void *memory);

/* Ids of samples that are there, ascending, from `from` on: at most `capacity` of them. With `snapshot` not NULL, those
 * of the snapshot that were not deleted since. Returns how many; 0 at the end. The next call goes on behind the last id.
 * Cost: the rows looked at; with a snapshot its whole membership once for each call that gives ids.
 * Errors: store.unknown-snapshot. */
int64_t cohort_ids(
    cohort_store *store, const char *snapshot, uint64_t from, uint64_t *ids, int64_t capacity, cohort_error *error);

/* ---- Columns: one value a sample, into the caller's buffer ---- */

enum { COHORT_PROMPT = 0, COHORT_RESPONSE = 1, COHORT_TOTAL = 2 };

/* What stands for "no value" in columns of numbers. */
#define COHORT_NONE UINT32_MAX

/* All of them: ids in any order, also repeated; out has `count` elements in the order of the ids. A deleted sample has no
 * value. Each chunk of a column is checked once a call. Errors: COHORT_NOT_FOUND (store.unknown-sample) for an id that the
 * store never had; COHORT_CORRUPTION. After an error nothing is said of what is in out. */

/* Lengths by the measure named `measure`; NULL or "default": the store's own, which every sample has.
 * `part` is COHORT_PROMPT, COHORT_RESPONSE or COHORT_TOTAL. COHORT_NONE: not measured.
 * Errors: store.unknown-length-measure. */
int32_t cohort_lengths(
    cohort_store *store, const char *measure, int32_t part, const uint64_t *ids, int64_t count, uint32_t *out,
    cohort_error *error);
/* The group of each sample in a grouping as it is now, COHORT_NONE where it has none. Errors: store.unknown-grouping. */
int32_t cohort_assignments(
    cohort_store *store, const char *grouping, const uint64_t *ids, int64_t count, uint32_t *out, cohort_error *error);
/* The squared Euclidean distance of each sample's vector to the centre of its group, or to the nearest anchor (vectors have
 * length 1). NaN: no group, or a grouping that looks at no vectors. Errors: store.unknown-grouping. */
int32_t cohort_distances(
    cohort_store *store, const char *grouping, const uint64_t *ids, int64_t count, float *out, cohort_error *error);
/* Task and source of each sample: numbers of `tasks` and `sources` in cohort_store_json. COHORT_NONE: no task. */
int32_t cohort_tasks(cohort_store *store, const uint64_t *ids, int64_t count, uint32_t *out, cohort_error *error);
int32_t cohort_sources(cohort_store *store, const uint64_t *ids, int64_t count, uint32_t *out, cohort_error *error);
/* Embeddings, row after row: out has count * dimension elements. A row of NaN: not embedded. `space` NULL: the default one.
 * `dimension` is what the caller made room for: it must be the space's (a space may be dropped and made anew meanwhile).
 * Errors: store.unknown-embedding-space; COHORT_USAGE for another dimension. */
int32_t cohort_embeddings(
    cohort_store *store, const char *space, int64_t dimension, const uint64_t *ids, int64_t count, float *out,
    cohort_error *error);
/* Which samples are there: out[i] is 1, or 0 for one that was deleted or never was. */
int32_t cohort_present(cohort_store *store, const uint64_t *ids, int64_t count, uint8_t *out, cohort_error *error);

/* ---- Batches: the texts of some samples ---- */

typedef struct cohort_batch cohort_batch;

enum { COHORT_SYSTEM = 0, COHORT_USER = 1, COHORT_ASSISTANT = 2, COHORT_TOOL = 3, COHORT_OTHER = 255 };

/* A text inside of `arena`: arena[begin ..< end]. */
typedef struct cohort_extent {
  int64_t begin, end;
} cohort_extent;

/* What a batch holds. Lent by the batch until it is read into again, taken into, or freed. Arrays a sample have `samples`
 * elements, arrays a message `messages`. Pointers to nothing may be NULL. */
typedef struct cohort_texts {
  const uint8_t *arena;
  int64_t arena_size;
  int64_t samples;
  int64_t messages;
  const uint64_t *ids;             /* a sample */
  const uint8_t *missing;          /* a sample: 1 if it was deleted; then it has no messages and no attributes */
  const int64_t *first_message;    /* samples + 1: messages first_message[i] ..< first_message[i + 1] are of sample i */
  const int64_t *response;         /* a sample: the message that is the response, as an index into the arrays a message;
                                    * -1 if it has none. The prompt is what stands before it, or all messages. */
  const cohort_extent *tools;      /* a sample: JSON list, empty when it has none */
  const cohort_extent *attributes; /* a sample: JSON object, empty when it has none */
  const uint32_t *task;            /* a sample: COHORT_NONE without one */
  const uint32_t *source;          /* a sample */
  const uint64_t *line;            /* a sample: of its source's file, from 1; 0 if not known */
  const uint8_t *role;             /* a message: COHORT_SYSTEM … COHORT_OTHER */
  const cohort_extent *role_name;  /* a message: empty unless its role is COHORT_OTHER */
  const cohort_extent *text;       /* a message */
  const cohort_extent *extra;      /* a message: JSON object with name, tool_calls, weight …; empty when it has none */
  const int64_t *part;             /* parts + 1: samples part[k] ..< part[k + 1] are micro-batch k */
  int64_t parts;                   /* 1 unless a plan's step was read with accumulation */
  uint64_t epoch, step;            /* of a plan's step; 0 otherwise */
  uint32_t group;                  /* of a plan's step; COHORT_NONE for mixed steps and otherwise */
} cohort_texts;

/* An empty batch. Its memory grows as needed and is used again by the next read. NULL: out of memory. */
cohort_batch *cohort_batch_new(void);
void cohort_batch_free(cohort_batch *batch);
/* The same address as long as the batch lives; NULL for NULL. */
const cohort_texts *cohort_batch_texts(const cohort_batch *batch);
/* Reads samples in the order of `ids`, also repeated ones, in one transaction: looked up and checked first, then
 * decompressed in place. Errors: COHORT_NOT_FOUND (store.unknown-sample) for an id that the store never had,
 * COHORT_CORRUPTION. After an error the batch is empty. */
int32_t cohort_batch_read(
    cohort_store *store, const uint64_t *ids, int64_t count, cohort_batch *batch, cohort_error *error);

/* ---- Plans ---- */

typedef struct cohort_plan cohort_plan;

/* Which part of each step a process reads: of `world` processes number `rank`, in `accumulation` micro-batches. */
typedef struct cohort_share {
  int64_t rank, world, accumulation;
} cohort_share;

/* The plan of a name, or of a hash of 32 hexadecimal digits. Errors: store.unknown-plan, reading.…, planning.…. */
cohort_plan *cohort_plan_open(cohort_store *store, const char *name, cohort_error *error);
void cohort_plan_close(cohort_plan *plan);
/* One JSON object, to be given back by cohort_free: name, hash, store, snapshot, grouping, batch_size (the most samples of a
 * step), tokens (the budget of a step, or null), seed, steps_per_epoch, samples_per_epoch, largest_step, tail, order, groups,
 * created, configuration (all settings), report (as it was printed when the plan was made). */
char *cohort_plan_json(cohort_plan *plan, cohort_error *error);
/* 0 for NULL. */
uint64_t cohort_plan_steps_per_epoch(const cohort_plan *plan);
/* The most samples that any step of any epoch has: enough room for cohort_plan_ids. 0 for NULL. */
int64_t cohort_plan_largest_step(const cohort_plan *plan);

/* The ids of a share of a step, micro-batch after micro-batch. `ids` has room for `capacity`; `parts`, if not NULL, for
 * accumulation + 1 numbers as in cohort_texts; `group`, if not NULL, gets the step's group.
 * Returns how many ids. Errors: planning.no-such-step, planning.invalid-slice, COHORT_USAGE when there is no room. */
int64_t cohort_plan_ids(
    cohort_plan *plan, uint64_t epoch, uint64_t step, cohort_share share, uint64_t *ids, int64_t capacity, int64_t *parts,
    uint32_t *group, cohort_error *error);
/* Where in an epoch a sample comes: step and place among all ids of the step. Returns 1, or 0 if it does not come in that
 * epoch (left out, or not of the snapshot). Of a sample that comes more than once the first place is told.
 * Cost: microseconds; O(samples of the snapshot) for one that has changed its group since. */
int32_t cohort_plan_find(
    cohort_plan *plan, uint64_t epoch, uint64_t id, uint64_t *step, uint64_t *place, cohort_error *error);
/* cohort_plan_ids and cohort_batch_read in one. */
int32_t cohort_plan_read(
    cohort_plan *plan, uint64_t epoch, uint64_t step, cohort_share share, cohort_batch *batch, cohort_error *error);

/* A cursor as JSON, as `cohort` writes it; given back by cohort_free. `step` may be that of the epoch's end: then it is the
 * next epoch's beginning. Errors: planning.invalid-cursor. */
char *cohort_cursor_json(cohort_plan *plan, uint64_t epoch, uint64_t step, cohort_error *error);
/* Reads a cursor. Errors: planning.foreign-cursor for another plan's, with both hashes; planning.invalid-cursor,
 * planning.newer-cursor. */
int32_t cohort_cursor_parse(
    cohort_plan *plan, const char *json, uint64_t *epoch, uint64_t *step, cohort_error *error);

/* ---- Readers: the next steps, read ahead by threads of the library ---- */

typedef struct cohort_reader cohort_reader;

/* Reads from (epoch, step) on, over ends of epochs, `ahead` steps in advance (at most 1024) with `threads` threads (at most
 * 64); both 0: as the library thinks best. The threads begin with the first cohort_reader_next or _take, in the process that
 * calls it. */
cohort_reader *cohort_reader_open(
    cohort_plan *plan, uint64_t epoch, uint64_t step, cohort_share share, int32_t ahead, int32_t threads,
    cohort_error *error);
/* The next step; waits for it. Lent until the next call or the close. NULL: an error; the next call tries the step again. */
const cohort_texts *cohort_reader_next(cohort_reader *reader, cohort_error *error);
/* The next step into the caller's batch, without a copy: afterwards it is as if cohort_plan_read had filled it. */
int32_t cohort_reader_take(cohort_reader *reader, cohort_batch *batch, cohort_error *error);
/* Ends the threads and waits for them. */
void cohort_reader_close(cohort_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
