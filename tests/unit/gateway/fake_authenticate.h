/* fake_authenticate.h: who calls is what the header X-Test-Organisation says: linked instead of authenticate.c in tests only. */
#ifndef TEST_FAKE_AUTHENTICATE_H
#define TEST_FAKE_AUTHENTICATE_H

#include "gateway/authenticate.h"

#include <stdlib.h>

struct authenticator {
    int unused;
};

enum status authenticator_open(const struct authenticator_settings *settings, struct clock clock,
                               struct authenticator **authenticator, struct fault *fault)
{
    (void)settings, (void)clock, (void)fault;
    *authenticator = calloc(1, sizeof **authenticator);
    return STATUS_OK;
}

void authenticator_close(struct authenticator *authenticator)
{
    free(authenticator);
}

enum status authenticate(struct authenticator *authenticator, const struct http_view *request, struct tables_reader *registry,
                         struct arena *arena, struct caller *caller, struct fault *fault)
{
    struct bytes name = http_view_header(request, "X-Test-Organisation", NULL);
    const char **recipients = arena_take(arena, 2 * sizeof *recipients);
    (void)authenticator, (void)registry;

    if (name.length == 0)
        return fault_reject(fault, "authentication.missing", "nobody calls");
    recipients[0] = arena_text(arena, name);
    recipients[1] = "pharmacy@650100";
    *caller = (struct caller){.organisation = recipients[0], .recipients = recipients, .recipient_count = 2, .region = "650100"};
    return STATUS_OK;
}

#endif
