// links: medhub_event medhub_signature
/* Any headers as a record's: attributes are read or refused with a reason, and what was read is text that everybody can
 * print. Headers are NAME-LENGTH NAME VALUE-LENGTH VALUE; a name's first byte below 16 picks one that is read, and a value
 * length of 255 is null. */
#include "event/attributes.h"
#include "signature/event_signature.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static const char *const names[] = {"ce_id",   "ce_source",   "ce_type",        "ce_subject",
                                    "ce_time", "traceparent", "ce_specversion", "content-type",
                                    "medhub.redrive", "ce_conformance", "ce_signature"};
enum { NAMES = sizeof names / sizeof *names, NULL_LENGTH = 255 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct bytes take(struct bytes *left)
{
    if (left->length == 0)
        return BYTES_NONE;
    size_t length = left->data[0];
    left->data++;
    left->length--;
    if (length == NULL_LENGTH)
        return BYTES_NONE;
    if (length > left->length)
        length = left->length;
    struct bytes taken = bytes_from(left->data, length);
    left->data += length;
    left->length -= length;
    return taken;
}

static void must_be_text(const char *text)
{
    must(text != NULL && strlen(text) <= ATTRIBUTE_BYTES_MAX && bytes_is_utf8(bytes_of(text)));
}

static void must_be_parsed_or_not(const char *text)
{
    struct event_signature signature;

    if (event_signature_parse(bytes_of(text), &signature))
        must(signature.signer.length > 0 && signature.key_id.length > 0 && signature.length > 0 &&
             signature.length <= SIGNATURE_BYTES_MAX &&
             signature.signer.length + signature.key_id.length + 2 < bytes_of(text).length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct bytes left = bytes_from(data, length);
    struct event event = {.arena = arena_new(1024, 4096), .attributes = EVENT_ATTRIBUTES_NONE};
    struct attribute_reader reader;

    attributes_begin(&reader, &event);
    while (left.length > 0) {
        char name[256];
        struct bytes given = take(&left);
        if (given.length > 0)
            memcpy(name, given.data, given.length);
        name[given.length] = '\0';
        bool known = given.length > 0 && given.data[0] < 16;
        attributes_take(&reader, known ? names[given.data[0] % NAMES] : name, take(&left));
    }
    enum status status = attributes_check(&reader);
    must(status == STATUS_OK || (status == STATUS_REJECT && event.fault.code[0] != '\0'));
    must_be_text(event.attributes.id);
    must_be_text(event.attributes.source);
    must_be_text(event.attributes.type);
    must_be_text(event.attributes.subject);
    must_be_text(event.attributes.time);
    must_be_text(event.attributes.traceparent);
    must_be_text(event.attributes.signature);
    must_be_parsed_or_not(event.attributes.signature);
    must(status != STATUS_OK || (event.attributes.id[0] != '\0' && event.attributes.type[0] != '\0'));
    arena_free(event.arena);
    return 0;
}
