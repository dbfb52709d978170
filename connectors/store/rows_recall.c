#include "store/rows_recall.h"

#include "medhub/trace/v1/recall.pb-c.h"

typedef Medhub__Trace__V1__RecallAmounts Amounts;

enum answer_kind { ANSWER_TOLD = 1, ANSWER_ACKNOWLEDGED = 2, ANSWER_REMINDED = 3 };

static int64_t moment_ms(const Google__Protobuf__Timestamp *moment)
{
    return moment == NULL ? 0 : moment->seconds * 1000 + moment->nanos / 1000000;
}

static void put_amounts(struct sql_value *to, const Amounts *amounts)
{
    static const Amounts nothing = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT;
    const Amounts *from = amounts == NULL ? &nothing : amounts;

    *to++ = sql_integer(from->held_e4);
    *to++ = sql_integer(from->on_the_way_e4);
    *to++ = sql_integer(from->delivered_e4);
    *to++ = sql_integer(from->used_e4);
    *to++ = sql_integer(from->destroyed_e4);
    *to++ = sql_integer(from->returned_e4);
}

static void add_holding(struct rows *rows, int64_t place, const char *recall, const char *product, const char *holder,
                        const Amounts *amounts)
{
    struct sql_value *to = rows_add(rows, TABLE_RECALL_HOLDING);

    if (to == NULL)
        return;
    *to++ = sql_text(recall);
    *to++ = sql_text(product);
    *to++ = sql_text(holder);
    *to++ = sql_integer(place);
    put_amounts(to, amounts);
}

static void add_answer(struct rows *rows, int64_t place, const char *recall, const char *product, const char *holder,
                       enum answer_kind kind, int64_t at_ms, int64_t number)
{
    struct sql_value *to = rows_add(rows, TABLE_RECALL_ANSWER);

    if (to == NULL)
        return;
    *to++ = sql_text(recall);
    *to++ = sql_text(product);
    *to++ = sql_text(holder);
    *to++ = sql_integer(kind);
    *to++ = sql_integer(place);
    *to++ = sql_integer(at_ms);
    *to++ = sql_integer(number);
}

static void add_progress(struct rows *rows, int64_t place, const char *recall, const char *product, const char *stage,
                         uint64_t rows_seen, uint64_t undetermined, const Amounts *amounts)
{
    struct sql_value *to = rows_add(rows, TABLE_RECALL_PROGRESS);

    if (to == NULL)
        return;
    *to++ = sql_text(recall);
    *to++ = sql_text(product);
    *to++ = sql_integer(place);
    *to++ = sql_text(stage);
    *to++ = sql_integer((int64_t)rows_seen);
    *to++ = sql_integer((int64_t)undetermined);
    put_amounts(to, amounts);
}

/* After matching comes telling; after telling and reminding it is open. */
static const char *stage_after(const Medhub__Trace__V1__RecallProgressed *said)
{
    if (!said->complete)
        return said->stage;
    return strcmp(said->stage, "matching") == 0 ? "telling" : "open";
}

static int64_t e4(const Medhub__Common__V1__Quantity *quantity)
{
    return quantity == NULL ? 0 : quantity->e4;
}

/* Closed: the amounts that it was closed with, which are those counted. */
static void add_close(struct rows *rows, int64_t place, const Medhub__Trace__V1__RecallClosed *said)
{
    Amounts amounts = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT;

    amounts.delivered_e4 = e4(said->delivered);
    amounts.used_e4 = e4(said->used);
    amounts.destroyed_e4 = e4(said->destroyed);
    amounts.returned_e4 = e4(said->returned);
    add_progress(rows, place, said->recall, said->product, "closed", 0, 0, &amounts);
}

static void add_recall(struct rows *rows, const char *recall, const char *product, const char *issuer,
                       const char *registrant, int level, const char *region, const char *reason, int64_t issued_ms)
{
    struct sql_value *to = rows_add(rows, TABLE_RECALL);

    if (to == NULL)
        return;
    *to++ = sql_text(recall);
    *to++ = sql_text(product);
    *to++ = sql_text(issuer);
    *to++ = sql_text(registrant);
    *to++ = sql_integer(level);
    *to++ = sql_text(region);
    *to++ = sql_text(reason);
    *to++ = sql_integer(issued_ms);
}

#define IS(name_) (message->descriptor == &medhub__trace__v1__recall_##name_##__descriptor)

void recall_rows(struct rows *rows, const ProtobufCMessage *message, int64_t place)
{
    if (IS(issued)) {
        const Medhub__Trace__V1__RecallIssued *said = (const Medhub__Trace__V1__RecallIssued *)message;
        add_recall(rows, said->recall, said->product, said->issuer, said->registrant, (int)said->level, said->region,
                   said->reason, moment_ms(said->issued_at));
    } else if (IS(extended)) {
        const Medhub__Trace__V1__RecallExtended *said = (const Medhub__Trace__V1__RecallExtended *)message;
        add_recall(rows, said->recall, said->product, said->issuer, said->registrant, (int)said->level, said->region,
                   said->reason, moment_ms(said->issued_at));
    } else if (IS(progressed)) {
        const Medhub__Trace__V1__RecallProgressed *said = (const Medhub__Trace__V1__RecallProgressed *)message;
        add_progress(rows, place, said->recall, said->product, stage_after(said), said->rows, said->undetermined,
                     said->amounts);
    } else if (IS(closed)) {
        add_close(rows, place, (const Medhub__Trace__V1__RecallClosed *)message);
    } else if (IS(matched)) {
        const Medhub__Trace__V1__RecallMatched *said = (const Medhub__Trace__V1__RecallMatched *)message;
        add_holding(rows, place, said->recall, said->product, said->holder, said->amounts);
        add_answer(rows, place, said->recall, said->product, said->holder, ANSWER_TOLD,
                   moment_ms(said->acknowledge_until), 0);
    } else if (IS(holding_changed)) {
        const Medhub__Trace__V1__RecallHoldingChanged *said = (const Medhub__Trace__V1__RecallHoldingChanged *)message;
        add_holding(rows, place, said->recall, said->product, said->holder, said->amounts);
        add_progress(rows, place, said->recall, said->product, said->stage, said->rows, said->undetermined, said->total);
    } else if (IS(acknowledged)) {
        const Medhub__Trace__V1__RecallAcknowledged *said = (const Medhub__Trace__V1__RecallAcknowledged *)message;
        add_answer(rows, place, said->recall, said->product, said->holder, ANSWER_ACKNOWLEDGED,
                   moment_ms(said->acknowledged_at), e4(said->counted));
    } else if (IS(overdue)) {
        const Medhub__Trace__V1__RecallOverdue *said = (const Medhub__Trace__V1__RecallOverdue *)message;
        add_answer(rows, place, said->recall, said->product, said->holder, ANSWER_REMINDED,
                   moment_ms(said->acknowledge_until), said->reminder);
    }
}
