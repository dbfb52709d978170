/* store_service.h: the thread that fills the SQL read model from Kafka, exactly once in effect: the offsets of what was
 * read lie in the same SQL transaction as the rows. */
#ifndef STORE_STORE_SERVICE_H
#define STORE_STORE_SERVICE_H

#include "base/metrics.h"
#include "kafka/client.h"
#include "store/settings.h"

struct store_service;

/* The store's metrics, for the documentation page. */
extern const struct metric_row store_metric_rows[];
extern const size_t store_metric_row_count;

/* Brings the database to the newest schema (under a lock), then follows Kafka until stopped. Returns when the thread
 * runs. SETTINGS and CLIENT must outlive it. FATAL: the database cannot be had, is filled by another, or was made by a newer
 * medhub. RETRY: it is away. */
enum status store_service_start(const struct sql_settings *settings, const struct kafka_client *client,
                                struct store_service **service, struct fault *fault) MUST_CHECK;
/* True once everything that was in Kafka when it started has been applied. Any thread. */
bool store_service_is_ready(struct store_service *service);
/* False once it has ended by a fatal fault, which is then in *FAULT. Any thread. */
bool store_service_is_alive(struct store_service *service, struct fault *fault);
/* Commits what is in hand and joins the thread. NULL is fine. */
void store_service_stop(struct store_service *service);

/* Empties the read model, so that the next start makes all of it again from the first offsets. No service may run on it. */
enum status store_service_clear(const struct sql_settings *settings, struct fault *fault) MUST_CHECK;

#endif
