#define _GNU_SOURCE
#include "CDamageSignals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Everything that a handler calls is async-signal-safe, and what it needs room for is static: a thread's stack may be small.

enum { path_room = 4352, message_room = 8 * path_room, alternate_room = 64 << 10, drafts_room = 8 };
enum { exit_damage = 4, exit_try_again = 75 };

_Thread_local int cohort_pages_depth = 0;

static int format = COHORT_DAMAGE_TEXT;
static int word_descriptor = -1;
static atomic_int is_installed = 0;
static atomic_flag is_ending = ATOMIC_FLAG_INIT;
static char store_folder[path_room];
static struct sigaction previous[65];

// MARK: Texts

static char message[message_room];
static size_t length = 0;

static void add(const char *text) {
    while (*text && length < message_room - 1) message[length++] = *text++;
}

static void add_number(uint64_t number, int digits) {
    char reversed[24];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || count < digits);
    while (count > 0 && length < message_room - 1) message[length++] = reversed[--count];
}

/// Text for a terminal: what is no visible character becomes a question mark; bytes of UTF-8 stay.
static void add_visible(const char *text) {
    for (; *text && length < message_room - 1; text++) {
        unsigned char byte = (unsigned char)*text;
        message[length++] = byte < 0x20 || byte == 0x7f ? '?' : *text;
    }
}

/// Text between the quotes of JSON.
static void add_quoted(const char *text) {
    for (; *text && length < message_room - 2; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') message[length++] = '\\';
        message[length++] = byte < 0x20 || byte == 0x7f ? '?' : *text;
    }
}

/// The time as the log writes it: 2026-01-31T12:00:00.000Z
static void add_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    // Days to a date: http://howardhinnant.github.io/date_algorithms.html (years begin in March).
    int64_t days = now.tv_sec / 86400 + 719468, seconds = now.tv_sec % 86400;
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    add_number((uint64_t)(year_of_era + era * 400 + (month <= 2)), 4);
    add("-");
    add_number((uint64_t)month, 2);
    add("-");
    add_number((uint64_t)(day_of_year - (153 * shifted + 2) / 5 + 1), 2);
    add("T");
    add_number((uint64_t)(seconds / 3600), 2);
    add(":");
    add_number((uint64_t)(seconds / 60 % 60), 2);
    add(":");
    add_number((uint64_t)(seconds % 60), 2);
    add(".");
    add_number((uint64_t)(now.tv_nsec / 1000000), 3);
    add("Z");
}

static void put(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        bytes += written;
        count -= (size_t)written;
    }
}

// MARK: The map

/// A mapped file with an address in it.
struct mapping {
    char path[path_room];
    uint64_t offset;
};

#if defined(__linux__)
static uint64_t hexadecimal(const char **text) {
    uint64_t value = 0;
    for (;; (*text)++) {
        char digit = **text;
        if (digit >= '0' && digit <= '9') value = value * 16 + (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f') value = value * 16 + (uint64_t)(digit - 'a') + 10;
        else return value;
    }
}

/// A line: 7f01-7f02 rw-s 00000000 fe:00 4711      /path/of/the/file
static int holds(const char *line, uint64_t address, struct mapping *found) {
    const char *text = line;
    uint64_t start = hexadecimal(&text);
    if (*text++ != '-') return 0;
    uint64_t end = hexadecimal(&text);
    if (address < start || address >= end) return 0;
    uint64_t offset = 0;
    for (int field = 0; field < 5; field++) {
        while (*text && *text != ' ') text++;
        while (*text == ' ') text++;
        if (field == 1) {
            const char *digits = text;
            offset = hexadecimal(&digits);
        }
    }
    found->offset = offset + (address - start);
    strncpy(found->path, text, path_room - 1);
    return 1;
}
#endif

/// - Returns: whether a file is mapped there.
static int find(const void *address, struct mapping *found) {
#if defined(__linux__)
    static char line[path_room];
    static char block[4096];
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) return 0;
    size_t filled = 0;
    int is_found = 0;
    ssize_t count;
    while (!is_found && (count = read(maps, block, sizeof block)) > 0) {
        for (ssize_t i = 0; i < count && !is_found; i++) {
            if (block[i] != '\n') {
                if (filled < path_room - 1) line[filled++] = block[i];
                continue;
            }
            line[filled] = 0;
            filled = 0;
            is_found = holds(line, (uint64_t)(uintptr_t)address, found);
        }
    }
    close(maps);
    return is_found;
#else
    (void)address;
    (void)found;
    return 0;
#endif
}

/// Whether a path ends with the name of a file; one that was deleted meanwhile has a remark behind it, which is cut off.
static int is_named(struct mapping *found, const char *name) {
    static const char remark[] = " (deleted)";
    size_t size = strlen(found->path), tail = strlen(name);
    if (size > sizeof remark - 1 && strcmp(found->path + size - (sizeof remark - 1), remark) == 0) {
        size -= sizeof remark - 1;
        found->path[size] = 0;
    }
    return size >= tail && strcmp(found->path + size - tail, name) == 0;
}

// MARK: The end

void cohort_damage_store(const char *folder) {
    // Opened in turn; a text that is half the old and half the new one would only be a wrong name.
    strncpy(store_folder, folder, path_room - 1);
}

/// What is told of an end.
struct ending {
    const char *code, *category, *message, *cause, *hint;
    int exit_code;
};

static const struct ending damaged_page = {
    "lmdb.damaged-page", "corruption", "The store's data file is damaged: reading it would have ended the process", "",
    "Run cohort verify for all damaged places, and restore the last backup", exit_damage,
};

static const struct ending lock_lost = {
    "lmdb.lock-file", "temporary", "The file with the store's locks cannot be read or written", "",
    "Look whether the disk is full, or somebody has cut the file short; then run the same command again", exit_try_again,
};

static void add_place(const struct mapping *place, uint64_t page, void (*put_text)(const char *)) {
    if (place) {
        put_text(place->path);
    } else {
        put_text(store_folder);
        add("/data.mdb");
    }
    if (page != UINT64_MAX) {
        add(", page ");
        add_number(page, 1);
    }
}

static void tell(const struct ending *ending, const char *cause, const struct mapping *place, uint64_t page) {
    int is_log = format == COHORT_DAMAGE_LOGFMT || format == COHORT_DAMAGE_LOG_JSON;
    if (format == COHORT_DAMAGE_SILENT) return;
    length = 0;
    if (!is_log) {
        add("error: ");
        add(ending->message);
        add("\n  where: ");
        add_place(place, page, add_visible);
        add("\n  why:   ");
        add_visible(cause);
        add("\n  do:    ");
        add(ending->hint);
        add("\n");
        put(STDERR_FILENO, message, length);
        if (format != COHORT_DAMAGE_OBJECT) return;
        length = 0;
        add("{\"error\":{\"code\":\"");
        add(ending->code);
        add("\",\"category\":\"");
        add(ending->category);
        add("\",\"message\":\"");
        add(ending->message);
        add("\",\"place\":\"");
        add_place(place, page, add_quoted);
        add("\",\"cause\":\"");
        add_quoted(cause);
        add("\",\"hint\":\"");
        add(ending->hint);
        add("\",\"exit_code\":");
        add_number((uint64_t)ending->exit_code, 1);
        add("}}\n");
        put(STDOUT_FILENO, message, length);
        return;
    }
    int is_json = format == COHORT_DAMAGE_LOG_JSON;
    add(is_json ? "{\"time\":\"" : "time=");
    add_time();
    add(is_json ? "\",\"level\":\"error\",\"event\":\"gave_up\",\"cause\":\"" : " level=error event=gave_up cause=\"");
    add_quoted(cause);
    add(is_json ? "\",\"code\":\"" : "\" code=");
    add(ending->code);
    add(is_json ? "\",\"hint\":\"" : " hint=\"");
    add(ending->hint);
    add(is_json ? "\",\"message\":\"" : "\" message=\"");
    add(ending->message);
    add(is_json ? "\",\"place\":\"" : "\" place=\"");
    add_place(place, page, add_quoted);
    add(is_json ? "\"}\n" : "\"\n");
    put(STDERR_FILENO, message, length);
}

static void say_word(int number, uint64_t page) {
    if (word_descriptor < 0) return;
    unsigned char word[14] = {10, 0, 0, 0, 4, (unsigned char)number};
    for (int i = 0; i < 8; i++) word[6 + i] = (unsigned char)(page >> (8 * i));
    put(word_descriptor, (const char *)word, sizeof word);
}

static _Noreturn void end(
    const struct ending *ending, const char *cause, int number, const struct mapping *place, uint64_t page
) {
    // Of two threads the first one ends the process.
    while (atomic_flag_test_and_set(&is_ending)) pause();
    tell(ending, cause, place, page);
    if (ending->exit_code == exit_damage) say_word(number, page);
    cohort_remove_drafts();
    _exit(ending->exit_code);
}

static void handle(int number, siginfo_t *information, void *context) {
    (void)context;
    int saved = errno;
    int is_fault = number != SIGABRT && information->si_code > 0;
    int is_own_abort = number == SIGABRT && information->si_code <= 0 && information->si_pid == getpid();
    static struct mapping place;
    static atomic_flag is_looking = ATOMIC_FLAG_INIT;
    if (is_fault) {
        while (atomic_flag_test_and_set(&is_looking)) pause();
        int is_mapped = find(information->si_addr, &place);
        const char *cause = number == SIGBUS ? "SIGBUS: the page is beyond the end of the file, or the disk cannot read it"
                                             : "SIGSEGV: a page leads to where nothing is";
        if (is_mapped && is_named(&place, "/data.mdb")) {
            // Pages of LMDB are as large as those of the system that made the file.
            end(&damaged_page, cause, number, &place, place.offset / (uint64_t)sysconf(_SC_PAGESIZE));
        }
        if (is_mapped && is_named(&place, "/lock.mdb")) {
            end(&lock_lost, "SIGBUS: a part of the file is not there", number, &place, UINT64_MAX);
        }
        if (cohort_pages_depth > 0) end(&damaged_page, cause, number, NULL, UINT64_MAX);
        atomic_flag_clear(&is_looking);
    }
    if (is_own_abort && cohort_pages_depth > 0) {
        end(&damaged_page, "SIGABRT: memory was overwritten while pages were changed", number, NULL, UINT64_MAX);
    }
    // As if this had never been here: the same instruction faults once more, or the same signal comes again.
    sigaction(number, &previous[number], NULL);
    if (!is_fault) raise(number);
    errno = saved;
}

void cohort_damage_install(int chosen, int word) {
    static _Alignas(16) char alternate[alternate_room];
    format = chosen;
    word_descriptor = word;
    if (atomic_exchange(&is_installed, 1)) return;
    // Of this thread; others have room on their own stack, which no page of a store can use up.
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&stack, NULL);
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = handle;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        sigaction(numbers[i], &action, &previous[numbers[i]]);
    }
}

void cohort_damage_assertion(const char *text) {
    if (atomic_load(&is_installed)) end(&damaged_page, text, SIGABRT, NULL, UINT64_MAX);
    static const char words[] =
        "cohort: the store's data file is damaged, and LMDB ends the process; run cohort verify, and restore the last backup\n";
    put(STDERR_FILENO, words, sizeof words - 1);
}

// MARK: Drafts

static struct {
    atomic_int state;  // 0 free, 1 being noted, 2 noted
    char path[path_room];
} drafts[drafts_room];

int cohort_draft_begun(const char *path) {
    if (strlen(path) >= path_room) return -1;
    for (int number = 0; number < drafts_room; number++) {
        int expected = 0;
        if (!atomic_compare_exchange_strong(&drafts[number].state, &expected, 1)) continue;
        strcpy(drafts[number].path, path);
        atomic_store(&drafts[number].state, 2);
        return number;
    }
    return -1;
}

void cohort_draft_done(int number) {
    if (number >= 0 && number < drafts_room) atomic_store(&drafts[number].state, 0);
}

void cohort_remove_drafts(void) {
    for (int number = 0; number < drafts_room; number++) {
        if (atomic_load(&drafts[number].state) == 2) unlink(drafts[number].path);
    }
}
