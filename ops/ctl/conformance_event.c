/* What candidates are asked to submit: events of every kind of institution, right and wrong. */
#include "ops/ctl/conformance.h"

#include "base/date.h"
#include "domain/prescription_rehearsal.h"

#include <string.h>

#define PERSON "conformance-person"

enum { NUMBER_BYTES = 30 }; /* the shortest that a schema gives to numbers */

static const char *number_of(const char *id)
{
    return strlen(id) > NUMBER_BYTES ? id + strlen(id) - NUMBER_BYTES : id;
}

static const char *started(const struct conformance_subject *subject, char text[MOMENT_TEXT_BYTES])
{
    return moment_format_ms(subject->started_ms / 1000 * 1000, text);
}

static json_t *fen(int amount)
{
    return json_pack("{s:o}", "fen", json_sprintf("%d", amount));
}

/* A settlement of 60 yuan that every kind of institution may post: 42 pooled, 18 of the account. The line is of no
 * catalogue, which a region may insist on. */
static json_t *settlement(const struct conformance_subject *subject, const char *id, const char *form)
{
    char now[MOMENT_TEXT_BYTES];
    const char *payee = strcmp(form, "foreign") == 0 ? "H00000000000" : subject->organisation;
    json_t *line = json_pack("{s:s, s:s, s:{s:s}, s:{s:s}, s:o, s:o, s:o, s:o, s:o}", "lineNumber", "1",
                             "institutionCode", "CONFORMANCE", "quantity", "e4", "20000", "price", "microYuan",
                             "30000000", "amount", fen(6000), "selfPaid", fen(0), "overLimit", fen(0),
                             "firstSelfPay", fen(0), "inScope", fen(6000));
    json_t *amounts =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "total", fen(6000), "selfPaid", fen(0),
                  "overLimit", fen(0), "firstSelfPay", fen(0), "inScope", fen(6000), "fundTotal", fen(4200),
                  "personTotal", fen(1800), "account", fen(1800), "cash", fen(0));
    json_t *data =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:[{s:s, s:o}], s:[o]}", "person",
                  PERSON, "messageId", number_of(id), "settledAt",
                  started(subject, now), "payee", payee, "regionOfCare",
                  subject->region, "regionOfInsurance", subject->region, "insuranceType", "310", "amounts",
                  amounts, "layers", "layer", "LAYER_BASIC_POOLED", "amount", fen(4200), "lines", line);
    if (strcmp(form, "incomplete") == 0)
        (void)json_object_del(data, "settledAt");
    return data;
}

/* The line of the rehearsal's drug, as a prescription and as a dispensing say it. */
static json_t *line_of_boxes(int boxes)
{
    return json_pack("{s:s, s:s, s:s, s:{s:o}, s:s}", "lineNumber", "1", "catalogueCode", REHEARSAL_DRUG,
                     "genericName", REHEARSAL_DRUG, "quantity", "e4", json_sprintf("%d0000", boxes),
                     "quantityUnit", "盒");
}

static json_t *prescription(const struct conformance_subject *subject, const char *id, const char *form)
{
    char now[MOMENT_TEXT_BYTES];
    bool is_main = strcmp(form, "no main diagnosis") != 0;
    return json_pack("{s:s, s:s, s:s, s:{s:s}, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:b}], s:[o]}", "person",
                     PERSON, "hospitalNumber", number_of(id), "institution", subject->organisation, "doctor",
                     "code", subject->doctor, "regionOfCare", subject->region, "regionOfInsurance",
                     subject->region, "insuranceType", "310", "kind", "KIND_WESTERN", "issuedAt",
                     started(subject, now), "diagnoses", "code", "Z00.000", "name", "联网测试", "main", is_main,
                     "lines", line_of_boxes(REHEARSAL_QUANTITY));
}

static json_t *claim(const struct conformance_subject *subject, const char *id, const char *form)
{
    char now[MOMENT_TEXT_BYTES];
    (void)id;
    return json_pack("{s:s, s:s, s:s, s:s}", "person", PERSON, "nationalNumber",
                     strcmp(form, "taken") == 0 ? REHEARSAL_APPROVED : REHEARSAL_REVIEWED, "dispenser",
                     subject->organisation, "claimedAt", started(subject, now));
}

static json_t *dispensing(const struct conformance_subject *subject, const char *id, const char *form)
{
    char now[MOMENT_TEXT_BYTES];
    int boxes = REHEARSAL_QUANTITY + (strcmp(form, "too much") == 0 ? 1 : 0);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:[o]}", "person", PERSON, "nationalNumber",
                     REHEARSAL_APPROVED, "dispenser", subject->organisation, "dispensingNumber", number_of(id),
                     "dispensedAt", started(subject, now), "pharmacist", "code", subject->pharmacist, "lines",
                     line_of_boxes(boxes));
}

static const struct said {
    const char *type;
    json_t *(*data)(const struct conformance_subject *subject, const char *id, const char *form);
} said[] = {
    [SAYS_SETTLEMENT] = {"medhub.settlement.posted.v1", settlement},
    [SAYS_PRESCRIPTION] = {"medhub.prescription.uploaded.v1", prescription},
    [SAYS_CLAIM] = {"medhub.prescription.claimed.v1", claim},
    [SAYS_DISPENSING] = {"medhub.prescription.dispensed.v1", dispensing},
};

json_t *conformance_event(const struct conformance_subject *subject, const struct conformance_case *test,
                          const char *id)
{
    const struct said *row = &said[test->says];
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id", id, "source",
                     subject->organisation, "type", row->type, "conformance", "true", "datacontenttype",
                     "application/json", "data", row->data(subject, id, test->event));
}
