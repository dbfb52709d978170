#include "event/unpack.h"

/* protobuf-c does not say why it failed: we remember whether it was for want of memory. */
struct allocation {
    struct arena *arena;
    bool full;
};

static void *take_or_note(void *data, size_t size)
{
    struct allocation *allocation = data;
    void *memory = arena_take(allocation->arena, size == 0 ? 1 : size);
    if (memory == NULL)
        allocation->full = true;
    return memory;
}

static void *take(void *arena, size_t size)
{
    return arena_take(arena, size == 0 ? 1 : size);
}

static void leave(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

ProtobufCAllocator unpack_allocator(struct arena *arena)
{
    return (ProtobufCAllocator){.alloc = take, .free = leave, .allocator_data = arena};
}

enum status unpack_message(const struct message_facts *facts, struct bytes value, struct arena *arena,
                           ProtobufCMessage **message, struct fault *fault)
{
    struct allocation allocation = {.arena = arena};
    ProtobufCAllocator allocator = {.alloc = take_or_note, .free = leave, .allocator_data = &allocation};

    *message = protobuf_c_message_unpack(facts->descriptor, &allocator, value.length, value.data);
    if (*message != NULL)
        return STATUS_OK;
    if (allocation.full)
        return fault_reject(fault, "unpack.too_large", "%s needs more memory than one event may take", facts->name);
    return fault_reject(fault, "unpack.malformed", "%s does not unpack", facts->name);
}
