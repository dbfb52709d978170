// links: medhub_exchange dep::protobuf-c
/* Whatever document comes: it is refused with a code, or its scans pack and go out as events again. */
#include "exchange/epcis.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_way_out(const struct epcis_scan *scan, struct arena *arena)
{
    struct fault fault = {0};
    struct buffer out;

    if (scan->id == NULL || scan->time == NULL || scan->said.product[0] == '\0' ||
        protobuf_c_message_get_packed_size(&scan->said.base) == 0)
        abort();
    buffer_init(&out, 1 << 20);
    if (epcis_write_event(&scan->said, scan->said.holder, 1, arena, &out, &fault) == STATUS_FATAL)
        abort();
    buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    struct epcis_scan *scans = NULL;
    struct fault fault = {0};
    const char *path = NULL;
    size_t count = 0;

    enum status status = epcis_read_capture(bytes_from(data, size), "H1", 64, arena, &scans, &count, &path, &fault);
    if (status == STATUS_FATAL || path == NULL || (status == STATUS_REJECT && fault.code[0] == '\0'))
        abort();
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        require_way_out(&scans[i], arena);
    arena_free(arena);
    return 0;
}
