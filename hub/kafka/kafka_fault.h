/* kafka_fault.h: librdkafka's errors become what the caller does now. Only files of hub/kafka include this. */
#ifndef KAFKA_KAFKA_FAULT_H
#define KAFKA_KAFKA_FAULT_H

#include "base/fault.h"

#include <librdkafka/rdkafka.h>

/* Inside a transaction. Asked in this order: fatal, requires abort, retriable; anything else is fatal.
 * FATAL: this producer is finished, make a new one. REJECT: abort the transaction. RETRY: call the same function
 * again. Destroys ERROR; NULL is OK. */
enum status kafka_fault_transaction(rd_kafka_error_t *error, const char *doing, struct fault *fault);

/* Outside transactions: retriable or transport errors are RETRY, the rest FATAL. */
enum status kafka_fault_code(rd_kafka_resp_err_t code, const char *doing, struct fault *fault);

/* A configuration built from CLIENT with the settings ROWS ({name, value} pairs, NULL-terminated) on top; NULL and a
 * fault that names the property if librdkafka refuses one. The caller's rd_kafka_new takes it over. */
struct kafka_client;
/* The log callback that kafka_conf_new sets, for those that put their own before it. Any thread. */
void kafka_log(const rd_kafka_t *handle, int level, const char *facility, const char *text);
rd_kafka_conf_t *kafka_conf_new(const struct kafka_client *client, const char *const rows[][2], struct fault *fault);

#endif
