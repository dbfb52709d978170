#include "signature/event_signature.h"

#include "base/text.h"

#include <stdio.h>

enum { SIGNED_BYTES_MAX = 32 * 1024 * 1024 };

static void append(struct buffer *out, struct bytes text)
{
    const uint8_t length[4] = {(uint8_t)(text.length >> 24), (uint8_t)(text.length >> 16), (uint8_t)(text.length >> 8),
                               (uint8_t)text.length};

    buffer_append(out, length, sizeof length);
    buffer_append_bytes(out, text);
}

/* Lays out what is signed. */
static void write_signed(struct buffer *out, const struct signed_event *event)
{
    buffer_init(out, SIGNED_BYTES_MAX);
    append(out, bytes_of("medhub-event-1"));
    append(out, event->id);
    append(out, event->source);
    append(out, event->type);
    append(out, event->time);
    append(out, event->conformance);
    append(out, event->key);
    append(out, event->value);
}

enum status event_signature_make(const struct signed_event *event, const char *signer, const char *key_id,
                                 const struct signing_key *key, char text[EVENT_SIGNATURE_TEXT_BYTES], struct fault *fault)
{
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t length = 0;
    struct buffer message;

    text[0] = '\0';
    write_signed(&message, event);
    enum status status = buffer_ok(&message) ? signing_key_sign(key, buffer_bytes(&message), signature, &length, fault)
                                             : fault_fatal(fault, "memory.out", "no memory to sign an event");
    buffer_done(&message);
    if (status != STATUS_OK)
        return status;
    int used = snprintf(text, EVENT_SIGNATURE_TEXT_BYTES, "%s/%s:", signer, key_id);
    if (used < 0 || used >= EVENT_SIGNATURE_TEXT_BYTES ||
        text_base64_encode(bytes_from(signature, length), text + used, EVENT_SIGNATURE_TEXT_BYTES - (size_t)used) == 0)
        return fault_fatal(fault, "key.name", "the names of the signer and its key are too long");
    return STATUS_OK;
}

static bool is_name(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-'))
            return false;
    }
    return text.length > 0;
}

/* What stands before the first SIGN; *REST is what stands behind it. False: there is none. */
static bool split(struct bytes text, char sign, struct bytes *head, struct bytes *rest)
{
    const uint8_t *at = text.length == 0 ? NULL : memchr(text.data, sign, text.length);

    if (at == NULL)
        return false;
    size_t length = (size_t)(at - text.data);
    *head = bytes_from(text.data, length);
    *rest = bytes_from(at + 1, text.length - length - 1);
    return true;
}

bool event_signature_parse(struct bytes text, struct event_signature *signature)
{
    struct bytes rest, base64;

    *signature = (struct event_signature){0};
    return split(text, '/', &signature->signer, &rest) && split(rest, ':', &signature->key_id, &base64) &&
           is_name(signature->signer) && is_name(signature->key_id) &&
           text_base64_decode(base64, signature->bytes, sizeof signature->bytes, &signature->length) &&
           signature->length > 0;
}

bool event_signature_is_by(const struct event_signature *signature, const struct signed_event *event,
                           const struct signing_key *key)
{
    struct buffer message;

    write_signed(&message, event);
    bool right = buffer_ok(&message) &&
                 signing_key_verify(key, buffer_bytes(&message), bytes_from(signature->bytes, signature->length));
    buffer_done(&message);
    return right;
}
