/* gs1_table.h: the application identifiers we know, sorted by code. Only gs1.c and its table include this. */
#ifndef CODE_GS1_TABLE_H
#define CODE_GS1_TABLE_H

#include "code/gs1.h"

extern const struct gs1_ai gs1_table[];
extern const size_t gs1_table_count;

#endif
