/* catalogue_sender.h: sends events of a release and says what became of them. */
#ifndef CTL_CATALOGUE_SENDER_H
#define CTL_CATALOGUE_SENDER_H

#include "ops/ctl/submission.h"

#include "event/schema.h"

struct catalogue_sender;

/* Opens session and submission. SOURCE: who says it, NULL: medhub, the hub's operator. Says what is wrong. */
enum exit_code catalogue_sender_open(struct call *call, const char *source, int64_t timeout_ms,
                                     struct catalogue_sender **sender);
struct session *catalogue_sender_session(struct catalogue_sender *sender);
/* Sends the event TYPE with the packed VALUE under KEY. The same ID again is answered as the first time. */
enum exit_code catalogue_sender_send(struct catalogue_sender *sender, const char *type, const char *key, const char *id,
                                     struct bytes value);
/* Waits until what was sent is answered. EXIT_PARTIAL: something was refused. */
enum exit_code catalogue_sender_settle(struct catalogue_sender *sender);
/* Waits; prints the receipts of what was not accepted, and SUMMARY (taken, may be NULL) if all was; releases everything. Returns 0, 6 if
 * something was refused, 8 if receipts are still to come. */
enum exit_code catalogue_sender_close(struct catalogue_sender *sender, enum exit_code result, json_t *summary);

#endif
