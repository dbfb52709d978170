/* moves.h: which moves of the adjustments' life cycles all stories together have tried: made, refused by name where the application
 * stands elsewhere, and refused before and after the days of its window. */
#ifndef SUPPORT_MOVES_H
#define SUPPORT_MOVES_H

#include "support/stage.h"

/* A story begins: nothing was applied for. */
void moves_begin(void);
/* After an event was said; of another family nothing is noted. */
void moves_note(struct stage *stage);
/* Prints what no story has tried, row by row of the tables, and how many lines there are. */
size_t moves_missing(void);

#endif
