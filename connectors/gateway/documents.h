/* documents.h: what this interface and the topics are, as documents that are made once and lent to every answer. */
#ifndef GATEWAY_DOCUMENTS_H
#define GATEWAY_DOCUMENTS_H

#include "base/bytes.h"
#include "base/fault.h"

struct documents {
    struct buffer openapi, asyncapi;
};

enum status documents_init(struct documents *documents, struct fault *fault) MUST_CHECK;
void documents_done(struct documents *documents);

#endif
