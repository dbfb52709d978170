/* compendium.h: where in the monthly compendium a rule or a parameter was read (ops/policy/compendium_lines.csv). For the
 * generated pages only: who reads a refusal is told document and provision. */
#ifndef CTL_COMPENDIUM_H
#define CTL_COMPENDIUM_H

#include <stddef.h>

/* WHAT is the id of a rule or the name of a parameter. "4 5516; 2 3140" is line 5516 of part 4 and line 3140 of part 2. */
struct compendium_lines {
    const char *what, *lines;
};
extern const struct compendium_lines compendium_rows[];
extern const size_t compendium_row_count;

/* "" if it stands nowhere in it. */
const char *compendium_lines_of(const char *what);

#endif
