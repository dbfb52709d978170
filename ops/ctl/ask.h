/* ask.h: commands that are answered from the SQL read model: opening it, and up to when its answer is complete. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "ops/ctl/session.h"

#include "store/read_model.h"

#include <jansson.h>

struct ask {
    struct call *call;
    struct session session;
    struct read_model *model;
    int64_t complete_ms; /* everything committed in Kafka before then is in the read model; 0: never was complete yet */
    int64_t lost;        /* records that Kafka had dropped before they were read */
};

/* Opens the session and the read model and asks how far it is: before the question itself, so that the answer is at least as
 * complete as it says. Says what is wrong. Release with ask_done in any case. */
enum exit_code ask_open(struct call *call, struct ask *ask);
void ask_done(struct ask *ask);
/* Tells the person up to when the answer is complete, in both languages. */
void ask_say_complete(const struct ask *ask);
/* The same for scripts: a moment, or null. */
json_t *ask_complete_json(const struct ask *ask);

/* A line of a timeline as JSON. DATA: with its content, masked for operators. */
json_t *ask_line_json(const struct seen_line *line, bool data, struct arena *arena);
/* "submitted", and the same in Chinese. */
const char *ask_step_name(enum seen_step step);
const char *ask_step_name_zh(enum seen_step step);

#endif
