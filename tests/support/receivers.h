/* receivers.h: who heard of what, in all stories together, held against a table of who must: TYPE,RECEIVER,SOURCE, where a receiver
 * is the beginning of a recipient ("insurer@", "H": a hospital) or "> TYPE", an event that the hub tells itself. */
#ifndef SUPPORT_RECEIVERS_H
#define SUPPORT_RECEIVERS_H

#include "domain/decision.h"

/* An accepted decision: its facts, their recipients, what follows. */
void receivers_note(const struct decision *decision);
/* Prints the rows of the table PATH that no decision showed, and how many there are. */
size_t receivers_missing(const char *path);

#endif
