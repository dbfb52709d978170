#include "ops/ctl/page.h"

#include <stdio.h>

/* "|" would end a cell, a line break would end the row. */
static void print_cell(const char *text)
{
    (void)fputs(" ", stdout);
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '|')
            (void)fputs("\\|", stdout);
        else
            (void)fputc(*text == '\n' ? ' ' : *text, stdout);
    }
    (void)fputs(" |", stdout);
}

void page_row(const char *const *cells)
{
    (void)fputc('|', stdout);
    for (; *cells != NULL; cells++)
        print_cell(*cells);
    (void)fputc('\n', stdout);
}

void page_title(const char *title, const char *page)
{
    (void)printf("# %s\n\nMade by `medhub ctl docs %s`; a test fails when it is stale.\n\n", title, page);
}

void page_columns(const char *const *columns)
{
    page_row(columns);
    (void)fputc('|', stdout);
    for (; *columns != NULL; columns++)
        (void)fputs("---|", stdout);
    (void)fputc('\n', stdout);
}
