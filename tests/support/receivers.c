#include "support/receivers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HEARD_MAX = 2000, TEXT_BYTES = 96, LINE_BYTES = 512 };

static struct heard {
    char type[TEXT_BYTES], receiver[TEXT_BYTES];
} heard[HEARD_MAX];
static size_t heard_count;

/* Feeds without their region: what is asked is the beginning. */
static void note(const char *type, const char *mark, const char *receiver)
{
    char text[TEXT_BYTES];
    const char *at = strchr(receiver, '@');
    (void)snprintf(text, sizeof text, "%s%.*s", mark, at == NULL ? 80 : (int)(at - receiver) + 1, receiver);
    for (size_t i = 0; i < heard_count; i++)
        if (strcmp(heard[i].type, type) == 0 && strcmp(heard[i].receiver, text) == 0)
            return;
    assert_true(heard_count < HEARD_MAX);
    (void)snprintf(heard[heard_count].type, TEXT_BYTES, "%s", type);
    (void)snprintf(heard[heard_count++].receiver, TEXT_BYTES, "%s", text);
}

void receivers_note(const struct decision *decision)
{
    for (size_t i = 0; i < decision->delivery_count; i++)
        note(decision->facts[decision->deliveries[i].fact].type, "", decision->deliveries[i].recipient);
    for (size_t i = 0; i < decision->submission_count && decision->fact_count > 0; i++)
        note(decision->facts[0].type, "> ", decision->submissions[i].type);
}

static bool was_heard(const char *type, const char *receiver)
{
    for (size_t i = 0; i < heard_count; i++)
        if (strcmp(heard[i].type, type) == 0 && strncmp(heard[i].receiver, receiver, strlen(receiver)) == 0)
            return true;
    return false;
}

size_t receivers_missing(const char *path)
{
    char line[LINE_BYTES], type[TEXT_BYTES], receiver[TEXT_BYTES];
    size_t missing = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the heading */
    while (fgets(line, sizeof line, file) != NULL) {
        assert_int_equal(sscanf(line, "%95[^,],%95[^,],", type, receiver), 2);
        if (!was_heard(type, receiver)) {
            print_message("%s is heard by no %s\n", type, receiver);
            missing++;
        }
    }
    (void)fclose(file);
    return missing;
}
