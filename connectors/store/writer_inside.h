/* writer_inside.h: what the files of the writer share. Internal to writer*.c. */
#ifndef STORE_WRITER_INSIDE_H
#define STORE_WRITER_INSIDE_H

#include "store/row_list.h"
#include "store/store_service.h"
#include "store/writer.h"

enum { POSITIONS_MAX = 4096 };

struct writer {
    const struct sql_settings *settings;
    struct sql *sql;
    struct arena *arena; /* of one record */
    struct topic_names topics;
    struct sql_insert *inserts[TABLE_COUNT];
    struct position *positions[POSITIONS_MAX];
    size_t position_count;
    size_t pending;
    int64_t began_us;
    bool news;
    struct metric *rows[TABLE_COUNT], *unread, *batches, *batch_seconds, *lost, *expired;
};

/* The positions that the database holds; and, into the open transaction, those that changed. */
enum status writer_load_positions(struct writer *writer, struct fault *fault) MUST_CHECK;
enum status writer_store_positions(struct writer *writer, struct fault *fault) MUST_CHECK;
/* After the commit. */
void writer_positions_stored(struct writer *writer);
void writer_note_change(struct writer *writer, struct position *position);

enum status writer_insert_rows(struct writer *writer, const struct rows *rows,
                               struct fault *fault) MUST_CHECK;
/* Writes what was inserted, stores the positions, commits. */
enum status writer_finish(struct writer *writer, struct fault *fault) MUST_CHECK;

#endif
