/* webhook_wish.h: for ctl webhook: what operators want of an endpoint, as records to the process that serves it. */
#ifndef CTL_WEBHOOK_WISH_H
#define CTL_WEBHOOK_WISH_H

#include "ops/ctl/session.h"

#include "medhub/webhook/v1/webhook.pb-c.h"

typedef Medhub__Webhook__V1__Control Control;

/* ORGANISATION/ENDPOINT into CONTROL, in the session's arena. False: it is not of that form, or there is no memory. */
bool webhook_split_name(struct session *session, const char *name, Control *control);
/* Sends them in order, about the endpoint that the call names, and waits for the brokers. What is wrong has been said. */
enum exit_code webhook_send_wishes(struct call *call, struct session *session, Control *const *controls, size_t count);

#endif
