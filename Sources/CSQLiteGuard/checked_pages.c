#include "CSQLiteGuard.h"

#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

// A layer over SQLite's own files that ends each page of a derived file with a checksum. SQLite has such a layer as an extension,
// which Debian's build lacks; this is smaller, because it need not be switched on and off, and knows its files by their names.
//
//   page of N bytes:  content, N - 8 bytes | uint64 checksum of the content and of the page's number, in the machine's order
//
// The eight bytes are what SQLite calls reserved: it leaves them alone, and programs without this layer read the file as ever.
// Frames of a write-ahead log have checksums of SQLite's own, which are looked at when the log is taken over.

enum { sum_bytes = 8, smallest_page = 512, largest_page = 65536 };

static sqlite3_vfs *under;

struct checked_file {
  sqlite3_file base;
  sqlite3_file *real;
  // Where a page gets its checksum before it is written: what SQLite has in memory is not ours to change.
  unsigned char *page;
};

static struct checked_file *checked(sqlite3_file *file) { return (struct checked_file *)file; }
static sqlite3_file *real(sqlite3_file *file) { return checked(file)->real; }

static uint64_t sum(const unsigned char *page, int size, uint64_t number) {
  uint64_t hash = 0x9e3779b97f4a7c15u ^ (number * 0xc2b2ae3d27d4eb4fu);
  for (int at = 0; at < size - sum_bytes; at += 8) {
    uint64_t word;
    memcpy(&word, page + at, 8);
    // Each step can be undone, so one changed word always shows.
    hash = (hash ^ word) * 0x9fb21c651e98df25u;
    hash ^= hash >> 29;
  }
  hash *= 0xd6e8feb86659fd93u;
  return hash ^ hash >> 32;
}

/// Whether a piece of a file is a page. Heads are read in smaller pieces, to see what kind of file it is.
static int is_page(int count, sqlite3_int64 offset) {
  return count >= smallest_page && count <= largest_page && (count & (count - 1)) == 0 && offset % count == 0;
}

static int read_checked(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
  int code = real(file)->pMethods->xRead(real(file), bytes, count, offset);
  if (!is_page(count, offset)) return code;
  if (code == SQLITE_IOERR_SHORT_READ) {
    // A page beyond the end is of a file that is being made. Of a part of one SQLite would take the rest for zeros.
    sqlite3_int64 size = 0;
    int known = real(file)->pMethods->xFileSize(real(file), &size);
    if (known != SQLITE_OK || size <= offset) return code;
    // It may have come since.
    code = real(file)->pMethods->xRead(real(file), bytes, count, offset);
    if (code == SQLITE_IOERR_SHORT_READ) return SQLITE_CORRUPT;
  }
  if (code != SQLITE_OK) return code;
  uint64_t stored;
  memcpy(&stored, (unsigned char *)bytes + count - sum_bytes, sum_bytes);
  return stored == sum(bytes, count, (uint64_t)(offset / count)) ? SQLITE_OK : SQLITE_CORRUPT;
}

static int write_checked(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  if (!is_page(count, offset)) return real(file)->pMethods->xWrite(real(file), bytes, count, offset);
  // The first page tells how many bytes of each are reserved: in a file without them a checksum would be written over content.
  if (offset == 0 && ((const unsigned char *)bytes)[20] != sum_bytes) return SQLITE_READONLY;
  unsigned char *page = checked(file)->page;
  memcpy(page, bytes, (size_t)count);
  uint64_t value = sum(page, count, (uint64_t)(offset / count));
  memcpy(page + count - sum_bytes, &value, sum_bytes);
  return real(file)->pMethods->xWrite(real(file), page, count, offset);
}

static int close_checked(sqlite3_file *file) {
  sqlite3_free(checked(file)->page);
  checked(file)->page = NULL;
  return real(file)->pMethods->xClose(real(file));
}

// What is passed on as it is.
static int pass_truncate(sqlite3_file *f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); }
static int pass_sync(sqlite3_file *f, int flags) { return real(f)->pMethods->xSync(real(f), flags); }
static int pass_size(sqlite3_file *f, sqlite3_int64 *size) { return real(f)->pMethods->xFileSize(real(f), size); }
static int pass_lock(sqlite3_file *f, int level) { return real(f)->pMethods->xLock(real(f), level); }
static int pass_unlock(sqlite3_file *f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
static int pass_reserved(sqlite3_file *f, int *out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
static int pass_control(sqlite3_file *f, int code, void *value) {
  return real(f)->pMethods->xFileControl(real(f), code, value);
}
static int pass_sector(sqlite3_file *f) { return real(f)->pMethods->xSectorSize(real(f)); }
static int pass_traits(sqlite3_file *f) {
  // Parts of pages are not to be read past the checksum (SQLITE_IOCAP_SUBPAGE_READ, of releases from 3.47 on).
  return real(f)->pMethods->xDeviceCharacteristics(real(f)) & ~0x8000;
}
static int pass_map(sqlite3_file *f, int region, int size, int extend, void volatile **out) {
  return real(f)->pMethods->xShmMap(real(f), region, size, extend, out);
}
static int pass_shared_lock(sqlite3_file *f, int offset, int count, int flags) {
  return real(f)->pMethods->xShmLock(real(f), offset, count, flags);
}
static void pass_barrier(sqlite3_file *f) { real(f)->pMethods->xShmBarrier(real(f)); }
static int pass_unmap(sqlite3_file *f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

// Of version 2: shared memory for the log, and no mapped pages, which nobody would check.
static const sqlite3_io_methods methods = {
  .iVersion = 2,
  .xClose = close_checked,
  .xRead = read_checked,
  .xWrite = write_checked,
  .xTruncate = pass_truncate,
  .xSync = pass_sync,
  .xFileSize = pass_size,
  .xLock = pass_lock,
  .xUnlock = pass_unlock,
  .xCheckReservedLock = pass_reserved,
  .xFileControl = pass_control,
  .xSectorSize = pass_sector,
  .xDeviceCharacteristics = pass_traits,
  .xShmMap = pass_map,
  .xShmLock = pass_shared_lock,
  .xShmBarrier = pass_barrier,
  .xShmUnmap = pass_unmap,
};

/// Whether a file is one that is derived from a store. SQLite gives whole paths.
static int is_derived(const char *path, int flags) {
  const char *slash = path ? strrchr(path, '/') : NULL;
  if (!slash || !(flags & SQLITE_OPEN_MAIN_DB)) return 0;
  return strcmp(slash, "/catalog.sqlite") == 0 || strcmp(slash, "/search.sqlite") == 0;
}

static int open_checked(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *given) {
  (void)vfs;
  // Other files live in the same room, which is large enough for either.
  if (!is_derived(path, flags)) return under->xOpen(under, path, file, flags, given);
  struct checked_file *own = checked(file);
  memset(own, 0, sizeof *own);
  own->real = (sqlite3_file *)(own + 1);
  own->page = sqlite3_malloc(largest_page);
  if (!own->page) return SQLITE_NOMEM;
  int code = under->xOpen(under, path, own->real, flags, given);
  if (own->real->pMethods && own->real->pMethods->iVersion >= 2) {
    own->base.pMethods = &methods;
    return code;
  }
  // Not opened; or without shared memory, as a file of SQLite's never is.
  if (own->real->pMethods) own->real->pMethods->xClose(own->real);
  sqlite3_free(own->page);
  return code == SQLITE_OK ? SQLITE_CANTOPEN : code;
}

int cohort_sqlite_check_pages(void) {
  static sqlite3_vfs layer;
  if (under) return SQLITE_OK;
  sqlite3_vfs *found = sqlite3_vfs_find(NULL);
  if (!found) return SQLITE_ERROR;
  under = found;
  // All else is done by SQLite's own layer, which is asked for by its own functions; those do not look at whose they are.
  layer = *found;
  layer.zName = "cohort-checked-pages";
  layer.szOsFile = found->szOsFile + (int)sizeof(struct checked_file);
  layer.xOpen = open_checked;
  layer.pNext = NULL;
  return sqlite3_vfs_register(&layer, 1);
}

int cohort_sqlite_reserve_sums(struct sqlite3 *connection) {
  int bytes = sum_bytes;
  return sqlite3_file_control(connection, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}
