// links: medhub_signature
/* Any Signature-Input, Signature and Content-Digest headers, with any target: what is read is bounded, what is written again is
 * read as the same, and no request that was not signed holds. The input is parts ended by NUL: target, Signature-Input,
 * Signature, Content-Digest, then headers NAME NUL VALUE NUL. */
#include "signature/digest.h"
#include "signature/http_signature.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

enum { HEADERS_MAX = 8, ARENA_BYTES_MAX = 1 << 20, BASE_BYTES_MAX = 1 << 20 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* A part as a text with its NUL. The last one may have none: it is copied. */
static const char *take(struct bytes *left, struct arena *arena)
{
    const uint8_t *end = left->length == 0 ? NULL : memchr(left->data, 0, left->length);
    size_t length = end == NULL ? left->length : (size_t)(end - left->data);
    const char *text = arena_text(arena, bytes_from(left->data, length));

    must(text != NULL);
    length += end != NULL;
    left->data += length;
    left->length -= length;
    return text;
}

/* What a dictionary holds is written as its one serialisation, which reads as the same. */
static void must_come_back(const char *field, struct arena *arena)
{
    struct structured_dictionary first, second;
    struct buffer texts[2];
    struct fault fault = {"", ""};

    enum status status = structured_parse_dictionary(bytes_of(field), arena, &first, &fault);
    must(status == STATUS_OK || (status == STATUS_REJECT && fault.code[0] != '\0'));
    if (status != STATUS_OK)
        return;
    must(first.member_count <= STRUCTURED_COUNT_MAX);
    for (int round = 0; round < 2; round++) {
        const struct structured_dictionary *dictionary = round == 0 ? &first : &second;
        buffer_init(&texts[round], BASE_BYTES_MAX);
        for (size_t i = 0; i < dictionary->member_count; i++) {
            const struct structured_member *member = &dictionary->members[i];
            buffer_append_text(&texts[round], i == 0 ? "" : ", ");
            buffer_append_bytes(&texts[round], member->key);
            buffer_append_byte(&texts[round], '=');
            if (member->item.value.kind == STRUCTURED_INNER_LIST)
                structured_write_inner_list(member, &texts[round]);
            else
                structured_write_item(&member->item, &texts[round]);
        }
        must(buffer_ok(&texts[round]));
        if (round == 0) {
            status = structured_parse_dictionary(buffer_bytes(&texts[0]), arena, &second, &fault);
            must(status == STATUS_OK || strcmp(fault.code, "structured.too_large") == 0);
            if (status != STATUS_OK)
                break;
        }
    }
    must(status != STATUS_OK || bytes_equal(buffer_bytes(&texts[0]), buffer_bytes(&texts[1])));
    buffer_done(&texts[0]);
    if (status == STATUS_OK)
        buffer_done(&texts[1]);
}

/* Each covered component is one line of the base, and the last line is the parameters'. */
static void must_be_lines(struct bytes base, size_t components)
{
    size_t lines = 1;

    for (size_t i = 0; i < base.length; i++)
        lines += base.data[i] == '\n';
    must(lines == components + 1);
}

static void check_signature(const struct signed_request *request, struct arena *arena)
{
    static const uint8_t secret[32] = "nobody signs with this secret ..";
    struct http_signature signature;
    struct signing_key *key = NULL;
    struct buffer base;
    struct fault fault = {"", ""};
    bool found = false;

    if (http_signature_read(request, arena, &signature, &found, &fault) != STATUS_OK || !found)
        return;
    (void)http_signature_covers(&signature, "@method");
    buffer_init(&base, BASE_BYTES_MAX);
    must(signing_key_secret(bytes_from(secret, sizeof secret), &key, &fault) == STATUS_OK);
    if (http_signature_base(request, signature.input, arena, &base, &fault) == STATUS_OK) {
        must_be_lines(buffer_bytes(&base), signature.input->item_count);
        must(!signing_key_verify(key, buffer_bytes(&base), signature.value));
    }
    signing_key_free(key);
    buffer_done(&base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct bytes left = bytes_from(data, length);
    struct arena *arena = arena_new(4096, ARENA_BYTES_MAX);
    struct http_header headers[HEADERS_MAX + 3];
    struct fault fault;

    must(arena != NULL);
    if (length > 16384) {
        arena_free(arena);
        return 0;
    }
    struct signed_request request = {.method = "POST", .scheme = "https", .authority = "Hub.example:443", .headers = headers};
    request.target = take(&left, arena);
    static const char *const names[] = {"Signature-Input", "Signature", "Content-Digest"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = take(&left, arena);
        headers[request.header_count++] = (struct http_header){names[i], bytes_of(value)};
        must_come_back(value, arena);
    }
    while (left.length > 0 && request.header_count < HEADERS_MAX + 3) {
        const char *name = take(&left, arena);
        headers[request.header_count++] = (struct http_header){name, bytes_of(take(&left, arena))};
    }
    check_signature(&request, arena);
    enum status status = content_digest_check(headers[2].value, bytes_of("{\"hello\": \"world\"}"), arena, &fault);
    must(status == STATUS_OK || (status == STATUS_REJECT && fault.code[0] != '\0'));
    arena_free(arena);
    return 0;
}
