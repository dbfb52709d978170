#include "domain/catalogue_key.h"

static const char *name_without(const char *prefix, const ProtobufCEnumDescriptor *descriptor, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    return value == NULL ? "UNKNOWN" : value->name + strlen(prefix);
}

const char *catalogue_kind_name(CatalogueKind kind)
{
    return name_without("KIND_", CATALOGUE_KIND_ENUM, (int)kind);
}

const char *catalogue_change_name(CatalogueChange change)
{
    return name_without("CHANGE_", CATALOGUE_CHANGE_ENUM, (int)change);
}

const char *catalogue_key(struct arena *arena, CatalogueKind kind, const char *code)
{
    const char *name = catalogue_kind_name(kind);
    size_t name_length = strlen(name), code_length = strlen(code);
    char *key = arena_take(arena, name_length + 1 + code_length + 1);
    if (key == NULL)
        return NULL;
    memcpy(key, name, name_length);
    key[name_length] = '/';
    memcpy(key + name_length + 1, code, code_length + 1);
    return key;
}
