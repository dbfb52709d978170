#include "client/submission.h"

#include "base/date.h"
#include "base/hash.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A random UUID (RFC 9562, version 4). */
static bool make_id(char id[MEDHUB_ID_BYTES])
{
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return false;
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    (void)snprintf(id, MEDHUB_ID_BYTES,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
                   b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return true;
}

/* ,"name":"value" or, as the first member, without the comma. */
static void append_member(struct buffer *out, const char *name, const char *value)
{
    json_t *string = json_string(value);
    char *quoted = json_dumps(string, JSON_ENCODE_ANY | JSON_COMPACT);

    if (quoted == NULL)
        out->failed = true;
    else
        buffer_append_format(out, "%s\"%s\":%s", out->length > 1 ? "," : "", name, quoted);
    free(quoted);
    json_decref(string);
}

/* The attribute NAME, "" if absent, NULL if it is not a text that fits an attribute. */
static const char *attribute(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    if (value == NULL)
        return "";
    const char *text = json_string_value(value);
    return text == NULL || strlen(text) >= MEDHUB_ID_BYTES || text[0] == '\0' ? NULL : text;
}

static enum medhub_status check_attributes(const json_t *root, const char *organisation,
                                           struct medhub_error *error)
{
    static const char *const names[] = {"id",   "source",  "type",        "specversion",
                                        "time", "subject", "partitionkey"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (attribute(root, names[i]) == NULL)
            return error_say(error, "event.attribute", "%s", names[i]);
    if (attribute(root, "type")[0] == '\0')
        return error_say(error, "event.attribute", "type");
    const char *source = attribute(root, "source"), *version = attribute(root, "specversion");
    if (version[0] != '\0' && strcmp(version, "1.0") != 0)
        return error_say(error, "event.attribute", "specversion");
    if (source[0] != '\0' && strcmp(source, organisation) != 0)
        return error_say(error, "event.source", NULL);
    return MEDHUB_OK;
}

static enum medhub_status choose_id(const char *said, struct submission *submission,
                                    struct medhub_error *error)
{
    if (said[0] != '\0')
        (void)snprintf(submission->id, MEDHUB_ID_BYTES, "%s", said);
    else if (!make_id(submission->id))
        return error_say(error, "internal", "getrandom");
    return MEDHUB_OK;
}

static const char *key_of(const char *said, const json_t *root)
{
    if (said != NULL)
        return said;
    const char *partition_key = attribute(root, "partitionkey");
    return partition_key[0] != '\0' ? partition_key : attribute(root, "subject");
}

/* What ROOT lacks, as members after the opening brace. */
static void append_missing(struct buffer *out, const json_t *root, const char *id, const char *organisation,
                           int64_t now_ms)
{
    char moment[MOMENT_TEXT_BYTES];
    const struct {
        const char *name, *value;
    } needed[] = {{"specversion", "1.0"},
                  {"id", id},
                  {"source", organisation},
                  {"time", moment_format_ms(now_ms, moment)}};

    buffer_append_text(out, "{");
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (json_object_get(root, needed[i].name) == NULL)
            append_member(out, needed[i].name, needed[i].value);
}

static enum medhub_status finish(struct buffer *out, const char *key, uint64_t fingerprint,
                                 struct submission *submission, struct medhub_error *error)
{
    if (!buffer_ok(out))
        return error_say(error, "event.too_large", "event_bytes_max");
    submission->key = strdup(key);
    submission->body = strdup(buffer_text(out));
    submission->fingerprint = fingerprint;
    return submission->key == NULL || submission->body == NULL ? error_say(error, "memory.out", NULL)
                                                               : MEDHUB_OK;
}

static enum medhub_status make_of_whole(const struct medhub_event *event, const json_t *root,
                                        const char *organisation, int64_t now_ms, struct buffer *out,
                                        struct submission *submission, struct medhub_error *error)
{
    enum medhub_status status = check_attributes(root, organisation, error);
    if (status == MEDHUB_OK)
        status = choose_id(attribute(root, "id"), submission, error);
    if (status != MEDHUB_OK)
        return status;
    const char *key = key_of(event->key, root);
    append_missing(out, root, submission->id, organisation, now_ms);
    if (out->length > 1)
        buffer_append_text(out, ",");
    buffer_append_text(out, strchr(event->json, '{') + 1);
    return finish(out, key, hash_bytes(bytes_of(event->json), hash_bytes(bytes_of(key), 0)), submission,
                  error);
}

static json_t *attributes_of_parts(const struct medhub_event *event)
{
    return json_pack("{s:s*, s:s*, s:s*}", "type", event->type, "id", event->id, "subject", event->subject);
}

static enum medhub_status make_of_parts(const struct medhub_event *event, const json_t *root,
                                        const char *organisation, int64_t now_ms, struct buffer *out,
                                        struct submission *submission, struct medhub_error *error)
{
    static const char *const names[] = {"type", "subject"};
    enum medhub_status status = check_attributes(root, organisation, error);
    if (status == MEDHUB_OK)
        status = choose_id(attribute(root, "id"), submission, error);
    if (status != MEDHUB_OK)
        return status;
    const char *key = key_of(event->key, root);
    uint64_t fingerprint = hash_bytes(bytes_of(key), 0);
    json_t *without_id = json_pack("{}");
    append_missing(out, without_id, submission->id, organisation, now_ms);
    json_decref(without_id);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = attribute(root, names[i]);
        fingerprint = hash_bytes(bytes_of(value), fingerprint);
        if (value[0] != '\0')
            append_member(out, names[i], value);
    }
    append_member(out, "datacontenttype", "application/json");
    buffer_append_text(out, ",\"data\":");
    buffer_append_text(out, event->data);
    buffer_append_text(out, "}");
    return finish(out, key, hash_bytes(bytes_of(event->data), fingerprint), submission, error);
}

static bool is_one_kind(const struct medhub_event *event)
{
    bool parts = event->type != NULL && event->data != NULL;
    bool any_part = event->type != NULL || event->data != NULL || event->id != NULL || event->subject != NULL;
    return event->json != NULL ? !any_part : parts;
}

enum medhub_status submission_make(const struct medhub_event *event, const char *organisation, int64_t now_ms,
                                   size_t bytes_max, struct submission *submission,
                                   struct medhub_error *error)
{
    *submission = (struct submission){.id = ""};
    if (!is_one_kind(event))
        return error_say(error, "argument.missing", "json, or type and data");
    const char *text = event->json != NULL ? event->json : event->data;
    if (strlen(text) > bytes_max)
        return error_say(error, "event.too_large", "event_bytes_max");
    json_t *said = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *root = event->json != NULL ? json_incref(said) : attributes_of_parts(event);
    struct buffer out;
    buffer_init(&out, bytes_max);
    enum medhub_status status = MEDHUB_OK;
    if (!json_is_object(said))
        status = error_say(error, "event.syntax", NULL);
    else if (event->json != NULL)
        status = make_of_whole(event, root, organisation, now_ms, &out, submission, error);
    else
        status = make_of_parts(event, root, organisation, now_ms, &out, submission, error);
    buffer_done(&out);
    json_decref(root);
    json_decref(said);
    if (status != MEDHUB_OK)
        submission_done(submission);
    return status;
}

void submission_done(struct submission *submission)
{
    free(submission->key);
    free(submission->body);
    submission->key = submission->body = NULL;
}
