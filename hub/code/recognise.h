/* recognise.h: which code a text is, and its reader; repair.h's attempts go through it too. Inside of
 * hub/code. */
#ifndef CODE_RECOGNISE_H
#define CODE_RECOGNISE_H

#include "code/gs1.h"

/* Reads TEXT as it stands, nothing repaired. CODE is filled anew; its repairs and confidence are strict
 * unless the prefix did not announce element strings. */
bool code_recognise(struct bytes text, const struct code_options *options, struct arena *arena,
                    struct code *code);

/* repair.c: undoes scanner damage, one kind after the other, until the text can be read. ERROR is what
 * code_code_recognise() said of INPUT. False: CODE is as code_code_recognise() left it. */
bool code_repair_input(struct bytes input, const struct code_options *options, struct arena *arena,
                       struct code *code);

#endif
