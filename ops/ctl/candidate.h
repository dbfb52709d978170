/* candidate.h: the program of an institution that takes its connection test: a command that is started for
 * each case, gets the case as one line of JSON on standard input and answers with one line of JSON on
 * standard output. Without a command the case is shown on standard error and a person's answer is read from
 * standard input. */
#ifndef CTL_CANDIDATE_H
#define CTL_CANDIDATE_H

#include "base/fault.h"

#include <jansson.h>
#include <stdint.h>

/* Puts ASKED to COMMAND (for /bin/sh; NULL: to a person) and waits at most TIMEOUT_MS. The answer, a new
 * object; NULL if none came: FAULT then says why ("candidate.timeout", "candidate.answer"). A command that
 * takes too long is killed with its children. */
json_t *candidate_ask(const char *command, const json_t *asked, int64_t timeout_ms, struct fault *fault);

/* A port on loopback that takes connections and never answers. Returns its descriptor, to be closed, and in
 * *PORT its number; -1 if there is none. */
int silent_server_open(uint16_t *port);

#endif
