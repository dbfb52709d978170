#include "core/http.h"

#include "core/address.h"
#include "core/retry.h"
#include "core/socket_watch.h"
#include "core/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 128, RETRY_AFTER_BYTES = 64 };

/* One request at a time; its libcurl handle is used again and again. */
struct exchange {
    struct http *http;
    CURL *easy;
    http_answered *answered;
    void *self, *context;
    struct address_policy policy;
    struct fault refused; /* the address, by address.h */
    struct buffer body;
    bool cut; /* the answer's body was longer than we read */
    int redirects;
    int64_t begun_us;
    char retry_after[RETRY_AFTER_BYTES];
    struct curl_slist lines[HTTP_HEADERS_MAX + 1];
    char text[HTTP_HEADER_BYTES_MAX];
    struct exchange *next; /* in the list of free ones */
    struct exchange *newer; /* in the list of all */
};

struct http {
    struct http_settings settings;
    struct clock clock;
    CURLM *multi;
    struct socket_watch sockets;
    int wake;
    int64_t timer_us; /* when libcurl wants to be called; -1: not at all */
    size_t pending, made;
    struct exchange *free, *all;
};

/* ---- called by libcurl ---- */

static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *exchange = self;
    const char *name = "";
    (void)purpose;

    if (address_check(address_kind(&address->addr, &name), name, &exchange->policy, &exchange->refused) != STATUS_OK)
        return CURL_SOCKET_BAD;
    int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (descriptor >= 0)
        socket_watch_opened(&exchange->http->sockets, descriptor);
    return descriptor;
}

static int close_socket(void *self, curl_socket_t descriptor)
{
    struct http *http = self;

    socket_watch_closed(&http->sockets, descriptor);
    return close(descriptor);
}

/* Also for a connection that was made under another endpoint's policy. */
static int before_request(void *self, char *remote, char *local, int remote_port, int local_port)
{
    struct exchange *exchange = self;
    const char *name = "";
    (void)local, (void)remote_port, (void)local_port;

    enum address_kind kind = address_kind_of_text(remote, &name);
    return address_check(kind, name, &exchange->policy, &exchange->refused) == STATUS_OK ? CURL_PREREQFUNC_OK
                                                                                         : CURL_PREREQFUNC_ABORT;
}

static size_t take_body(char *data, size_t size, size_t count, void *self)
{
    struct exchange *exchange = self;
    size_t length = size * count, room = exchange->http->settings.body_bytes_max - exchange->body.length;

    buffer_append(&exchange->body, data, length < room ? length : room);
    exchange->cut = length > room;
    return exchange->cut ? 0 : length; /* 0 ends the transfer */
}

static size_t take_header(char *data, size_t size, size_t count, void *self)
{
    static const char name[] = "retry-after:";
    struct exchange *exchange = self;
    size_t length = size * count, at = sizeof name - 1;

    if (length <= at || strncasecmp(data, name, at) != 0)
        return length;
    size_t end = length;
    while (at < end && (data[at] == ' ' || data[at] == '\t'))
        at++;
    while (end > at && (data[end - 1] == '\r' || data[end - 1] == '\n' || data[end - 1] == ' ' || data[end - 1] == '\t'))
        end--;
    if (end - at < sizeof exchange->retry_after) {
        memcpy(exchange->retry_after, data + at, end - at);
        exchange->retry_after[end - at] = '\0';
    }
    return length;
}

static int watch_socket(CURL *easy, curl_socket_t descriptor, int what, void *self, void *known)
{
    struct http *http = self;
    (void)easy, (void)known;

    uint32_t events = what == CURL_POLL_REMOVE ? 0
                                               : ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) |
                                                     ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
    return socket_watch_set(&http->sockets, descriptor, events) ? 0 : -1;
}

static int set_timer(CURLM *multi, long milliseconds, void *self)
{
    struct http *http = self;
    (void)multi;

    http->timer_us = milliseconds < 0 ? -1 : clock_monotonic_us() + milliseconds * 1000;
    return 0;
}

/* ---- what became of a request ---- */

static const struct failure_row {
    CURLcode result;
    const char *code;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "dns"},
    {CURLE_COULDNT_CONNECT, "connect"},
    {CURLE_OPERATION_TIMEDOUT, "timeout"},
    {CURLE_GOT_NOTHING, "closed"},
    {CURLE_SEND_ERROR, "closed"},
    {CURLE_RECV_ERROR, "closed"},
    {CURLE_PARTIAL_FILE, "closed"},
    {CURLE_SSL_CONNECT_ERROR, "tls"},
    {CURLE_PEER_FAILED_VERIFICATION, "tls"},
    {CURLE_SSL_CERTPROBLEM, "tls.certificate"},
    {CURLE_SSL_CIPHER, "tls"},
    {CURLE_SSL_CACERT_BADFILE, "tls.authorities"},
    {CURLE_SSL_ISSUER_ERROR, "tls"},
    {CURLE_WEIRD_SERVER_REPLY, "not_http"},
    {CURLE_UNSUPPORTED_PROTOCOL, "not_http"},
    {CURLE_OK, "transport"}, /* everything else */
};

static const char *failure_code(CURLcode result)
{
    const struct failure_row *row = failures;

    while (row->result != result && row->result != CURLE_OK)
        row++;
    return row->code;
}

static void release_exchange(struct http *http, struct exchange *exchange)
{
    buffer_clear(&exchange->body);
    exchange->next = http->free;
    http->free = exchange;
    http->pending--;
}

/* True if the same request is on its way again, to another path of the same origin. */
static bool follow_redirect(struct http *http, struct exchange *exchange, long http_status)
{
    char *target = NULL, *from = NULL;

    if ((http_status != 307 && http_status != 308) || exchange->redirects >= http->settings.redirects_max)
        return false;
    if (curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &target) != CURLE_OK || target == NULL ||
        curl_easy_getinfo(exchange->easy, CURLINFO_EFFECTIVE_URL, &from) != CURLE_OK || !url_same_origin(from, target))
        return false;
    exchange->redirects++;
    buffer_clear(&exchange->body);
    exchange->retry_after[0] = '\0';
    (void)curl_multi_remove_handle(http->multi, exchange->easy);
    return curl_easy_setopt(exchange->easy, CURLOPT_URL, target) == CURLE_OK &&
           curl_multi_add_handle(http->multi, exchange->easy) == CURLM_OK;
}

static void fill_answer(const struct http *http, const struct exchange *exchange, CURLcode result, long http_status,
                        struct http_answer *answer)
{
    answer->retry_after_ms = -1;
    answer->took_us = clock_monotonic_us() - exchange->begun_us;
    if (result == CURLE_OK || (result == CURLE_WRITE_ERROR && exchange->cut))
        http_answer_of_status(answer, (int)http_status);
    else
        http_answer_of_failure(answer, exchange->refused.code[0] != '\0' ? exchange->refused.code : failure_code(result));
    if (answer->http_status == 0)
        return;
    answer->body = buffer_bytes(&exchange->body);
    (void)retry_after_parse(bytes_of(exchange->retry_after), clock_now_ms(http->clock), http->settings.retry_after_ms_max,
                            &answer->retry_after_ms); /* ignoring: what is no Retry-After asks for nothing */
}

static void finish(struct http *http, CURL *easy, CURLcode result)
{
    struct exchange *exchange = NULL;
    struct http_answer answer = {0};
    long http_status = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &http_status);
    if (result == CURLE_OK && follow_redirect(http, exchange, http_status))
        return;
    fill_answer(http, exchange, result, http_status, &answer);
    (void)curl_multi_remove_handle(http->multi, easy);
    exchange->answered(exchange->self, exchange->context, &answer); /* may start others: this exchange is not free yet */
    release_exchange(http, exchange);
}

static void collect(struct http *http)
{
    CURLMsg *message = NULL;
    int left = 0;

    while ((message = curl_multi_info_read(http->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            finish(http, message->easy_handle, message->data.result);
}

/* ---- exchanges ---- */

static bool set_up_limits(struct exchange *exchange, const struct http_settings *settings)
{
    CURL *easy = exchange->easy;
    bool ok = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->total_timeout_ms) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)settings->dns_seconds) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)settings->connection_seconds) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 16384L) == CURLE_OK;

    if (ok && settings->ca_file != NULL && settings->ca_file[0] != '\0')
        ok = curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file) == CURLE_OK;
    return ok;
}

static bool set_up_safety(CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK && /* also not the environment's */
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           /* A name that is still being looked up when the time is over is left to its thread: waiting for it would hold
            * up everybody else's requests. */
           curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
}

static bool set_up_callbacks(struct exchange *exchange)
{
    CURL *easy = exchange->easy;

    return curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, exchange->http) == CURLE_OK && /* a connection outlives its requests */
           curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange) == CURLE_OK;
}

static void free_exchange(struct exchange *exchange)
{
    if (exchange == NULL)
        return;
    if (exchange->easy != NULL)
        curl_easy_cleanup(exchange->easy);
    buffer_done(&exchange->body);
    free(exchange);
}

static struct exchange *new_exchange(struct http *http)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (exchange == NULL)
        return NULL;
    exchange->http = http;
    buffer_init(&exchange->body, http->settings.body_bytes_max);
    exchange->easy = curl_easy_init();
    if (exchange->easy == NULL || !set_up_limits(exchange, &http->settings) || !set_up_safety(exchange->easy) ||
        !set_up_callbacks(exchange)) {
        free_exchange(exchange);
        return NULL;
    }
    exchange->newer = http->all;
    http->all = exchange;
    http->made++;
    return exchange;
}

static struct exchange *take_exchange(struct http *http)
{
    struct exchange *exchange = http->free;

    if (exchange == NULL)
        return http->made < http->settings.requests_max ? new_exchange(http) : NULL;
    http->free = exchange->next;
    return exchange;
}

/* ---- a request ---- */

static bool is_clean(struct bytes value)
{
    for (size_t i = 0; i < value.length; i++)
        if ((value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f)
            return false;
    return true;
}

/* "NAME: VALUE" and a NUL at AT, which has ROOM; "NAME:" where there is no value, which takes a header of libcurl's own away.
 * Returns the bytes used, 0 if it does not fit. */
static size_t write_line(char *at, size_t room, const struct http_header *header)
{
    size_t name = strlen(header->name), value = header->value.length, used = name + (value == 0 ? 1 : 2) + value + 1;

    if (value > room || used > room)
        return 0;
    memcpy(at, header->name, name);
    memcpy(at + name, value == 0 ? ":" : ": ", value == 0 ? 1 : 2);
    if (value > 0)
        memcpy(at + name + 2, header->value.data, value);
    at[used - 1] = '\0';
    return used;
}

/* The lines lie in the exchange, as a list that libcurl only reads. */
static bool set_headers(struct exchange *exchange, const struct http_request *request)
{
    const struct http_header no_expect = {"Expect", BYTES_NONE}; /* no "100-continue" */
    size_t used = 0;

    if (request->header_count >= HTTP_HEADERS_MAX)
        return false;
    for (size_t i = 0; i <= request->header_count; i++) {
        const struct http_header *header = i < request->header_count ? &request->headers[i] : &no_expect;
        char *line = exchange->text + used;
        size_t length = is_clean(header->value) ? write_line(line, sizeof exchange->text - used, header) : 0;
        if (length == 0)
            return false;
        used += length;
        exchange->lines[i].data = line;
        exchange->lines[i].next = i < request->header_count ? &exchange->lines[i + 1] : NULL;
    }
    return true;
}

static bool set_request(struct exchange *exchange, const struct http_request *request)
{
    CURL *easy = exchange->easy;

    return curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->lines) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data == NULL ? "" : (const char *)request->body.data) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLCERT, request->certificate) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLKEY, request->certificate) == CURLE_OK;
}

static void put_back(struct http *http, struct exchange *exchange)
{
    exchange->next = http->free;
    http->free = exchange;
}

enum status http_start(struct http *http, const struct http_request *request, struct fault *fault)
{
    struct exchange *exchange = take_exchange(http);

    if (exchange == NULL)
        return fault_retry(fault, "http.busy", "%zu requests are on their way", http->pending);
    exchange->answered = request->answered;
    exchange->self = request->self;
    exchange->context = request->context;
    exchange->policy = (struct address_policy){.private_allowed = request->private_allowed,
                                               .plain = strncasecmp(request->url, "https:", 6) != 0};
    exchange->cut = false;
    exchange->redirects = 0;
    exchange->retry_after[0] = '\0';
    fault_clear(&exchange->refused);
    exchange->begun_us = clock_monotonic_us();
    if (!set_headers(exchange, request)) {
        put_back(http, exchange);
        return fault_reject(fault, "http.header", "a header is too long or holds a control character");
    }
    if (!set_request(exchange, request) || curl_multi_add_handle(http->multi, exchange->easy) != CURLM_OK) {
        put_back(http, exchange);
        return fault_retry(fault, "memory.out", "no memory for a request");
    }
    http->pending++;
    return STATUS_OK;
}

size_t http_pending(const struct http *http)
{
    return http->pending;
}

/* ---- the loop's part ---- */

static int wait_ms(const struct http *http, int timeout_ms)
{
    if (http->timer_us < 0)
        return timeout_ms;
    int64_t left_us = http->timer_us - clock_monotonic_us();
    if (left_us <= 0)
        return 0;
    int64_t left_ms = (left_us + 999) / 1000;
    return left_ms < timeout_ms ? (int)left_ms : timeout_ms;
}

static void act_on(struct http *http, const struct epoll_event *event)
{
    int running = 0;

    if (event->data.fd == http->wake) {
        uint64_t count = 0;
        (void)!read(http->wake, &count, sizeof count); /* ignoring: somebody emptied it before */
        return;
    }
    if (socket_watch_is_idle(&http->sockets, event->data.fd)) /* libcurl looks at a connection before it is used again */
        return;
    int what = ((event->events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
               ((event->events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
               ((event->events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
    (void)curl_multi_socket_action(http->multi, event->data.fd, what, &running);
}

void http_run(struct http *http, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int running = 0;

    int count = epoll_wait(http->sockets.epoll, events, EVENTS_MAX, wait_ms(http, timeout_ms));
    for (int i = 0; i < count; i++)
        act_on(http, &events[i]);
    if (http->timer_us >= 0 && clock_monotonic_us() >= http->timer_us) {
        http->timer_us = -1;
        (void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    collect(http);
}

int http_wake_descriptor(const struct http *http)
{
    return http->wake;
}

/* ---- life ---- */

static bool open_multi(struct http *http)
{
    http->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    http->multi = curl_multi_init();
    return http->sockets.epoll >= 0 && http->wake >= 0 && http->multi != NULL &&
           socket_watch_set(&http->sockets, http->wake, EPOLLIN) &&
           curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) == CURLM_OK &&
           curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) == CURLM_OK &&
           curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
           curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http) == CURLM_OK &&
           curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->settings.requests_max) == CURLM_OK;
}

enum status http_open(const struct http_settings *settings, struct clock clock, struct http **http, struct fault *fault)
{
    struct http *made = NULL;

    *http = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        made = calloc(1, sizeof *made);
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for HTTP");
    *made = (struct http){.settings = *settings, .clock = clock, .timer_us = -1, .wake = -1};
    socket_watch_init(&made->sockets);
    if (!open_multi(made)) {
        http_close(made);
        return fault_fatal(fault, "http.open", "no descriptors or memory for HTTP");
    }
    *http = made;
    return STATUS_OK;
}

void http_close(struct http *http)
{
    if (http == NULL)
        return;
    while (http->all != NULL) {
        struct exchange *exchange = http->all;
        http->all = exchange->newer;
        if (http->multi != NULL)
            (void)curl_multi_remove_handle(http->multi, exchange->easy);
        free_exchange(exchange);
    }
    if (http->multi != NULL)
        (void)curl_multi_cleanup(http->multi);
    socket_watch_done(&http->sockets);
    if (http->wake >= 0)
        (void)close(http->wake);
    free(http);
}
