/* catalogue_answer.h: answers the bureau which releases the copy works with: medhub.catalogue.applied.v1, once for each release and
 * digest, through the outbox like any other event. */
#ifndef CLIENT_CATALOGUE_ANSWER_H
#define CLIENT_CATALOGUE_ANSWER_H

#include "client/catalogue_copy.h"
#include "client/handle.h"

/* Puts what was not answered yet into the outbox. After a refresh that ended well; lock held. What finds no room there comes with
 * the next refresh. Nothing if the option answer_releases is 0. */
enum medhub_status catalogue_answer(struct medhub *hub, struct catalogue_copy *copy, struct medhub_error *error);

#endif
