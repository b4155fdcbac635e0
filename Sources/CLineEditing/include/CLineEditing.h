#ifndef COHORT_LINE_EDITING_H
#define COHORT_LINE_EDITING_H

// Lines that a person types and edits at a terminal, by the system's libedit or libreadline. The library is loaded when it is
// first needed: a program that never asks for lines, or runs where there is none, needs none.
//
// In C because the library is a set of variables and functions that call back, all of the process: for one thread, and one
// line at a time. Prompts and editing go to standard error, so that standard output has data only.

/// Loads the first of some libraries that there is, and prepares it.
/// - Parameter libraries: names as `dlopen` takes them; NULL ends the list.
/// - Returns: the name of the library; NULL when none can be used.
const char *cohort_lines_open(const char *const *libraries);

/// Adds a line to those that the arrow keys bring back.
void cohort_lines_remember(const char *line);

/// Who is asked for completions: gets the word before the cursor and the whole line, and calls `cohort_lines_offer` for each
/// text that the word may become. All strings are valid during the call only.
void cohort_lines_complete_with(void (*complete)(void *context, const char *word, const char *line), void *context);

/// Offers a completion; only while completions are asked for.
void cohort_lines_offer(const char *text);

/// Shows a prompt and begins a line.
void cohort_lines_begin(const char *prompt);

enum {
  COHORT_LINES_MORE = 0,
  COHORT_LINES_LINE = 1,
  COHORT_LINES_END = 2,
};

/// Takes a key; to be called when standard input has something.
/// - Parameter line: gets the finished line, for the caller to `free`.
/// - Returns: whether the line goes on, is finished, or the input has ended. The terminal is as it was before after the last two.
int cohort_lines_take(char **line);

/// Gives the unfinished line up, and the terminal back as it was before.
void cohort_lines_cancel(void);

#endif
