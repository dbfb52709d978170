#include "ops/gen/packed_lines.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

static enum status read_lines(gzFile packed, const char *file, bool (*each)(void *context, char *line), void *context,
                              struct fault *fault)
{
    char line[PACKED_LINE_BYTES];
    size_t count = 0;

    while (gzgets(packed, line, sizeof line) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        count++;
        if (!each(context, line))
            return fault_reject(fault, "data.malformed", "%s, line %zu is not as it should be", file, count);
    }
    return count > 0 && gzeof(packed) != 0 ? STATUS_OK : fault_reject(fault, "data.malformed", "%s ends early", file);
}

enum status packed_lines_read(const char *folder, const char *file, bool (*each)(void *context, char *line), void *context,
                              struct fault *fault)
{
    char path[1024];

    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    gzFile packed = gzopen(path, "rb");
    if (packed == NULL)
        return fault_reject(fault, "data.missing", "%s cannot be read", path);
    enum status status = read_lines(packed, file, each, context, fault);
    (void)gzclose(packed);
    return status;
}
