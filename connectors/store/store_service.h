/* store_service.h: the thread that fills the SQL read model from Kafka, exactly once in effect: the offsets of what was
 * read lie in the same SQL transaction as the rows. */
#ifndef STORE_STORE_SERVICE_H
#define STORE_STORE_SERVICE_H

#include "kafka/client.h"
#include "store/settings.h"

struct store_service;

/* Brings the database to the newest schema (under a lock), then follows Kafka until stopped. Returns when the thread
 * runs. SETTINGS and CLIENT must outlive it. FATAL: the database cannot be had, or was made by a newer medhub. */
enum status store_service_start(const struct sql_settings *settings, const struct kafka_client *client,
                                struct store_service **service, struct fault *fault) MUST_CHECK;
/* True once everything that was in Kafka when it started has been applied. Any thread. */
bool store_service_is_ready(struct store_service *service);
/* False once it has ended by a fatal fault, which is then in *FAULT. Any thread. */
bool store_service_is_alive(struct store_service *service, struct fault *fault);
/* Commits what is in hand and joins the thread. NULL is fine. */
void store_service_stop(struct store_service *service);

#endif
