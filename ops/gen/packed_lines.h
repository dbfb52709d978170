/* packed_lines.h: a gzipped file of the data folder, line by line. */
#ifndef GEN_PACKED_LINES_H
#define GEN_PACKED_LINES_H

#include "base/fault.h"

#include <stdbool.h>

enum { PACKED_LINE_BYTES = 128 };

/* Calls EACH for every line of FOLDER/FILE, without its end, until it returns false: the line is not as it should be. REJECT names
 * file and line, also when there is none or the file ends early. */
enum status packed_lines_read(const char *folder, const char *file, bool (*each)(void *context, char *line), void *context,
                              struct fault *fault) MUST_CHECK;

#endif
