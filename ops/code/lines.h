/* lines.h: lines of a file or of standard input, of any length, without a copy of the whole. */
#ifndef OPS_CODE_LINES_H
#define OPS_CODE_LINES_H

#include "base/bytes.h"
#include "base/fault.h"

struct lines {
    int file;
    uint8_t *data;
    size_t begin, end; /* of what is read and not yet given */
    bool ended, skipping, failed;
};

/* NULL and "-": standard input. STATUS_REJECT if the file cannot be opened. */
MUST_CHECK enum status lines_open(struct lines *lines, const char *path, struct fault *fault);
void lines_close(struct lines *lines);

/* The next line without its end (LF or CR LF); lent until the next call. Of a line longer than
 * LINES_BYTES_MAX that many bytes are given and the rest is passed over. False at the end, also when reading
 * failed: see lines->failed. */
enum { LINES_BYTES_MAX = 64 * 1024 };
bool lines_next(struct lines *lines, struct bytes *line);

/* True if the next line would have to be read first, so that what was said so far should be flushed. */
bool lines_would_read(const struct lines *lines);

#endif
