#include "ops/code/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUFFER_BYTES = 4 * LINES_BYTES_MAX };

enum status lines_open(struct lines *lines, const char *path, struct fault *fault)
{
    bool standard = path == NULL || strcmp(path, "-") == 0;
    *lines = (struct lines){.file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
                            .data = malloc(BUFFER_BYTES)};
    if (lines->file < 0)
        return fault_reject(fault, "file.open", "%s: %s", path, strerror(errno));
    return lines->data != NULL ? STATUS_OK : fault_fatal(fault, "memory", "out of memory");
}

void lines_close(struct lines *lines)
{
    if (lines->file > STDIN_FILENO)
        (void)close(lines->file);
    free(lines->data);
    *lines = (struct lines){.file = -1};
}

static const uint8_t *line_end(const struct lines *lines)
{
    return lines->begin == lines->end ? NULL
                                      : memchr(lines->data + lines->begin, '\n', lines->end - lines->begin);
}

bool lines_would_read(const struct lines *lines)
{
    return !lines->ended && line_end(lines) == NULL;
}

static void fill(struct lines *lines)
{
    if (lines->begin > 0)
        memmove(lines->data, lines->data + lines->begin, lines->end - lines->begin);
    lines->end -= lines->begin;
    lines->begin = 0;
    ssize_t count;
    do
        count = read(lines->file, lines->data + lines->end, BUFFER_BYTES - lines->end);
    while (count < 0 && errno == EINTR);
    lines->failed = lines->failed || count < 0;
    lines->ended = count <= 0;
    lines->end += count > 0 ? (size_t)count : 0;
}

/* Passes over what is left of a line that was too long. */
static void skip(struct lines *lines)
{
    while (lines->skipping) {
        const uint8_t *end = line_end(lines);
        lines->begin = end == NULL ? lines->end : (size_t)(end + 1 - lines->data);
        lines->skipping = end == NULL && !lines->ended;
        if (lines->skipping)
            fill(lines);
    }
}

static bool give(struct lines *lines, size_t length, size_t step, struct bytes *line)
{
    *line = bytes_from(lines->data + lines->begin, length);
    if (length > 0 && line->data[length - 1] == '\r')
        line->length--;
    lines->begin += step;
    return true;
}

bool lines_next(struct lines *lines, struct bytes *line)
{
    skip(lines);
    for (;;) {
        const uint8_t *end = line_end(lines);
        size_t have = lines->end - lines->begin;
        if (end != NULL) {
            size_t length = (size_t)(end - lines->data) - lines->begin;
            return give(lines, length < LINES_BYTES_MAX ? length : LINES_BYTES_MAX, length + 1, line);
        }
        if (have >= LINES_BYTES_MAX) {
            lines->skipping = true;
            return give(lines, LINES_BYTES_MAX, LINES_BYTES_MAX, line);
        }
        if (lines->ended)
            return have > 0 && give(lines, have, have, line);
        fill(lines);
    }
}
