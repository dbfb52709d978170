/* settings.h: every setting of the webhook as a table row (settings.c). */
#ifndef WEBHOOK_SETTINGS_H
#define WEBHOOK_SETTINGS_H

#include "base/conf.h"

struct webhook_settings {
    const char *directory;
    const char *secrets_directory;
};

extern const struct conf_row webhook_settings_rows[];
extern const size_t webhook_settings_row_count;

#endif
