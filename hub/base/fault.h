/* fault.h: why something went wrong, filled at the edge that saw it, logged once where it is decided. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/status.h"

enum { FAULT_CODE_BYTES = 64, FAULT_TEXT_BYTES = 512 };

/* code is a stable dotted name such as "event.too_large" that alerts, parked records and tests match; text is
 * a sentence for a person and never contains payload or personal data. Zeroed means: no fault. */
struct fault {
    char code[FAULT_CODE_BYTES];
    char text[FAULT_TEXT_BYTES];
};

/* Fill FAULT (which may be NULL) and return the status in the name, so that a caller can write
 * `return fault_reject(fault, "x.y", "...")`. A longer text is cut. Any thread. */
enum status fault_reject(struct fault *fault, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);
enum status fault_retry(struct fault *fault, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);
enum status fault_fatal(struct fault *fault, const char *code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Empties FAULT. */
void fault_clear(struct fault *fault);

#endif
