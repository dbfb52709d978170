/* component.h: the value of one covered component of a request (RFC 9421 section 2). Only for this folder. */
#ifndef SIGNATURE_COMPONENT_H
#define SIGNATURE_COMPONENT_H

#include "signature/http_signature.h"

/* All values of the header NAME in order, joined with ", ". A single one is lent, several lie in ARENA. *COUNT 0: it is not
 * there. False: ARENA is full. */
bool component_header(const struct signed_request *request, struct bytes name, struct arena *arena, struct bytes *value,
                      size_t *count);

/* Appends the value of the component that ITEM identifies. REJECT "signature.coverage" names it and what is wrong. */
enum status component_write(const struct signed_request *request, const struct structured_item *item,
                            struct arena *arena, struct buffer *out, struct fault *fault) MUST_CHECK;

#endif
