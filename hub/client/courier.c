#include "client/courier.h"

#include "base/text.h"
#include "signature/http_signature.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGN_ARENA_BYTES = 64 * 1024, PROBLEM_BODY_BYTES_MAX = 1024 * 1024 };

struct transfer {
    struct courier *courier;
    struct transfer *next;
    struct courier_request request; /* its texts are not kept */
    CURL *easy;
    struct curl_slist *headers;
    struct buffer sent, received;
    char problem[CURL_ERROR_SIZE];
    bool broken_off; /* by the sink */
};

struct courier {
    const struct client_settings *settings;
    struct clock clock;
    CURLM *multi;
    struct transfer *transfers; /* under way */
    struct signing_key *key;    /* NULL: not signed */
    char key_id[600];
    struct arena *arena; /* of one signature */
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows when the first handle is made */
}

static enum medhub_status load_key(struct courier *courier, struct medhub_error *error)
{
    const struct client_settings *settings = courier->settings;
    struct fault fault = {0};

    if (settings->key[0] == '\0')
        return MEDHUB_OK;
    if (strchr(settings->key, '/') != NULL)
        (void)snprintf(courier->key_id, sizeof courier->key_id, "%.500s", settings->key);
    else
        (void)snprintf(courier->key_id, sizeof courier->key_id, "%.250s/%.250s", settings->organisation,
                       settings->key);
    if (signing_key_load(settings->key_file, &courier->key, &fault) != STATUS_OK)
        return error_of_fault(error, "key.unusable", &fault);
    return MEDHUB_OK;
}

enum medhub_status courier_open(const struct client_settings *settings, struct clock clock,
                                struct courier **courier, struct medhub_error *error)
{
    (void)pthread_once(&curl_once, init_curl);
    struct courier *opened = calloc(1, sizeof *opened);
    *courier = NULL;
    if (opened == NULL)
        return error_say(error, "memory.out", NULL);
    *opened = (struct courier){.settings = settings, .clock = clock};
    opened->multi = curl_multi_init();
    opened->arena = arena_new(SIGN_ARENA_BYTES, 16 * SIGN_ARENA_BYTES);
    enum medhub_status status = opened->multi == NULL || opened->arena == NULL
                                    ? error_say(error, "memory.out", NULL)
                                    : load_key(opened, error);
    if (status != MEDHUB_OK) {
        courier_close(opened);
        return status;
    }
    long connections = (long)(settings->connections_max + settings->feeds_max + 1);
    (void)curl_multi_setopt(opened->multi, CURLMOPT_MAXCONNECTS, connections);
    (void)curl_multi_setopt(opened->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    *courier = opened;
    return MEDHUB_OK;
}

static void transfer_free(struct transfer *transfer)
{
    if (transfer->easy != NULL) {
        (void)curl_multi_remove_handle(transfer->courier->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    buffer_done(&transfer->sent);
    buffer_done(&transfer->received);
    free(transfer);
}

void courier_close(struct courier *courier)
{
    if (courier == NULL)
        return;
    while (courier->transfers != NULL) {
        struct transfer *transfer = courier->transfers;
        courier->transfers = transfer->next;
        transfer_free(transfer);
    }
    (void)curl_multi_cleanup(courier->multi);
    signing_key_free(courier->key);
    arena_free(courier->arena);
    free(courier);
}

/* ---- what comes back ---- */

static bool is_success(const struct transfer *transfer)
{
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status == 200;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;

    if (transfer->request.sink != NULL && is_success(transfer)) {
        transfer->broken_off = !transfer->request.sink(transfer->request.context, bytes_from(data, length));
        return transfer->broken_off ? 0 : length;
    }
    buffer_append(&transfer->received, data, length);
    return buffer_ok(&transfer->received) ? length : 0;
}

static int64_t retry_after_ms(CURL *easy)
{
    curl_off_t seconds = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    return seconds > 0 && seconds < INT64_C(100000000) ? (int64_t)seconds * 1000 : -1;
}

static void finish(struct transfer *transfer, CURLcode code)
{
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    const char *text = buffer_text(&transfer->received);
    struct courier_answer answer = {.status = code == CURLE_OK ? (int)status : 0,
                                    .body = bytes_from(text, transfer->received.length),
                                    .retry_after_ms = retry_after_ms(transfer->easy),
                                    .problem = ""};

    if (code != CURLE_OK)
        answer.problem = transfer->problem[0] != '\0' ? transfer->problem : curl_easy_strerror(code);
    if (!buffer_ok(&transfer->received))
        answer.problem = "the answer is too large";
    transfer->request.done(transfer->request.context, &answer);
}

static void unlink_transfer(struct courier *courier, struct transfer *transfer)
{
    struct transfer **place = &courier->transfers;
    while (*place != transfer)
        place = &(*place)->next;
    *place = transfer->next;
}

size_t courier_perform(struct courier *courier)
{
    int running = 0, left = 0;
    size_t ended = 0;
    CURLMsg *message;

    (void)curl_multi_perform(courier->multi, &running); /* ignoring: each transfer tells its own end */
    while ((message = curl_multi_info_read(courier->multi, &left)) != NULL) {
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        unlink_transfer(courier, transfer);
        finish(transfer, code);
        transfer_free(transfer);
        ended++;
    }
    return ended;
}

void courier_wait(struct courier *courier, int timeout_ms)
{
    (void)curl_multi_poll(courier->multi, NULL, 0, timeout_ms,
                          NULL); /* ignoring: then it is only asked earlier */
}

void courier_wake(struct courier *courier)
{
    (void)curl_multi_wakeup(courier->multi);
}

/* ---- what is sent ---- */

static bool add_header(struct transfer *transfer, const char *name, const char *value)
{
    char *line = NULL;
    if (value == NULL)
        return true;
    if (asprintf(&line, "%s: %s", name, value) < 0)
        return false;
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    free(line);
    if (longer == NULL)
        return false;
    transfer->headers = longer;
    return true;
}

/* What the body is must be signed with it. */
static enum status sign(struct courier *courier, const struct transfer *transfer, const char *url,
                        struct signed_headers *headers, struct fault *fault)
{
    const struct http_header content_type = {"content-type", bytes_of(transfer->request.content_type)};
    struct signed_request request;

    arena_reset(courier->arena);
    enum status status =
        signed_request_of_url(transfer->request.method, url, courier->arena, &request, fault);
    if (status != STATUS_OK)
        return status;
    request.headers = &content_type;
    request.header_count = transfer->request.content_type == NULL ? 0 : 1;
    return sign_request(&request, buffer_bytes(&transfer->sent), courier->key_id, courier->key,
                        clock_now_ms(courier->clock), courier->arena, headers, fault);
}

static enum medhub_status add_signature(struct courier *courier, struct transfer *transfer, const char *url,
                                        struct medhub_error *error)
{
    struct signed_headers headers = {0};
    struct fault fault = {0};

    if (sign(courier, transfer, url, &headers, &fault) != STATUS_OK)
        return error_of_fault(error, "key.unusable", &fault);
    if (!add_header(transfer, "Content-Digest", headers.content_digest) ||
        !add_header(transfer, "Signature-Input", headers.signature_input) ||
        !add_header(transfer, "Signature", headers.signature))
        return error_say(error, "memory.out", NULL);
    return MEDHUB_OK;
}

static void set_tls(const struct client_settings *settings, CURL *easy)
{
    if (settings->ca_file[0] != '\0')
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
    if (settings->certificate_file[0] == '\0')
        return;
    (void)curl_easy_setopt(easy, CURLOPT_SSLCERT, settings->certificate_file);
    (void)curl_easy_setopt(easy, CURLOPT_SSLKEY, settings->certificate_key_file);
}

static void set_options(struct courier *courier, struct transfer *transfer, const char *url)
{
    const struct courier_request *request = &transfer->request;
    CURL *easy = transfer->easy;

    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* what was signed is what is sent */
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "libmedhub/" MEDHUB_VERSION_TEXT);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)courier->settings->connect_timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    if (request->accept_encoding != NULL)
        (void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, request->accept_encoding);
    set_tls(courier->settings, easy);
    if (strcmp(request->method, "POST") != 0)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->sent.data);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->sent.length);
}

static char *url_of(const struct courier *courier, const char *target)
{
    size_t length = strlen(courier->settings->gateway);
    char *url = NULL;

    while (length > 0 && courier->settings->gateway[length - 1] == '/')
        length--;
    return asprintf(&url, "%.*s%s", (int)length, courier->settings->gateway, target) < 0 ? NULL : url;
}

static enum medhub_status prepare(struct courier *courier, struct transfer *transfer, const char *url,
                                  struct medhub_error *error)
{
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL || !buffer_ok(&transfer->sent) ||
        !add_header(transfer, "Content-Type", transfer->request.content_type) ||
        !add_header(transfer, "Expect", "")) /* no pause for 100 Continue */
        return error_say(error, "memory.out", NULL);
    if (courier->key != NULL) {
        enum medhub_status status = add_signature(courier, transfer, url, error);
        if (status != MEDHUB_OK)
            return status;
    }
    set_options(courier, transfer, url);
    if (curl_multi_add_handle(courier->multi, transfer->easy) != CURLM_OK)
        return error_say(error, "memory.out", NULL);
    return MEDHUB_OK;
}

enum medhub_status courier_start(struct courier *courier, const struct courier_request *request,
                                 struct medhub_error *error)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    char *url = url_of(courier, request->target);

    if (transfer == NULL || url == NULL) {
        free(transfer);
        free(url);
        return error_say(error, "memory.out", NULL);
    }
    *transfer = (struct transfer){.courier = courier, .request = *request};
    buffer_init(&transfer->sent, request->body.length + 1);
    buffer_append_bytes(&transfer->sent, request->body);
    buffer_init(&transfer->received, (size_t)(request->sink == NULL ? courier->settings->answer_bytes_max
                                                                    : PROBLEM_BODY_BYTES_MAX));
    enum medhub_status status = prepare(courier, transfer, url, error);
    free(url);
    if (status != MEDHUB_OK) {
        transfer_free(transfer);
        return status;
    }
    transfer->next = courier->transfers;
    courier->transfers = transfer;
    return MEDHUB_OK;
}
