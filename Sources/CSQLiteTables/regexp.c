#include "CSQLiteTables.h"

#include <stdlib.h>
#include <string.h>

// Thompson's construction (1968): a pattern becomes a small machine, and all states that it can be in are followed at once,
// one character of the text after the other. No pattern makes it go back, so the time is linear in the text.

enum { MOST_STATES = 1000, MOST_DEPTH = 100, MOST_RANGES = 4000, STOP_STEPS = 1 << 16 };

typedef enum { CHARACTER, ANY, CLASS, SPLIT, JUMP, ASSERTION, MATCH } operation;
typedef enum { AT_START, AT_END, AT_BOUNDARY, NOT_AT_BOUNDARY } assertion;

/// Jumps are relative, so that the code of a part can be copied as it is.
typedef struct {
  operation operation;
  /// CHARACTER: the scalar. SPLIT, JUMP: where to. ASSERTION: which. CLASS: the first range.
  int32_t a;
  /// SPLIT: where else to. CLASS: how many ranges.
  int32_t b;
  int32_t is_negated;
} state;

typedef struct {
  uint32_t first, last;
} range;

struct cohort_regexp {
  state *states;
  int32_t count, room;
  range *ranges;
  int32_t range_count, range_room;
  int ignores_case;
  /// Whether a match cannot be empty; then `firsts` has the bytes that it can begin with.
  int has_firsts;
  unsigned char firsts[256];
  /// Working memory of the matcher: two lists of states, marks, a stack.
  int32_t *memory;
};

// MARK: Characters

/// The scalar at `*at`, which moves behind it. Bytes that are no UTF-8 are read one by one, as U+FFFD.
static uint32_t scalar(const unsigned char *text, size_t size, size_t *at) {
  unsigned char first = text[(*at)++];
  if (first < 0x80) return first;
  int more = first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xc2 && first < 0xe0 ? 1 : 0;
  if (more == 0 || *at + (size_t)more > size) return 0xfffd;
  uint32_t value = first & (0x3f >> more);
  for (int i = 0; i < more; i++) {
    unsigned char next = text[*at + (size_t)i];
    if ((next & 0xc0) != 0x80) return 0xfffd;
    value = value << 6 | (next & 0x3f);
  }
  *at += (size_t)more;
  return value;
}

static uint32_t lowered(uint32_t c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

static int is_word(uint32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int takes(const cohort_regexp *this, const state *at, uint32_t c);

// MARK: Parsing

typedef struct {
  cohort_regexp *into;
  const unsigned char *text;
  size_t size, at;
  int depth;
  const char *reason;
} parser;

static int fail(parser *this, const char *reason) {
  if (!this->reason) this->reason = reason;
  return 0;
}

/// Makes room for states at the end. Returns 0 when there are too many.
static int reserve(parser *this, int32_t more) {
  cohort_regexp *into = this->into;
  if (into->count + more > MOST_STATES) return fail(this, "it needs more than 1,000 states");
  if (into->count + more <= into->room) return 1;
  int32_t room = (into->count + more) * 2;
  state *grown = realloc(into->states, (size_t)room * sizeof *grown);
  if (!grown) return fail(this, "no memory");
  into->states = grown;
  into->room = room;
  return 1;
}

static int emit(parser *this, state made) {
  if (!reserve(this, 1)) return 0;
  this->into->states[this->into->count++] = made;
  return 1;
}

/// Puts a state before the code that begins at `start`.
static int insert(parser *this, int32_t start, state made) {
  if (!reserve(this, 1)) return 0;
  state *states = this->into->states;
  memmove(states + start + 1, states + start, (size_t)(this->into->count - start) * sizeof *states);
  states[start] = made;
  this->into->count++;
  return 1;
}

static int add_range(parser *this, uint32_t first, uint32_t last) {
  cohort_regexp *into = this->into;
  if (into->range_count == MOST_RANGES) return fail(this, "its classes have too many ranges");
  if (into->range_count == into->range_room) {
    int32_t room = into->range_room ? into->range_room * 2 : 16;
    range *grown = realloc(into->ranges, (size_t)room * sizeof *grown);
    if (!grown) return fail(this, "no memory");
    into->ranges = grown;
    into->range_room = room;
  }
  into->ranges[into->range_count++] = (range){first, last};
  return 1;
}

/// The ranges of `\d`, `\w` or `\s`, or of all other characters. -1 for another letter, 0 for an error.
static int add_named_class(parser *this, uint32_t letter) {
  static const range digits[] = {{'0', '9'}};
  static const range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  static const range spaces[] = {{'\t', '\r'}, {' ', ' '}};
  const range *ranges;
  int count;
  switch (lowered(letter)) {
    case 'd': ranges = digits; count = 1; break;
    case 'w': ranges = words; count = 4; break;
    case 's': ranges = spaces; count = 2; break;
    default: return -1;
  }
  if (letter >= 'a') {
    for (int i = 0; i < count; i++) {
      if (!add_range(this, ranges[i].first, ranges[i].last)) return 0;
    }
    return 1;
  }
  uint32_t next = 0;
  for (int i = 0; i < count; i++) {
    if (ranges[i].first > next && !add_range(this, next, ranges[i].first - 1)) return 0;
    next = ranges[i].last + 1;
  }
  return add_range(this, next, 0x10ffff);
}

/// The character that an escape stands for; the backslash is read already. Letters and digits stand for nothing but what is
/// named here.
static int escaped(parser *this, uint32_t *out) {
  if (this->at >= this->size) return fail(this, "it ends with a backslash");
  uint32_t c = scalar(this->text, this->size, &this->at);
  switch (c) {
    case 'n': *out = '\n'; return 1;
    case 't': *out = '\t'; return 1;
    case 'r': *out = '\r'; return 1;
    case 'f': *out = '\f'; return 1;
    case 'v': *out = '\v'; return 1;
    case 'x':
    case 'u': {
      int digits = c == 'x' ? 2 : 4;
      uint32_t value = 0;
      for (int i = 0; i < digits; i++) {
        unsigned char digit = this->at < this->size ? this->text[this->at] : 0;
        int number = digit >= '0' && digit <= '9' ? digit - '0'
                     : lowered(digit) >= 'a' && lowered(digit) <= 'f' ? (int)lowered(digit) - 'a' + 10
                                                                     : -1;
        if (number < 0) return fail(this, "\\x takes two hexadecimal digits, \\u four");
        value = value << 4 | (uint32_t)number;
        this->at++;
      }
      *out = value;
      return 1;
    }
    default:
      if (is_word(c) && c != '_') return fail(this, "it has an escape that is not known");
      *out = c;
      return 1;
  }
}

static int parse_class(parser *this) {
  state made = {.operation = CLASS, .a = this->into->range_count};
  if (this->at < this->size && this->text[this->at] == '^') {
    made.is_negated = 1;
    this->at++;
  }
  for (int is_first = 1;; is_first = 0) {
    if (this->at >= this->size) return fail(this, "a class is not closed by ]");
    uint32_t first = scalar(this->text, this->size, &this->at);
    if (first == ']' && !is_first) break;
    if (first == '\\') {
      size_t at = this->at;
      int named = at < this->size ? add_named_class(this, this->text[at]) : -1;
      if (named == 0) return 0;
      if (named == 1) {
        this->at++;
        continue;
      }
      if (!escaped(this, &first)) return 0;
    }
    uint32_t last = first;
    if (this->at + 1 < this->size && this->text[this->at] == '-' && this->text[this->at + 1] != ']') {
      this->at++;
      last = scalar(this->text, this->size, &this->at);
      if (last == '\\' && !escaped(this, &last)) return 0;
      if (last < first) return fail(this, "a range of a class ends before it begins");
    }
    if (!add_range(this, first, last)) return 0;
  }
  made.b = this->into->range_count - made.a;
  return emit(this, made);
}

static int parse_alternatives(parser *this);

static int parse_atom(parser *this) {
  uint32_t c = scalar(this->text, this->size, &this->at);
  switch (c) {
    case '.': return emit(this, (state){.operation = ANY});
    case '^': return emit(this, (state){.operation = ASSERTION, .a = AT_START});
    case '$': return emit(this, (state){.operation = ASSERTION, .a = AT_END});
    case '[': return parse_class(this);
    case '*':
    case '+':
    case '?': return fail(this, "a repetition has nothing before it");
    case '(':
      if (this->at + 1 < this->size && this->text[this->at] == '?') {
        if (this->text[this->at + 1] != ':') return fail(this, "only (?:…), and (?i) at the beginning, may follow (?");
        this->at += 2;
      }
      if (++this->depth > MOST_DEPTH) return fail(this, "its groups are nested too deeply");
      if (!parse_alternatives(this)) return 0;
      this->depth--;
      if (this->at >= this->size || this->text[this->at] != ')') return fail(this, "a group is not closed by )");
      this->at++;
      return 1;
    case '\\': {
      unsigned char letter = this->at < this->size ? this->text[this->at] : 0;
      if (letter == 'b' || letter == 'B') {
        this->at++;
        return emit(this, (state){.operation = ASSERTION, .a = letter == 'b' ? AT_BOUNDARY : NOT_AT_BOUNDARY});
      }
      int32_t first = this->into->range_count;
      int named = letter ? add_named_class(this, letter) : -1;
      if (named == 0) return 0;
      if (named == 1) {
        this->at++;
        return emit(this, (state){.operation = CLASS, .a = first, .b = this->into->range_count - first});
      }
      if (!escaped(this, &c)) return 0;
      break;
    }
    default: break;
  }
  return emit(this, (state){.operation = CHARACTER, .a = (int32_t)(this->into->ignores_case ? lowered(c) : c)});
}

/// Reads `{m}`, `{m,}` or `{m,n}`; anything else is no repetition, and -1 is returned. `*most` is -1 for no end.
static int parse_bounds(parser *this, int32_t *least, int32_t *most) {
  size_t at = this->at + 1;
  int32_t numbers[2] = {0, 0};
  int given[2] = {0, 0}, part = 0;
  for (; at < this->size && this->text[at] != '}'; at++) {
    unsigned char c = this->text[at];
    if (c == ',' && part == 0) {
      part = 1;
    } else if (c >= '0' && c <= '9') {
      numbers[part] = numbers[part] * 10 + (c - '0');
      given[part] = 1;
      if (numbers[part] > MOST_STATES) return fail(this, "it needs more than 1,000 states");
    } else {
      return -1;
    }
  }
  if (at >= this->size || !given[0]) return -1;
  *least = numbers[0];
  *most = part == 0 ? numbers[0] : given[1] ? numbers[1] : -1;
  if (*most >= 0 && *most < *least) return fail(this, "a repetition ends before it begins");
  this->at = at + 1;
  return 1;
}

/// Repeats the code that begins at `start`.
static int repeat(parser *this, int32_t start, int32_t least, int32_t most) {
  cohort_regexp *into = this->into;
  int32_t size = into->count - start;
  if (size > MOST_STATES / 2) return fail(this, "it needs more than 1,000 states");
  state part[MOST_STATES / 2];
  memcpy(part, into->states + start, (size_t)size * sizeof *part);
  into->count = start;
  for (int32_t i = 0; i < least; i++) {
    if (!reserve(this, size)) return 0;
    memcpy(into->states + into->count, part, (size_t)size * sizeof *part);
    into->count += size;
  }
  if (most < 0) {
    if (!emit(this, (state){.operation = SPLIT, .a = 1, .b = size + 2}) || !reserve(this, size + 1)) return 0;
    memcpy(into->states + into->count, part, (size_t)size * sizeof *part);
    into->count += size;
    return emit(this, (state){.operation = JUMP, .a = -(size + 1)});
  }
  for (int32_t i = least; i < most; i++) {
    int32_t rest = (most - i) * (size + 1);
    if (!reserve(this, size + 1)) return 0;
    into->states[into->count++] = (state){.operation = SPLIT, .a = 1, .b = rest};
    memcpy(into->states + into->count, part, (size_t)size * sizeof *part);
    into->count += size;
  }
  return 1;
}

static int parse_repetition(parser *this) {
  int32_t start = this->into->count;
  if (!parse_atom(this)) return 0;
  while (this->at < this->size) {
    unsigned char c = this->text[this->at];
    int32_t size = this->into->count - start;
    if (c == '*') {
      this->at++;
      if (!insert(this, start, (state){.operation = SPLIT, .a = 1, .b = size + 2})) return 0;
      if (!emit(this, (state){.operation = JUMP, .a = -(size + 1)})) return 0;
    } else if (c == '+') {
      this->at++;
      if (!emit(this, (state){.operation = SPLIT, .a = -size, .b = 1})) return 0;
    } else if (c == '?') {
      this->at++;
      if (!insert(this, start, (state){.operation = SPLIT, .a = 1, .b = size + 1})) return 0;
    } else if (c == '{') {
      int32_t least = 0, most = 0;
      int found = parse_bounds(this, &least, &most);
      if (found == 0) return 0;
      if (found < 0) return 1;
      if (!repeat(this, start, least, most)) return 0;
    } else {
      return 1;
    }
    // Whether as much or as little as possible is taken makes no difference to whether there is a match.
    if (this->at < this->size && this->text[this->at] == '?') this->at++;
  }
  return 1;
}

static int parse_sequence(parser *this) {
  while (this->at < this->size && this->text[this->at] != '|' && this->text[this->at] != ')') {
    if (!parse_repetition(this)) return 0;
  }
  return 1;
}

static int parse_alternatives(parser *this) {
  int32_t start = this->into->count;
  if (!parse_sequence(this)) return 0;
  while (this->at < this->size && this->text[this->at] == '|') {
    this->at++;
    int32_t size = this->into->count - start;
    if (!insert(this, start, (state){.operation = SPLIT, .a = 1, .b = size + 2})) return 0;
    int32_t jump = this->into->count;
    if (!emit(this, (state){.operation = JUMP}) || !parse_sequence(this)) return 0;
    this->into->states[jump].a = this->into->count - jump;
  }
  return 1;
}

/// Finds the bytes that a match can begin with: all that can be taken first, whatever stands before it.
static void find_firsts(cohort_regexp *this) {
  int32_t *stack = this->memory, *seen = this->memory + 2 * this->count;
  memset(seen, 0, (size_t)this->count * sizeof *seen);
  int32_t depth = 0;
  stack[depth++] = 0;
  while (depth > 0) {
    int32_t at = stack[--depth];
    if (seen[at]) continue;
    seen[at] = 1;
    const state *here = &this->states[at];
    switch (here->operation) {
      case SPLIT:
        stack[depth++] = at + here->b;
        stack[depth++] = at + here->a;
        break;
      case JUMP: stack[depth++] = at + here->a; break;
      case ASSERTION: stack[depth++] = at + 1; break;
      case MATCH: return;
      default:
        // Characters of several bytes are not told apart by the first one.
        if (here->operation != CHARACTER || here->a >= 0x80) memset(this->firsts + 0x80, 1, 0x80);
        for (uint32_t c = 0; c < 0x80; c++) this->firsts[c] |= (unsigned char)takes(this, here, c);
    }
  }
  this->has_firsts = 1;
}

cohort_regexp *cohort_regexp_compile(const char *pattern, size_t size, const char **reason) {
  cohort_regexp *made = calloc(1, sizeof *made);
  if (!made) return NULL;
  parser parser = {.into = made, .text = (const unsigned char *)pattern, .size = size};
  if (size >= 4 && memcmp(pattern, "(?i)", 4) == 0) {
    made->ignores_case = 1;
    parser.at = 4;
  }
  int done = parse_alternatives(&parser);
  if (done && parser.at < size) done = fail(&parser, "a ) has no ( before it");
  if (done) done = emit(&parser, (state){.operation = MATCH});
  if (done) {
    made->memory = malloc((size_t)made->count * 5 * sizeof(int32_t));
    if (!made->memory) done = fail(&parser, "no memory");
  }
  if (!done) {
    *reason = parser.reason;
    cohort_regexp_free(made);
    return NULL;
  }
  find_firsts(made);
  return made;
}

void cohort_regexp_free(cohort_regexp *pattern) {
  if (!pattern) return;
  free(pattern->states);
  free(pattern->ranges);
  free(pattern->memory);
  free(pattern);
}

// MARK: Matching

/// A place between two characters; -1 is the edge of the text.
typedef struct {
  int64_t before, after;
} place;

static int holds(int32_t which, place here) {
  int left = here.before >= 0 && is_word((uint32_t)here.before), right = here.after >= 0 && is_word((uint32_t)here.after);
  switch (which) {
    case AT_START: return here.before < 0;
    case AT_END: return here.after < 0;
    case AT_BOUNDARY: return left != right;
    default: return left == right;
  }
}

/// Adds a state and all that can be reached from it without a character. Returns whether one of them is the end.
static int add(
  const cohort_regexp *this, int32_t first, place here, int32_t *list, int32_t *count, int32_t *marks, int32_t mark,
  int32_t *stack) {
  int32_t depth = 0;
  stack[depth++] = first;
  while (depth > 0) {
    int32_t at = stack[--depth];
    if (marks[at] == mark) continue;
    marks[at] = mark;
    const state *here_state = &this->states[at];
    switch (here_state->operation) {
      case SPLIT:
        stack[depth++] = at + here_state->b;
        stack[depth++] = at + here_state->a;
        break;
      case JUMP: stack[depth++] = at + here_state->a; break;
      case ASSERTION:
        if (holds(here_state->a, here)) stack[depth++] = at + 1;
        break;
      case MATCH: return 1;
      default: list[(*count)++] = at;
    }
  }
  return 0;
}

static int in_class(const cohort_regexp *this, const state *class, uint32_t c) {
  const range *ranges = this->ranges + class->a;
  int found = 0;
  uint32_t other = c;
  if (this->ignores_case) other = c >= 'a' && c <= 'z' ? c & ~0x20u : lowered(c);
  for (int32_t i = 0; i < class->b && !found; i++) {
    found = (c >= ranges[i].first && c <= ranges[i].last) || (other >= ranges[i].first && other <= ranges[i].last);
  }
  return found != class->is_negated;
}

static int takes(const cohort_regexp *this, const state *at, uint32_t c) {
  switch (at->operation) {
    case CHARACTER: return (uint32_t)at->a == (this->ignores_case ? lowered(c) : c);
    case ANY: return c != '\n';
    default: return in_class(this, at, c);
  }
}

int cohort_regexp_matches(
  cohort_regexp *this, const char *given, size_t size, int32_t (*must_stop)(void *context), void *context) {
  const unsigned char *text = (const unsigned char *)given;
  int32_t *list = this->memory, *other = list + this->count, *marks = other + this->count, *stack = marks + this->count;
  memset(marks, 0xff, (size_t)this->count * sizeof *marks);
  int32_t count = 0, mark = 0;
  int64_t before = -1;
  size_t at = 0, steps = 0;
  while (1) {
    if (count == 0 && this->has_firsts) {
      size_t start = at;
      while (at < size && !this->firsts[text[at]]) at++;
      if (at == size) return 0;
      // Only whether it is a letter matters, and a byte of a longer character is none.
      if (at > start) before = text[at - 1] < 0x80 ? text[at - 1] : 0xfffd;
    }
    size_t next = at;
    int64_t after = at < size ? (int64_t)scalar(text, size, &next) : -1;
    // A match may begin here. Marks of this place are those that its states got from the character before.
    if (add(this, 0, (place){before, after}, list, &count, marks, mark, stack)) return 1;
    if (after < 0) return 0;
    size_t peek = next;
    int64_t beyond = next < size ? (int64_t)scalar(text, size, &peek) : -1;
    int32_t reached = 0;
    if (++mark == INT32_MAX) {
      memset(marks, 0xff, (size_t)this->count * sizeof *marks);
      mark = 0;
    }
    for (int32_t i = 0; i < count; i++) {
      if (!takes(this, &this->states[list[i]], (uint32_t)after)) continue;
      if (add(this, list[i] + 1, (place){after, beyond}, other, &reached, marks, mark, stack)) return 1;
    }
    steps += (size_t)count + 1;
    if (steps > STOP_STEPS) {
      steps = 0;
      if (must_stop && must_stop(context)) return -1;
    }
    int32_t *swap = list;
    list = other;
    other = swap;
    count = reached;
    before = after;
    at = next;
  }
}
