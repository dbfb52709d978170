#include "domain/row_message.h"

#include "domain/messages.h"
#include "domain/view.h"

#include <string.h>

/* A prefix that ends with a slash stands for all names that begin with it, any other for itself. */
static const struct state_row {
    const char *key_kind, *prefix;
    const ProtobufCMessageDescriptor *message;
} state_rows[] = {
    {"person", "prescription/", PRESCRIPTION_STATE},
    {"person", "identity/", SEALED_VALUE},
    {"person", "medication", MEDICATION},
    {"person", "settlement/", SETTLEMENT_STATE},
    {"person", "status", PERSON_STATUS},
    {"person", "qualification/", PERSON_QUALIFICATION},
    {"person", "filing/", REMOTE_FILING},
    {"person", "referral/", REFERRAL},
    {"person", "account", PERSON_ACCOUNT},
    {"person", "account_entry/", ACCOUNT_ENTRY},
    {"person", "totals/", PERSON_TOTALS},
    {"product", "serial/", SCANNED_ITEM_STATE},
    {"product", "held/", LOT_HOLDING},
    {"product", "sent/", LOT_SENT},
    {"product", "in/", PACK_CONTENT},
    {"product", "out/", PACK_CONTENT},
    {"product", "carry/", PACK_CARRYING},
    {"product", "device", REGISTERED_DEVICE},
    {"product", "codes", PRODUCT_CODES},
    {"product", "stock/", WAREHOUSE_STOCK},
    {"product", "instruction/", STOCK_INSTRUCTION},
    {"product", "recall/", RECALL_STATE},
    {"product", "recall_holder/", RECALL_HOLDER_STATE},
    {"product", "recall_pack/", RECALL_PACK},
    {"product", "withheld", WITHHELD},
    {"product", "adverse/", ADVERSE_REPORT_STATE},
    {"item", "rows/", CATALOGUE_ROWS},
    {"item", "tally", RELEASE_TALLY},
    {"item", "release", RELEASE_STATE},
    {"item", "piece/", RELEASE_PIECE},
    {"item", "applied/", RELEASE_ANSWER_ROW},
    {"item", "audience", RELEASE_AUDIENCE},
    {"item", "adjustment", ADJUSTMENT_STATE},
    {"institution", "organisation", REGISTERED_ORGANISATION},
    {"institution", "designation/", DESIGNATED_STATE},
    {"institution", "agreements", AGREEMENTS_STATE},
    {"institution", "practitioner/", REGISTERED_PRACTITIONER},
    {"institution", "staff", STAFF_STATE},
    {"parameter", "rows/", PARAMETER_ROWS},
};

static const struct table_rows {
    const char *table;
    const ProtobufCMessageDescriptor *message;
} table_rows[] = {
    {TABLE_CATALOGUE, &medhub__catalogue__v1__item__descriptor},
    {TABLE_REGISTRY, &medhub__registry__v1__organisation__descriptor},
    {TABLE_POLICY, PARAMETER},
    {TABLE_CALENDAR, &medhub__policy__v1__calendar_year__descriptor},
    {TABLE_DESIGNATION, DESIGNATION},
    {TABLE_PRACTITIONER, PRACTITIONER},
    {TABLE_RELEASE, RELEASE_ROW},
    {TABLE_DEVICE, DEVICE},
};

static bool is_named(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return prefix[length - 1] == '/' ? strncmp(name, prefix, length) == 0 : strcmp(name, prefix) == 0;
}

const ProtobufCMessageDescriptor *row_message_of_state(const char *key_kind, const char *name)
{
    for (size_t i = 0; i < sizeof state_rows / sizeof *state_rows; i++)
        if (strcmp(state_rows[i].key_kind, key_kind) == 0 && is_named(name, state_rows[i].prefix))
            return state_rows[i].message;
    return NULL;
}

const ProtobufCMessageDescriptor *row_message_of_table(const char *table)
{
    for (size_t i = 0; i < sizeof table_rows / sizeof *table_rows; i++)
        if (strcmp(table_rows[i].table, table) == 0)
            return table_rows[i].message;
    return NULL;
}
