#include "ops/ctl/compendium.h"

#include <string.h>

const struct compendium_lines compendium_rows[] = {
#include "compendium_lines.inc" /* the rows of ops/policy/compendium_lines.csv */
};
const size_t compendium_row_count = sizeof compendium_rows / sizeof *compendium_rows;

const char *compendium_lines_of(const char *what)
{
    for (size_t i = 0; i < compendium_row_count; i++)
        if (strcmp(compendium_rows[i].what, what) == 0)
            return compendium_rows[i].lines;
    return "";
}
