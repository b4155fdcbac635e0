// Declares CLOCK_MONOTONIC and clock_gettime under strict C.
#define _POSIX_C_SOURCE 200809L

#include "CSQLiteGuard.h"

#include <sqlite3.h>
#include <stddef.h>
#include <time.h>

// SQLite's own allocator, which does the work.
static sqlite3_mem_methods plain;
static int is_watched;

// What the thread's statement has taken; NULL while it runs none.
static _Thread_local cohort_sqlite_heap *current;

// Allocations between two looks at the clock.
enum { PATIENCE = 256 };

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/// Whether the thread's statement may not have so many bytes more.
static int refuses(int64_t bytes) {
  cohort_sqlite_heap *heap = current;
  if (!heap) return 0;
  if (heap->used + bytes > heap->most) {
    heap->refusal = COHORT_SQLITE_FULL;
    return 1;
  }
  if (heap->calls++ % PATIENCE == 0 && now() >= heap->end) heap->is_late = 1;
  if (!heap->is_late) return 0;
  heap->refusal = COHORT_SQLITE_LATE;
  return 1;
}

static void *take(int size) {
  if (refuses(size)) return NULL;
  void *memory = plain.xMalloc(size);
  if (memory && current) current->used += plain.xSize(memory);
  return memory;
}

static void give(void *memory) {
  if (memory && current) current->used -= plain.xSize(memory);
  plain.xFree(memory);
}

static void *resize(void *memory, int size) {
  int before = memory ? plain.xSize(memory) : 0;
  if (size > before && refuses(size - before)) return NULL;
  void *resized = plain.xRealloc(memory, size);
  if (resized && current) current->used += plain.xSize(resized) - before;
  return resized;
}

// Before `main`: SQLite takes another allocator only as long as nobody has used it.
__attribute__((constructor)) static void install(void) {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK || !plain.xMalloc) return;
  sqlite3_mem_methods watched = plain;
  watched.xMalloc = take;
  watched.xFree = give;
  watched.xRealloc = resize;
  is_watched = sqlite3_config(SQLITE_CONFIG_MALLOC, &watched) == SQLITE_OK;
}

int cohort_sqlite_heap_begin(cohort_sqlite_heap *heap, int64_t most, int64_t nanoseconds) {
  if (!is_watched) return 0;
  int64_t start = now();
  *heap = (cohort_sqlite_heap){
    .most = most, .end = nanoseconds < INT64_MAX - start ? start + nanoseconds : INT64_MAX};
  current = heap;
  return 1;
}

void cohort_sqlite_heap_end(void) { current = NULL; }
