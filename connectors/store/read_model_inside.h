/* read_model_inside.h: what the files of the read model share. Internal to read_*.c. */
#ifndef STORE_READ_MODEL_INSIDE_H
#define STORE_READ_MODEL_INSIDE_H

#include "store/place.h"
#include "store/read_model.h"

struct read_model {
    struct sql *sql;
    struct topic_names topics;
};

/* The number of a topic, asked of the database when it is not known yet; 0: it has none. */
enum status read_topic_number(struct read_model *model, const char *name, int *number, struct fault *fault) MUST_CHECK;
/* The name of a place's topic, likewise; "" if there is none. */
enum status read_topic_name(struct read_model *model, int64_t place, const char **name, struct fault *fault) MUST_CHECK;

/* *FOUND false: nothing of that topic was ever written. */
enum status read_place_make(struct read_model *model, const struct input_place *at, int64_t *place, bool *found,
                            struct fault *fault) MUST_CHECK;
enum status read_place_take(struct read_model *model, int64_t place, struct input_place *at,
                            struct fault *fault) MUST_CHECK;

/* Copies of a column in the arena. Counted against ARENA: NULL or BYTES_NONE when it is full. */
const char *read_text(const struct sql_cursor *cursor, int column, struct arena *arena);
struct bytes read_bytes(const struct sql_cursor *cursor, int column, struct arena *arena);

/* REJECT, with one sentence for all. */
enum status read_arena_full(struct fault *fault);

/* ---- the timeline of one exchange (read_timeline.c), within a snapshot ---- */

struct seen_lines {
    struct arena *arena;
    struct seen_line *items;
    size_t count, capacity;
};

/* How a viewer came to ask for an exchange: by a business key. */
struct asked_by {
    const char *key;
    unsigned kinds;
};

/* Appends the lines of the exchange INPUT that VIEWER (may be NULL) may see, in order of time. BY (may be NULL): nothing is
 * appended unless the viewer submitted it itself or was sent something that shows the key: whoever was not told a person, lot
 * or number does not find it by that either. */
enum status read_exchange(struct read_model *model, int64_t input, const struct viewer *viewer, const struct asked_by *by,
                          struct seen_lines *lines, struct fault *fault) MUST_CHECK;

#endif
