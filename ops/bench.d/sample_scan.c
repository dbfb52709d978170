/* Scans as hospitals send them when devices come in: raw GS1 with lot, expiry and serial. */
#include "sample.h"

#include "bench.h"

#include "domain/messages.h"
#include "event/pack.h"

#include <inttypes.h>
#include <stdio.h>

enum { GTIN_BODY_DIGITS = 13, PRODUCTS = 1000 };

/* GTIN-14 with its check digit. */
static const char *gtin(struct arena *arena, int64_t product)
{
    char *digits = arena_format(arena, "069012%07" PRId64 "0", product % PRODUCTS);
    int sum = 0;
    for (int i = 0; i < GTIN_BODY_DIGITS; i++)
        sum += (digits[i] - '0') * (i % 2 == 0 ? 3 : 1);
    digits[GTIN_BODY_DIGITS] = (char)('0' + (10 - sum % 10) % 10);
    return digits;
}

static struct headers *headers_of(const struct sample *sample, int64_t number, const char *hospital)
{
    struct headers *headers = headers_new(6);
    char id[40], time[MOMENT_TEXT_BYTES];

    (void)snprintf(id, sizeof id, "scan-%" PRId64, number);
    if (headers == NULL || !headers_add_text(headers, "ce_specversion", "1.0") ||
        !headers_add_text(headers, "ce_id", id) || !headers_add_text(headers, "ce_source", hospital) ||
        !headers_add_text(headers, "ce_type", "medhub.trace.item_scanned.v1") ||
        !headers_add_text(headers, "ce_time", moment_format_ms(sample->now_ms, time)) ||
        !headers_add_text(headers, "content-type", "application/protobuf"))
        bench_fail("no memory for headers");
    return headers;
}

struct sample_event sample_make_scan(const struct sample *sample, int64_t number, int64_t key,
                                     const char *hospital, struct arena *arena)
{
    ItemScanned said = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Timestamp scanned_at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    const char *product = gtin(arena, key);

    scanned_at.seconds = sample->now_ms / 1000;
    said.product = lent(product);
    said.step = STEP_INBOUND;
    said.code = arena_format(arena,
                             "]d201%s1730123110L%04" PRId64 "\x1d"
                             "21S%010" PRId64,
                             product, number % 10000, number);
    said.code_system = CODE_GS1;
    said.device_class = MEDHUB__TRACE__V1__DEVICE_CLASS__DEVICE_CLASS_II;
    said.made_on = lent("2026-01-10");
    said.holder = lent(hospital);
    said.counterparty = lent("D65010000001");
    said.scanned_at = &scanned_at;
    said.region = lent("650102");
    said.document = arena_format(arena, "SH%010" PRId64, number);
    return (struct sample_event){.key = bytes_of(product),
                                 .value = pack_message(&said.base, arena),
                                 .headers = headers_of(sample, number, hospital)};
}
