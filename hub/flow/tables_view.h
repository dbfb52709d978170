/* tables_view.h: a view of the tables and of nothing else, for look-ups outside of decisions. */
#ifndef FLOW_TABLES_VIEW_H
#define FLOW_TABLES_VIEW_H

#include "domain/view.h"

struct tables_reader;

/* VIEW has no rows of a key; READER, ARENA and CALENDAR must outlive it. What it says is right only if
 * tables_reader_check(READER) says so afterwards. The reader's thread. */
void tables_view_init(struct view *view, struct tables_reader *reader, struct arena *arena, int64_t now_ms,
                      const struct calendar *calendar);

#endif
