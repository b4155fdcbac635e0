// Declares dlopen's and the locale's names under strict C.
#define _POSIX_C_SOURCE 200809L

#include "CLineEditing.h"

#include <dlfcn.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The interface that libedit and libreadline share, as far as it is used here.
typedef char **completion_function(const char *word, int start, int end);
typedef char *generator(const char *word, int state);

static struct {
  void (*install)(const char *prompt, void (*handler)(char *line));
  void (*remove)(void);
  void (*read)(void);
  void (*add_history)(const char *line);
  char **(*matches)(const char *word, generator *generate);
  /// libreadline's own alone.
  void (*free_line_state)(void);
  void (*cleanup_signals)(void);
  char **line_buffer;
  int *over;
} library;

static void (*complete_function)(void *context, const char *word, const char *line);
static void *complete_context;

// Texts that are offered for the word.
static struct {
  char **texts;
  size_t count, room, next;
} offers;

// The line that the library handed over last.
static char *finished;
static int has_ended, is_finished;

static void *find(void *handle, const char *name) { return dlsym(handle, name); }

/// Data and functions have pointers of one size wherever there is `dlsym`.
#define FIND(place, handle, name) \
  do { \
    void *found = find(handle, name); \
    memcpy(&(place), &found, sizeof found); \
  } while (0)

static void handle_line(char *line) {
  // Removed at once: the terminal must not stay the library's while the line is used.
  library.remove();
  finished = line;
  has_ended = line == NULL;
  is_finished = 1;
}

static void drop_offers(void) {
  for (size_t i = 0; i < offers.count; i++) free(offers.texts[i]);
  offers.count = offers.next = 0;
}

static char *next_offer(const char *word, int state) {
  (void)word;
  if (state == 0) offers.next = 0;
  return offers.next < offers.count ? strdup(offers.texts[offers.next++]) : NULL;
}

static char **complete(const char *word, int start, int end) {
  (void)start;
  (void)end;
  // Nothing else is offered, files above all.
  if (library.over) *library.over = 1;
  if (!complete_function) return NULL;
  drop_offers();
  complete_function(complete_context, word, library.line_buffer && *library.line_buffer ? *library.line_buffer : "");
  char **matches = offers.count > 0 ? library.matches(word, next_offer) : NULL;
  drop_offers();
  return matches;
}

/// Finds what is needed of a library. Returns 0 where something is missing.
static int bind_library(void *handle) {
  memset(&library, 0, sizeof library);
  FIND(library.install, handle, "rl_callback_handler_install");
  FIND(library.remove, handle, "rl_callback_handler_remove");
  FIND(library.read, handle, "rl_callback_read_char");
  FIND(library.add_history, handle, "add_history");
  FIND(library.matches, handle, "rl_completion_matches");
  FIND(library.free_line_state, handle, "rl_free_line_state");
  FIND(library.cleanup_signals, handle, "rl_callback_sigcleanup");
  FIND(library.line_buffer, handle, "rl_line_buffer");
  FIND(library.over, handle, "rl_attempted_completion_over");
  return library.install && library.remove && library.read && library.add_history && library.matches;
}

/// Sets a variable of the library where it has it.
#define SET(handle, name, type, value) \
  do { \
    type *place = (type *)find(handle, name); \
    if (place) *place = (value); \
  } while (0)

const char *cohort_lines_open(const char *const *libraries) {
  // Texts are UTF-8 whatever the environment says of it; other parts of the locale stay as they are.
  if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
  for (; *libraries; libraries++) {
    void *handle = dlopen(*libraries, RTLD_NOW | RTLD_LOCAL);
    if (!handle) continue;
    if (!bind_library(handle)) {
      dlclose(handle);
      continue;
    }
    SET(handle, "rl_readline_name", const char *, "cohort");
    SET(handle, "rl_instream", FILE *, stdin);
    SET(handle, "rl_outstream", FILE *, stderr);
    // Signals are ours.
    SET(handle, "rl_catch_signals", int, 0);
    // Names with a point are one word: a column of a table, a command.
    SET(handle, "rl_basic_word_break_characters", const char *, " \t\n,;()<>=+-*/|%'\"");
    SET(handle, "rl_completer_word_break_characters", char *, (char *)" \t\n,;()<>=+-*/|%'\"");
    SET(handle, "rl_attempted_completion_function", completion_function *, complete);
    void (*using_history)(void) = NULL;
    FIND(using_history, handle, "using_history");
    if (using_history) using_history();
    return *libraries;
  }
  return NULL;
}

void cohort_lines_remember(const char *line) { library.add_history(line); }

void cohort_lines_complete_with(void (*complete)(void *context, const char *word, const char *line), void *context) {
  complete_function = complete;
  complete_context = context;
}

void cohort_lines_offer(const char *text) {
  if (offers.count == offers.room) {
    size_t room = offers.room ? offers.room * 2 : 64;
    char **texts = realloc(offers.texts, room * sizeof *texts);
    if (!texts) return;
    offers.texts = texts;
    offers.room = room;
  }
  char *copy = strdup(text);
  if (copy) offers.texts[offers.count++] = copy;
}

void cohort_lines_begin(const char *prompt) {
  is_finished = has_ended = 0;
  library.install(prompt, handle_line);
}

int cohort_lines_take(char **line) {
  library.read();
  if (!is_finished) return COHORT_LINES_MORE;
  is_finished = 0;
  *line = finished;
  finished = NULL;
  return has_ended ? COHORT_LINES_END : COHORT_LINES_LINE;
}

void cohort_lines_cancel(void) {
  if (library.free_line_state) library.free_line_state();
  if (library.cleanup_signals) library.cleanup_signals();
  library.remove();
}
