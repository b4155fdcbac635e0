/* SwiftPM needs a source file in a target of headers. */
#include "cohort.h"
