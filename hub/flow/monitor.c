#include "flow/monitor.h"

#include "base/metrics.h"
#include "domain/view.h"
#include "flow/hub.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = 32, IDLE_SECONDS = 10, BODY_BYTES_MAX = 8 * 1024 * 1024 };

struct monitor {
    struct MHD_Daemon *daemon;
    struct monitor_subject subject;
    int port;
};

/* ---- what is answered ---- */

static unsigned write_metrics(struct monitor *monitor, struct buffer *body)
{
    (void)monitor;
    metrics_write(body);
    return MHD_HTTP_OK;
}

static unsigned write_liveness(struct monitor *monitor, struct buffer *body)
{
    struct fault fault = {0};

    if (monitor->subject.is_alive(monitor->subject.self, &fault)) {
        buffer_append_text(body, "ok\n");
        return MHD_HTTP_OK;
    }
    buffer_append_format(body, "%s\n", fault.code);
    return MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned write_readiness(struct monitor *monitor, struct buffer *body)
{
    bool ready = monitor->subject.is_ready(monitor->subject.self);

    buffer_append_text(body, ready ? "ok\n" : "not ready: restoring or waiting for partitions\n");
    return ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned write_tables(struct monitor *monitor, struct buffer *body)
{
    static const char *const tables[] = {TABLE_CATALOGUE, TABLE_REGISTRY, TABLE_POLICY, TABLE_CALENDAR,
                                         TABLE_DESIGNATION, TABLE_PRACTITIONER, TABLE_RELEASE, TABLE_DEVICE};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        buffer_append_format(
            body, "%s\"%s\":%llu", i == 0 ? "{" : ",", tables[i],
            (unsigned long long)monitor->subject.table_rows(monitor->subject.self, tables[i]));
    buffer_append_text(body, "}\n");
    return MHD_HTTP_OK;
}

static const struct page {
    const char *path, *content_type;
    unsigned (*write)(struct monitor *monitor, struct buffer *body);
} pages[] = {
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
    {"/livez", "text/plain; charset=utf-8", write_liveness},
    {"/readyz", "text/plain; charset=utf-8", write_readiness},
    {"/tables", "application/json", write_tables},
};

/* ---- HTTP ---- */

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *content_type,
                               struct bytes body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.length, (void *)body.data, MHD_RESPMEM_MUST_COPY);

    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result respond_page(struct monitor *monitor, struct MHD_Connection *connection,
                                    const struct page *page)
{
    struct buffer body;

    buffer_init(&body, BODY_BYTES_MAX);
    unsigned status = page->write(monitor, &body);
    if (!buffer_ok(&body))
        status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    enum MHD_Result result = respond(connection, status, page->content_type, buffer_bytes(&body));
    buffer_done(&body);
    return result;
}

static enum MHD_Result answer(void *self, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data, size_t *data_size,
                              void **request)
{
    (void)version, (void)data, (void)request;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        *data_size = 0;
        return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", bytes_of("GET only\n"));
    }
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(path, pages[i].path) == 0)
            return respond_page(self, connection, &pages[i]);
    return respond(connection, MHD_HTTP_NOT_FOUND, "text/plain",
                   bytes_of("/metrics /livez /readyz /tables\n"));
}

enum status monitor_start(const char *address, int port, struct monitor_subject subject,
                          struct monitor **monitor, struct fault *fault)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct monitor *made = NULL;

    *monitor = NULL;
    if (inet_pton(AF_INET, address, &place.sin_addr) != 1)
        return fault_fatal(fault, "conf.monitor_address", "monitor.address %s is not an IPv4 address",
                           address);
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the monitor");
    made->subject = subject;
    made->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, (uint16_t)port, NULL, NULL, answer, made,
                                    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&place,
                                    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (made->daemon == NULL) {
        int cause = errno;
        free(made);
        return fault_fatal(fault, "monitor.address", "cannot listen on %s:%d: %s; set monitor.port", address,
                           port, strerror(cause));
    }
    const union MHD_DaemonInfo *bound = MHD_get_daemon_info(made->daemon, MHD_DAEMON_INFO_BIND_PORT);
    made->port = bound == NULL ? port : bound->port;
    *monitor = made;
    return STATUS_OK;
}

int monitor_port(const struct monitor *monitor)
{
    return monitor->port;
}

void monitor_stop(struct monitor *monitor)
{
    if (monitor == NULL)
        return;
    MHD_stop_daemon(monitor->daemon);
    free(monitor);
}

static bool hub_alive(void *self, struct fault *fault)
{
    return hub_is_alive(self, fault);
}

static bool hub_ready(void *self)
{
    return hub_is_ready(self);
}

static uint64_t hub_rows(void *self, const char *table)
{
    return hub_table_rows(self, table);
}

struct monitor_subject monitor_of_hub(struct hub *hub)
{
    return (struct monitor_subject){hub_alive, hub_ready, hub_rows, hub};
}
