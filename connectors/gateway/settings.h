/* settings.h: every setting of the gateway as a table row (settings.c). */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include "base/conf.h"

struct gateway_settings {
    const char *address;
    int64_t port;
    const char *directory;
};

extern const struct conf_row gateway_settings_rows[];
extern const size_t gateway_settings_row_count;

#endif
