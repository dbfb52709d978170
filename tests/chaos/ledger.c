#include "ledger.h"

#include "ledger.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef Medhub__Ledger__V1__Account Account;
typedef Medhub__Ledger__V1__Credit Credit;
typedef Medhub__Ledger__V1__Expired Expired;
typedef Medhub__Ledger__V1__Hold Hold;
typedef Medhub__Ledger__V1__Posted Posted;
typedef Medhub__Ledger__V1__Transfer Transfer;

static const char TYPE_TRANSFER[] = "medhub.ledger.transfer.v1";
static const char TYPE_CREDIT[] = "medhub.ledger.credit.v1";
static const char TYPE_POSTED[] = "medhub.ledger.posted.v1";
static const char TYPE_EXPIRED[] = "medhub.ledger.expired.v1";
static const char TYPE_HOLD_TIMER[] = "medhub.ledger.hold.timer";
static const char ROLES_MEMBER[] = "bank";
static const char ROLES_OPERATOR[] = "hub_operator";
static const char HOLD_PREFIX[] = "hold/";

/* One entry of an account, before it is applied. */
struct entry {
    Medhub__Ledger__V1__Entry kind;
    uint64_t seq;
    int64_t amount;
};

/* ---- the account and its chain */

static uint64_t chain_number(uint64_t chain, uint64_t number)
{
    for (int shift = 0; shift < 64; shift += 8) {
        chain ^= number >> shift & 0xff;
        chain *= 1099511628211u; /* FNV-1a */
    }
    return chain;
}

static uint64_t chain_next(uint64_t chain, const struct entry *entry)
{
    chain = chain_number(chain, (uint64_t)entry->kind);
    chain = chain_number(chain, entry->seq);
    return chain_number(chain, (uint64_t)entry->amount);
}

static void apply(Account *account, const struct entry *entry)
{
    switch (entry->kind) {
    case MEDHUB__LEDGER__V1__ENTRY__ENTRY_DEBIT: account->balance -= entry->amount; break;
    case MEDHUB__LEDGER__V1__ENTRY__ENTRY_CREDIT: account->balance += entry->amount; break;
    case MEDHUB__LEDGER__V1__ENTRY__ENTRY_HOLD:
        account->balance -= entry->amount;
        account->held += entry->amount;
        break;
    case MEDHUB__LEDGER__V1__ENTRY__ENTRY_RELEASE:
        account->balance += entry->amount;
        account->held -= entry->amount;
        break;
    default: abort();
    }
    account->entries++;
    account->chain = chain_next(account->chain, entry);
}

static Account *read_account(struct view *view)
{
    Account *account = (Account *)view_state(view, &medhub__ledger__v1__account__descriptor, "account");
    if (account != NULL)
        return account;

    account = arena_take(view->arena, sizeof *account);
    if (account != NULL)
        medhub__ledger__v1__account__init(account);
    return account;
}

/* Reads the account, applies ENTRY and writes it back; NULL when memory is out. */
static const Account *enter(struct view *view, const struct entry *entry, struct decision *decision)
{
    Account *account = read_account(view);
    if (account == NULL) {
        decision->failed = true;
        return NULL;
    }
    apply(account, entry);
    decision_write(decision, &account->base, "account");
    return account;
}

static void state_posted(struct view *view, const struct entry *entry, struct decision *decision)
{
    const Account *account = enter(view, entry, decision);
    Posted *posted = arena_take(view->arena, sizeof *posted);
    if (account == NULL || posted == NULL) {
        decision->failed = true;
        return;
    }
    medhub__ledger__v1__posted__init(posted);
    posted->account = (char *)view->key;
    posted->entry = entry->kind;
    posted->seq = entry->seq;
    posted->amount = entry->amount;
    posted->balance = account->balance;
    posted->held = account->held;
    posted->entries = account->entries;
    posted->chain = account->chain;
    decision_fact(decision, TYPE_POSTED, view->key, &posted->base);
}

/* ---- transfer */

static void amount_must_be_positive(struct rule_context *context)
{
    const Transfer *transfer = (const Transfer *)context->event->message;
    if (transfer->amount <= 0)
        rule_refuse(context, "amount", rule_text(context, "%" PRId64, transfer->amount), "more than 0");
}

static const struct rule transfer_rules[] = {
    {.id = "LG-001", .code = "ledger.amount", .document = "tests/chaos", .clause = "amount", .evaluate = amount_must_be_positive,
     .sentence_zh = "金额须大于零", .sentence_en = "the amount is more than nothing"},
};

static void arm_hold(struct view *view, const Transfer *transfer, struct decision *decision)
{
    Hold *hold = arena_take(view->arena, sizeof *hold);
    char name[32];
    if (hold == NULL) {
        decision->failed = true;
        return;
    }
    medhub__ledger__v1__hold__init(hold);
    hold->amount = transfer->amount;
    hold->due_ms = view->now_ms + transfer->ttl_ms;
    (void)snprintf(name, sizeof name, "%s%" PRIu64, HOLD_PREFIX, transfer->seq);
    decision_write(decision, &hold->base, "%s", name);
    decision_timer(decision, arena_format(view->arena, "%s", name), TYPE_HOLD_TIMER, hold->due_ms);
}

static void submit_credit(struct view *view, const Transfer *transfer, struct decision *decision)
{
    Credit *credit = arena_take(view->arena, sizeof *credit);
    if (credit == NULL) {
        decision->failed = true;
        return;
    }
    medhub__ledger__v1__credit__init(credit);
    credit->account = transfer->to_account;
    credit->seq = transfer->seq;
    credit->amount = transfer->amount;
    credit->from_account = transfer->account;
    decision_submit(decision, TYPE_CREDIT, transfer->to_account, "credit", &credit->base);
}

static void decide_transfer(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const Transfer *transfer = (const Transfer *)event->message;
    bool holds = transfer->ttl_ms > 0;
    (void)prepared;

    size_t fact = decision_fact_of_event(decision);
    state_posted(view,
                 &(struct entry){
                     holds ? MEDHUB__LEDGER__V1__ENTRY__ENTRY_HOLD : MEDHUB__LEDGER__V1__ENTRY__ENTRY_DEBIT,
                     transfer->seq,
                     transfer->amount,
                 },
                 decision);
    if (holds)
        arm_hold(view, transfer, decision);
    else
        submit_credit(view, transfer, decision);
    decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "%s", event->attributes.source);
}

/* ---- credit */

static void decide_credit(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const Credit *credit = (const Credit *)event->message;
    (void)prepared;

    decision_fact_of_event(decision);
    state_posted(view,
                 &(struct entry){MEDHUB__LEDGER__V1__ENTRY__ENTRY_CREDIT, credit->seq, credit->amount}, decision);
}

/* ---- a hold whose time has come: the event's subject is the timer's name, "hold/SEQ" */

static void release_hold(struct view *view, const struct event *event, struct decision *decision)
{
    const char *name = event->attributes.subject;
    const Hold *hold = (const Hold *)view_state(view, &medhub__ledger__v1__hold__descriptor, "%s", name);
    Expired *expired = arena_take(view->arena, sizeof *expired);
    if (expired == NULL) {
        decision->failed = true;
        return;
    }
    medhub__ledger__v1__expired__init(expired);
    expired->account = (char *)view->key;
    expired->seq = strtoull(name + strlen(HOLD_PREFIX), NULL, 10);
    expired->fired_ms = view->now_ms;
    /* A timer without its hold is stated all the same, with nothing in it: the verifier finds it. */
    if (hold != NULL) {
        expired->amount = hold->amount;
        expired->due_ms = hold->due_ms;
    }
    const Account *account = enter(
        view, &(struct entry){MEDHUB__LEDGER__V1__ENTRY__ENTRY_RELEASE, expired->seq, expired->amount}, decision);
    if (account == NULL)
        return;
    expired->balance = account->balance;
    expired->held = account->held;
    expired->entries = account->entries;
    expired->chain = account->chain;
    decision_fact(decision, TYPE_EXPIRED, view->key, &expired->base);
    decision_write(decision, NULL, "%s", name);
}

static const struct handler handlers[] = {
    {.type = TYPE_TRANSFER,
     .rules = transfer_rules,
     .rule_count = sizeof transfer_rules / sizeof *transfer_rules,
     .decide = decide_transfer,
     .roles = ROLES_MEMBER},
    {.type = TYPE_CREDIT, .decide = decide_credit, .roles = ROLES_OPERATOR},
    {.type = TYPE_HOLD_TIMER, .fire = release_hold},
};

const struct domain domain_ledger = {
    .name = "ledger",
    .key_kind = "account",
    .inbox_topic = "medhub.inbox.ledger",
    .fact_topic = "medhub.fact.ledger",
    .state_topic = "medhub.state.account",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};
