#include "gateway/documents.h"

#include "gateway/asyncapi.h"
#include "gateway/house.h"
#include "gateway/openapi.h"

enum status documents_init(struct documents *documents, struct fault *fault)
{
    buffer_init(&documents->openapi, DOCUMENT_BYTES_MAX);
    buffer_init(&documents->asyncapi, DOCUMENT_BYTES_MAX);
    enum status status = openapi_write(&documents->openapi, fault);
    return status == STATUS_OK ? asyncapi_write(&documents->asyncapi, fault) : status;
}

void documents_done(struct documents *documents)
{
    buffer_done(&documents->openapi);
    buffer_done(&documents->asyncapi);
}

void openapi_handler(struct request *request)
{
    answer_lend(request, 200, JSON_TYPE, buffer_bytes(&request->gateway->documents.openapi));
}

void asyncapi_handler(struct request *request)
{
    answer_lend(request, 200, JSON_TYPE, buffer_bytes(&request->gateway->documents.asyncapi));
}
