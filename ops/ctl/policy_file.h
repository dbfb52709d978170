/* policy_file.h: a pack of policy parameters (ops/policy/REGION.yaml) as events. */
#ifndef CTL_POLICY_FILE_H
#define CTL_POLICY_FILE_H

#include "base/fault.h"

#include <jansson.h>

/* One CloudEvent (medhub.policy.parameter_set.v1, structured JSON form) for each parameter of the file, in
 * its order; the caller gives the array back. The ids name content and day, so publishing a file again says
 * nothing new: the hub answers "duplicate". REJECT names line and key. */
enum status policy_file_read(const char *path, const char *source, const char *time, json_t **events,
                             struct fault *fault) MUST_CHECK;

/* The pack of the whole nation, as installed: PATH has room for SIZE bytes. */
void policy_file_default(char *path, size_t size);

#endif
