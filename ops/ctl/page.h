/* page.h: a generated page of ops/docs on standard output: a title and tables in Markdown. */
#ifndef CTL_PAGE_H
#define CTL_PAGE_H

#include <stddef.h>

/* The title, and by which `ctl docs PAGE` it is made. */
void page_title(const char *title, const char *page);
/* The head of a table; COLUMNS end with NULL. */
void page_columns(const char *const *columns);
/* A row; CELLS end with NULL. */
void page_row(const char *const *cells);

#endif
