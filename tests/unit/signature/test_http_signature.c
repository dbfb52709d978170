// links: medhub_signature
/* The examples of RFC 9421 (sections 2 and 3, appendix B), and what must not be guessed. */
#include "signature/http_signature.h"
#include "signature/digest.h"

#include "support/cmocka_all.h"

static struct arena *arena;
static struct buffer base;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096, 1024 * 1024);
    buffer_init(&base, 64 * 1024);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    buffer_done(&base);
    arena_free(arena);
    return 0;
}

#define HEADER(name_, text_) {(name_), {(const uint8_t *)(text_), sizeof(text_) - 1}}
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Appendix B.2: the request that all examples sign. */
static const struct http_header example_headers[] = {
    HEADER("Host", "example.com"),
    HEADER("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    HEADER("Content-Type", "application/json"),
    HEADER("Content-Digest", "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHW"
                             "XvJwew==:"),
    HEADER("Content-Length", "18"),
};
static const struct signed_request example = {
    .method = "POST",
    .scheme = "https",
    .authority = "example.com",
    .target = "/foo?param=Value&Pet=dog",
    .headers = example_headers,
    .header_count = COUNT(example_headers),
};

static struct signed_request with_headers(const struct http_header *headers, size_t count)
{
    struct signed_request request = example;
    request.headers = headers;
    request.header_count = count;
    return request;
}

/* The example with the two headers of a signature. */
static struct signed_request signed_example(const char *input, const char *signature)
{
    struct http_header *headers = arena_take(arena, (example.header_count + 2) * sizeof *headers);

    assert_non_null(headers);
    memcpy(headers, example_headers, sizeof example_headers);
    headers[example.header_count] = (struct http_header){"Signature-Input", bytes_of(input)};
    headers[example.header_count + 1] = (struct http_header){"Signature", bytes_of(signature)};
    return with_headers(headers, example.header_count + 2);
}

static const struct structured_member *input_of(const char *text)
{
    struct structured_dictionary dictionary;
    struct fault fault;

    assert_int_equal(structured_parse_dictionary(bytes_of(text), arena, &dictionary, &fault), STATUS_OK);
    assert_int_equal(dictionary.member_count, 1);
    return dictionary.members;
}

static const char *base_of(const struct signed_request *request, const char *input)
{
    struct fault fault = {{0}, {0}};

    buffer_clear(&base);
    if (http_signature_base(request, input_of(input), arena, &base, &fault) != STATUS_OK) {
        assert_string_equal(fault.code, "signature.coverage");
        return NULL;
    }
    return buffer_text(&base);
}

/* The value of one covered component. */
static const char *value_of(const struct signed_request *request, const char *component)
{
    const char *text = base_of(request, arena_format(arena, "sig=(%s)", component));

    if (text == NULL)
        return NULL;
    size_t identifier = strlen(component) + 2;
    return arena_text(arena, bytes_from(text + identifier, strcspn(text, "\n") - identifier));
}

static struct signed_request get(const char *target)
{
    return (struct signed_request){
        .method = "GET", .scheme = "https", .authority = "www.example.com", .target = target};
}

/* ---- vectors ---- */

struct vector {
    const char *input, *signature, *base;
};

static const struct vector hmac_vector = {
    "sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"",
    "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
    "\"@authority\": example.com\n"
    "\"content-type\": application/json\n"
    "\"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"",
};
static const struct vector ed25519_vector = {
    "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")"
    ";created=1618884473;keyid=\"test-key-ed25519\"",
    "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
    "\"@method\": POST\n"
    "\"@path\": /foo\n"
    "\"@authority\": example.com\n"
    "\"content-type\": application/json\n"
    "\"content-length\": 18\n"
    "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")"
    ";created=1618884473;keyid=\"test-key-ed25519\"",
};
static const char shared_secret[] =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==\n";
static const char ed25519_private[] = "-----BEGIN PRIVATE KEY-----\n"
                                      "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n"
                                      "-----END PRIVATE KEY-----\n";

static struct signing_key *key_of(const char *text)
{
    struct signing_key *key = NULL;
    struct fault fault;

    assert_int_equal(signing_key_parse(bytes_of(text), &key, &fault), STATUS_OK);
    return key;
}

static bool vector_holds(const struct vector *vector, const struct signing_key *key)
{
    struct signed_request request = signed_example(vector->input, vector->signature);
    struct http_signature signature;
    struct fault fault;
    bool found = false;

    assert_int_equal(http_signature_read(&request, arena, &signature, &found, &fault), STATUS_OK);
    assert_true(found && signature.has_created && !signature.has_expires);
    assert_int_equal(signature.created, 1618884473);
    buffer_clear(&base);
    assert_int_equal(http_signature_base(&request, signature.input, arena, &base, &fault), STATUS_OK);
    assert_string_equal(buffer_text(&base), vector->base);
    return signing_key_verify(key, buffer_bytes(&base), signature.value);
}

static void hmac_example_of_the_rfc_holds(void **state)
{
    struct signing_key *key = key_of(shared_secret);

    (void)state;
    assert_int_equal(signing_key_algorithm(key), SIGNING_HMAC_SHA256);
    assert_true(vector_holds(&hmac_vector, key));
    signing_key_free(key);
}

static void ed25519_example_of_the_rfc_holds_with_the_public_key(void **state)
{
    /* The RFC's public key: SubjectPublicKeyInfo, whose last 32 bytes are the raw key. */
    static const uint8_t der[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 0x26, 0xb4, 0x0b,
                                  0x8f, 0x93, 0xff, 0xf3, 0xd8, 0x97, 0x11, 0x2f, 0x7e, 0xbc, 0x58, 0x2b, 0x23, 0x2d, 0xbd,
                                  0x72, 0x51, 0x7d, 0x08, 0x2f, 0xe8, 0x3c, 0xfb, 0x30, 0xdd, 0xce, 0x43, 0xd1, 0xbb};
    struct signing_key *key = NULL;
    struct fault fault;

    (void)state;
    for (size_t skipped = 0; skipped <= sizeof der - 32; skipped += sizeof der - 32) {
        struct bytes bytes = bytes_from(der + skipped, sizeof der - skipped);
        assert_int_equal(signing_key_public(SIGNING_ED25519, bytes, &key, &fault), STATUS_OK);
        assert_true(vector_holds(&ed25519_vector, key));
        assert_false(vector_holds(
            &(struct vector){
                ed25519_vector.input,
                "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRDA==:",
                ed25519_vector.base},
            key));
        signing_key_free(key);
    }
}

/* Ed25519 and HMAC have one signature for a message, so making it must give the RFC's bytes. */
static void signing_gives_the_bytes_of_the_rfc(void **state)
{
    static const char *const components[] = {"date", "@method", "@path", "@authority", "content-type", "content-length"};
    struct signing_key *key = key_of(ed25519_private);
    struct signing_order order = {"sig-b26", components, COUNT(components), 1618884473, 0, "test-key-ed25519", NULL};
    struct buffer input, value;
    struct fault fault;

    (void)state;
    buffer_init(&input, 4096);
    buffer_init(&value, 4096);
    assert_int_equal(http_signature_make(&example, &order, key, arena, &input, &value, &fault), STATUS_OK);
    assert_string_equal(buffer_text(&input), ed25519_vector.input);
    assert_string_equal(buffer_text(&value), ed25519_vector.signature);
    buffer_done(&input);
    buffer_done(&value);
    signing_key_free(key);
}

/* Appendix B.2.2 and B.2.3 are signed with RSA, which we do not have; their bases are ours all the same. */
static void bases_of_other_algorithms_are_the_rfcs(void **state)
{
    (void)state;
    assert_string_equal(
        base_of(&example, "sig-b22=(\"@authority\" \"content-digest\" \"@query-param\";name=\"Pet\");created=1618884473"
                          ";keyid=\"test-key-rsa-pss\";tag=\"header-example\""),
        "\"@authority\": example.com\n"
        "\"content-digest\": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJ"
        "wew==:\n"
        "\"@query-param\";name=\"Pet\": dog\n"
        "\"@signature-params\": (\"@authority\" \"content-digest\" \"@query-param\";name=\"Pet\");created=1618884473"
        ";keyid=\"test-key-rsa-pss\";tag=\"header-example\"");
    assert_string_equal(
        base_of(&example, "sig-b23=(\"date\" \"@method\" \"@path\" \"@query\" \"@authority\" \"content-type\" "
                          "\"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-rsa-pss\""),
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
        "\"@method\": POST\n"
        "\"@path\": /foo\n"
        "\"@query\": ?param=Value&Pet=dog\n"
        "\"@authority\": example.com\n"
        "\"content-type\": application/json\n"
        "\"content-digest\": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJ"
        "wew==:\n"
        "\"content-length\": 18\n"
        "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@query\" \"@authority\" \"content-type\" "
        "\"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-rsa-pss\"");
    assert_string_equal(base_of(&example, "sig-b21=();created=1618884473;keyid=\"test-key-rsa-pss\";nonce=\"b3k2pp5k7z-50g"
                                          "nwp.yemd\""),
                        "\"@signature-params\": ();created=1618884473;keyid=\"test-key-rsa-pss\";nonce=\"b3k2pp5k7z-50gnwp"
                        ".yemd\"");
}

/* ---- components ---- */

/* Section 2.2. */
static void derived_components_are_the_rfcs(void **state)
{
    struct signed_request request = get("/path?param=value");

    (void)state;
    assert_string_equal(value_of(&request, "\"@method\""), "GET");
    assert_string_equal(value_of(&request, "\"@target-uri\""), "https://www.example.com/path?param=value");
    assert_string_equal(value_of(&request, "\"@authority\""), "www.example.com");
    assert_string_equal(value_of(&request, "\"@scheme\""), "https");
    assert_string_equal(value_of(&request, "\"@request-target\""), "/path?param=value");
    assert_string_equal(value_of(&request, "\"@path\""), "/path");
    assert_string_equal(value_of(&request, "\"@query\""), "?param=value");
    request = get("/path");
    assert_string_equal(value_of(&request, "\"@query\""), "?");
    request = get("/path?queryString");
    assert_string_equal(value_of(&request, "\"@query\""), "?queryString");
}

static void an_authority_is_lower_case_without_the_usual_port(void **state)
{
    struct signed_request request = get("/");

    (void)state;
    request.authority = "WWW.Example.COM:443";
    assert_string_equal(value_of(&request, "\"@authority\""), "www.example.com");
    assert_string_equal(value_of(&request, "\"@target-uri\""), "https://www.example.com/");
    request.authority = "www.example.com:8443";
    assert_string_equal(value_of(&request, "\"@authority\""), "www.example.com:8443");
    request.scheme = "http";
    request.authority = "www.example.com:80";
    assert_string_equal(value_of(&request, "\"@authority\""), "www.example.com");
    request.authority = "";
    assert_null(value_of(&request, "\"@authority\""));
}

/* Section 2.2.8. */
static void query_parameters_are_the_rfcs(void **state)
{
    struct signed_request request = get("/path?param=value&foo=bar&baz=batman&qux=");

    (void)state;
    assert_string_equal(value_of(&request, "\"@query-param\";name=\"baz\""), "batman");
    assert_string_equal(value_of(&request, "\"@query-param\";name=\"qux\""), "");
    assert_string_equal(value_of(&request, "\"@query-param\";name=\"param\""), "value");
    request = get("/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace"
                  "&fa%C3%A7ade%22%3A%20=something");
    assert_string_equal(value_of(&request, "\"@query-param\";name=\"var\""), "this%20is%20a%20big%0Amultiline%20value");
    assert_string_equal(value_of(&request, "\"@query-param\";name=\"bar\""), "with%20plus%20whitespace");
    assert_string_equal(value_of(&request, "\"@query-param\";name=\"fa%C3%A7ade%22%3A%20\""), "something");
}

static void a_query_parameter_that_is_absent_or_doubled_cannot_be_covered(void **state)
{
    struct signed_request request = get("/path?a=1&b=2&a=3");

    (void)state;
    assert_null(value_of(&request, "\"@query-param\";name=\"a\""));
    assert_null(value_of(&request, "\"@query-param\";name=\"c\""));
    assert_null(value_of(&request, "\"@query-param\""));
    assert_null(value_of(&request, "\"@query-param\";name=1"));
    assert_string_equal(value_of(&request, "\"@query-param\";name=\"b\""), "2");
}

/* Section 2.1. */
static void header_fields_are_trimmed_and_joined(void **state)
{
    static const struct http_header headers[] = {
        HEADER("Host", "www.example.com"),     HEADER("X-OWS-Header", "  Leading and trailing whitespace.   "),
        HEADER("Cache-Control", " max-age=60"), HEADER("CACHE-CONTROL", "   must-revalidate"),
        HEADER("X-Empty-Header", ""),           HEADER("X-Twice", ""),
        HEADER("X-Twice", "b"),
    };
    const struct signed_request request = with_headers(headers, COUNT(headers));

    (void)state;
    assert_string_equal(value_of(&request, "\"x-ows-header\""), "Leading and trailing whitespace.");
    assert_string_equal(value_of(&request, "\"cache-control\""), "max-age=60, must-revalidate");
    assert_string_equal(value_of(&request, "\"x-empty-header\""), "");
    assert_string_equal(value_of(&request, "\"x-twice\""), ", b");
    assert_null(value_of(&request, "\"x-absent\""));
    assert_null(value_of(&request, "\"X-Empty-Header\""));
}

static void what_is_not_supported_is_refused_by_name(void **state)
{
    static const char *const wrong[] = {"\"@status\"",         "\"@unknown\"",       "\"date\";sf",
                                        "\"date\";bs",         "\"date\";key=\"a\"", "\"date\";tr",
                                        "\"date\";req",        "\"@method\";req",    "\"@query-param\";name=\"Pet\";req",
                                        "\"date\" \"date\"",   "\"@path\" \"@method\" \"@path\""};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_null(base_of(&example, arena_format(arena, "sig=(%s)", wrong[i])));
    assert_non_null(base_of(&example, "sig=(\"@query-param\";name=\"Pet\" \"@query-param\";name=\"param\")"));
}

/* A value with a line break would write the next line of the base itself. */
static void a_value_cannot_begin_a_line_of_its_own(void **state)
{
    static const struct http_header headers[] = {HEADER("x-a", "1\n\"x-b\": 2"), HEADER("x-c", "\xe5\x8c\xbb"),
                                                 HEADER("x-d", "tab\there")};
    const struct signed_request request = with_headers(headers, COUNT(headers));

    (void)state;
    assert_null(value_of(&request, "\"x-a\""));
    assert_null(value_of(&request, "\"x-c\""));
    assert_string_equal(value_of(&request, "\"x-d\""), "tab\there");
}

/* ---- reading ---- */

static bool is_read(const char *input, const char *value)
{
    struct signed_request request = signed_example(input, value);
    struct http_signature signature;
    struct fault fault = {{0}, {0}};
    bool found = false;

    if (http_signature_read(&request, arena, &signature, &found, &fault) == STATUS_OK)
        return true;
    assert_string_equal(fault.code, "signature.syntax");
    return false;
}

static void a_signature_is_one_under_one_label(void **state)
{
    (void)state;
    assert_true(is_read("a=(\"date\");created=1", "a=:AA==:"));
    assert_false(is_read("a=(\"date\")", "b=:AA==:"));
    assert_false(is_read("a=(\"date\"), b=()", "a=:AA==:, b=:AA==:"));
    assert_false(is_read("a=(\"date\")", "a=:AA==:, b=:AA==:"));
    assert_false(is_read("", "a=:AA==:"));
    assert_false(is_read("a=()", ""));
    assert_false(is_read("a=\"date\"", "a=:AA==:"));
    assert_false(is_read("a=()", "a=\"AA==\""));
    assert_false(is_read("a=()", "a=(:AA==:)"));
    assert_false(is_read("a=();created=\"1\"", "a=:AA==:"));
    assert_false(is_read("a=();keyid=token", "a=:AA==:"));
    assert_false(is_read("a=();nonce=1", "a=:AA==:"));
    assert_false(is_read("a=();alg", "a=:AA==:"));
    assert_false(is_read("a=(", "a=:AA==:"));
}

static void a_request_without_signature_is_told_apart(void **state)
{
    struct http_signature signature;
    struct fault fault;
    bool found = true;

    (void)state;
    assert_int_equal(http_signature_read(&example, arena, &signature, &found, &fault), STATUS_OK);
    assert_false(found);
}

/* ---- the whole way: what we sign we accept, and nothing else ---- */

static bool round_trip_holds(enum signing_algorithm algorithm, const struct signed_request *changed)
{
    static const struct http_header headers[] = {HEADER("Content-Type", "application/json"), HEADER("ce-id", "e-1"),
                                                 HEADER("User-Agent", "test")};
    struct signed_request request = with_headers(headers, COUNT(headers));
    struct bytes body = bytes_of("{\"hello\": \"world\"}");
    struct signing_key *key = NULL;
    struct signed_headers made;
    struct http_signature signature;
    struct fault fault;
    bool found = false;

    assert_int_equal(signing_key_generate(algorithm, &key, &fault), STATUS_OK);
    assert_int_equal(sign_request(&request, body, "H1/k1", key, 1618884473000, arena, &made, &fault), STATUS_OK);
    struct http_header all[] = {headers[0],
                                headers[1],
                                headers[2],
                                {"Content-Digest", bytes_of(made.content_digest)},
                                {"Signature-Input", bytes_of(made.signature_input)},
                                {"Signature", bytes_of(made.signature)}};
    if (changed != NULL)
        request = *changed;
    request.headers = all;
    request.header_count = COUNT(all);
    assert_int_equal(http_signature_read(&request, arena, &signature, &found, &fault), STATUS_OK);
    assert_true(found && http_signature_covers(&signature, "@method") && http_signature_covers(&signature, "@target-uri"));
    assert_true(http_signature_covers(&signature, "content-digest") && http_signature_covers(&signature, "Content-Type"));
    assert_true(http_signature_covers(&signature, "ce-id") && !http_signature_covers(&signature, "user-agent"));
    assert_int_equal(signature.nonce.length, 32);
    assert_true(bytes_equal_text(signature.key_id, "H1/k1"));
    assert_int_equal(content_digest_check(bytes_of(made.content_digest), body, arena, &fault), STATUS_OK);
    buffer_clear(&base);
    assert_int_equal(http_signature_base(&request, signature.input, arena, &base, &fault), STATUS_OK);
    bool holds = signing_key_verify(key, buffer_bytes(&base), signature.value);
    signing_key_free(key);
    return holds;
}

static void what_is_signed_holds_with_every_algorithm(void **state)
{
    (void)state;
    for (int algorithm = 0; algorithm < SIGNING_ALGORITHMS; algorithm++) {
        struct signed_request other_method = example, other_target = example, other_host = example;
        other_method.method = "PUT";
        other_target.target = "/foo?param=Value&Pet=cat";
        other_host.authority = "example.org";
        assert_true(round_trip_holds((enum signing_algorithm)algorithm, NULL));
        assert_false(round_trip_holds((enum signing_algorithm)algorithm, &other_method));
        assert_false(round_trip_holds((enum signing_algorithm)algorithm, &other_target));
        assert_false(round_trip_holds((enum signing_algorithm)algorithm, &other_host));
    }
}

static void a_request_without_body_has_no_digest(void **state)
{
    struct signed_request request = get("/v1/feeds");
    struct signing_key *key = key_of(shared_secret);
    struct signed_headers first, second;
    struct fault fault;

    (void)state;
    assert_int_equal(sign_request(&request, BYTES_NONE, "P1/k", key, 1000, arena, &first, &fault), STATUS_OK);
    assert_int_equal(sign_request(&request, BYTES_NONE, "P1/k", key, 1000, arena, &second, &fault), STATUS_OK);
    assert_null(first.content_digest);
    assert_true(strstr(first.signature_input, "medhub=(\"@method\" \"@target-uri\");created=1;nonce=\"") ==
                first.signature_input);
    assert_string_not_equal(first.signature_input, second.signature_input); /* another nonce */
    assert_int_not_equal(sign_request(&request, BYTES_NONE, "P\n1", key, 1000, arena, &first, &fault), STATUS_OK);
    signing_key_free(key);
}

static void an_address_is_taken_apart(void **state)
{
    static const char *const wrong[] = {"ftp://a/", "https://", "https:///x", "https://a@b/", "https://a/#f", "a", ""};
    struct signed_request request;
    struct fault fault;

    (void)state;
    assert_int_equal(signed_request_of_url("GET", "https://Hub:8443/v1/feeds?after=1", arena, &request, &fault), STATUS_OK);
    assert_string_equal(request.scheme, "https");
    assert_string_equal(request.authority, "Hub:8443");
    assert_string_equal(request.target, "/v1/feeds?after=1");
    assert_int_equal(signed_request_of_url("GET", "HTTP://hub?x", arena, &request, &fault), STATUS_OK);
    assert_string_equal(request.scheme, "http");
    assert_string_equal(request.target, "/?x");
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(signed_request_of_url("GET", wrong[i], arena, &request, &fault), STATUS_REJECT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hmac_example_of_the_rfc_holds),
        TEST(ed25519_example_of_the_rfc_holds_with_the_public_key),
        TEST(signing_gives_the_bytes_of_the_rfc),
        TEST(bases_of_other_algorithms_are_the_rfcs),
        TEST(derived_components_are_the_rfcs),
        TEST(an_authority_is_lower_case_without_the_usual_port),
        TEST(query_parameters_are_the_rfcs),
        TEST(a_query_parameter_that_is_absent_or_doubled_cannot_be_covered),
        TEST(header_fields_are_trimmed_and_joined),
        TEST(what_is_not_supported_is_refused_by_name),
        TEST(a_value_cannot_begin_a_line_of_its_own),
        TEST(a_signature_is_one_under_one_label),
        TEST(a_request_without_signature_is_told_apart),
        TEST(what_is_signed_holds_with_every_algorithm),
        TEST(a_request_without_body_has_no_digest),
        TEST(an_address_is_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
