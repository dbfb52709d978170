#include "webhook/request.h"

#include "base/date.h"

#include <assert.h>
#include <stdio.h>

static bool is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '%';
}

struct bytes request_encode(struct request_texts *texts, const char *value)
{
    struct bytes given = bytes_of(value);
    size_t plain = 0;

    while (plain < given.length && is_plain(given.data[plain]))
        plain++;
    if (plain == given.length)
        return given;
    char *begin = texts->encoded + texts->encoded_used, *at = begin;
    if (3 * given.length + 1 > sizeof texts->encoded - texts->encoded_used)
        return BYTES_NONE;
    for (size_t i = 0; i < given.length; i++)
        if (is_plain(given.data[i]))
            *at++ = (char)given.data[i];
        else
            at += sprintf(at, "%%%02X", given.data[i]);
    texts->encoded_used += (size_t)(at - begin);
    return bytes_from(begin, (size_t)(at - begin));
}

static void add(struct request_texts *texts, const char *name, struct bytes value)
{
    assert(texts->count < HTTP_HEADERS_MAX);
    texts->headers[texts->count++] = (struct http_header){name, value};
}

static void add_attribute(struct request_texts *texts, const char *name, const char *value)
{
    struct bytes encoded = request_encode(texts, value);

    if (encoded.length > 0)
        add(texts, name, encoded);
}

/* Decimal digits of a number that is not negative; returns where they end. */
static char *put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        *at++ = digits[--count];
    *at = '\0';
    return at;
}

/* TOPIC/PARTITION/OFFSET/INDEX; a topic's name has at most 249 characters. */
static void put_fact_id(const struct delivery *delivery, char text[FACT_ID_BYTES])
{
    size_t length = strnlen(delivery->input_topic, FACT_ID_BYTES - 64);
    char *at = text + length;

    memcpy(text, delivery->input_topic, length);
    *at++ = '/';
    at = put_number(at, (uint64_t)delivery->input_partition);
    *at++ = '/';
    at = put_number(at, (uint64_t)delivery->input_offset);
    *at++ = '/';
    (void)put_number(at, delivery->index);
}

static void begin(struct request_texts *texts, const char *content_type)
{
    texts->count = texts->encoded_used = 0;
    add(texts, "Content-Type", bytes_of(content_type));
    add(texts, "ce-specversion", bytes_of("1.0"));
}

static enum status sign(struct target *target, struct request_texts *texts, struct bytes body, int64_t now_ms,
                        struct fault *fault)
{
    enum status status = signer_sign(target->signer, texts->id, now_ms / 1000, body, texts->signature, fault);

    (void)put_number(texts->timestamp, (uint64_t)(now_ms / 1000));
    add(texts, "webhook-id", bytes_of(texts->id));
    add(texts, "webhook-timestamp", bytes_of(texts->timestamp));
    add(texts, "webhook-signature", bytes_of(texts->signature));
    add(texts, "User-Agent", bytes_of("medhub-webhook/1"));
    return status;
}

static void fill(const struct target *target, const struct request_texts *texts, struct bytes body,
                 struct http_request *request)
{
    *request = (struct http_request){.url = target->url,
                                     .headers = texts->headers,
                                     .header_count = texts->count,
                                     .body = body,
                                     .certificate = target->certificate,
                                     .private_allowed = target->private_network};
}

enum status request_of_delivery(struct target *target, struct delivery *delivery, int64_t now_ms, struct arena *scratch,
                                struct request_texts *texts, struct http_request *request, struct fault *fault)
{
    const char *content_type = NULL;
    struct bytes body = delivery_body(delivery, target->protobuf, scratch, &content_type);

    begin(texts, content_type);
    add_attribute(texts, "ce-id", delivery->id);
    add_attribute(texts, "ce-source", delivery->source);
    add_attribute(texts, "ce-type", delivery->type);
    add_attribute(texts, "ce-time", moment_format_ms(delivery->decided_at_ms, texts->time));
    add_attribute(texts, "ce-subject", delivery->subject);
    put_fact_id(delivery, texts->fact_id);
    add_attribute(texts, "ce-factid", texts->fact_id);
    (void)put_number(texts->version, delivery->version);
    add_attribute(texts, "ce-factversion", texts->version);
    add_attribute(texts, "ce-partitionkey", delivery->partition_key);
    delivery_id(delivery, target->endpoint->name, texts->id);
    add(texts, "Idempotency-Key", bytes_of(texts->id));
    enum status status = sign(target, texts, body, now_ms, fault);
    fill(target, texts, body, request);
    return status;
}

enum status request_of_challenge(struct target *target, int64_t now_ms, struct request_texts *texts,
                                 struct http_request *request, struct fault *fault)
{
    struct bytes body = bytes_of(target->challenge.body);

    begin(texts, "application/json");
    (void)snprintf(texts->id, sizeof texts->id, "chl_%.32s", target->challenge.text);
    for (char *at = texts->id; *at != '\0'; at++)
        if (*at == '+' || *at == '/')
            *at = '-';
    add(texts, "ce-id", bytes_of(texts->id));
    add(texts, "ce-source", bytes_of("medhub"));
    add(texts, "ce-type", bytes_of(CHALLENGE_TYPE));
    add(texts, "ce-time", bytes_of(moment_format_ms(now_ms, texts->time)));
    enum status status = sign(target, texts, body, now_ms, fault);
    fill(target, texts, body, request);
    return status;
}
