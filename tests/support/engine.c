// links: medhub_flow
#include "support/engine.h"

#include "kafka/source.h" /* OFFSET_NONE */
#include "state/rows.h"
#include "state/tables.h"
#include "base/hash.h"
#include "support/cmocka_all.h"

#include "medhub/registry/v1/registry.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Medhub__Policy__V1__CalendarPublished CalendarPublished;
typedef Medhub__Policy__V1__CalendarYear CalendarYear;
typedef Medhub__Policy__V1__Parameter Parameter;
typedef Medhub__Policy__V1__ParameterSet ParameterSet;
typedef Medhub__Registry__V1__Key Key;
typedef Medhub__Registry__V1__Organisation Organisation;
typedef Google__Protobuf__Timestamp Timestamp;

static char *chars(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* --- the domain --- */

static void not_negative(struct rule_context *context)
{
    const ParameterSet *set = (const ParameterSet *)context->event->message;
    if (set->parameter->integer < 0)
        rule_refuse(context, "parameter.integer", rule_text(context, "%lld", (long long)set->parameter->integer), "0");
}

static const struct rule rules[] = {{
    .id = "T-001",
    .code = "test.negative",
    .document = "TEST",
    .clause = "1",
    .evaluate = not_negative,
    .sentence_zh = "不得为负",
    .sentence_en = "must not be negative",
}};

static void state_own_fact(struct decision *decision, const char *name, size_t filling)
{
    ParameterSet *own = decision_message(decision, &medhub__policy__v1__parameter_set__descriptor);
    Parameter *parameter = decision_message(decision, &medhub__policy__v1__parameter__descriptor);
    char *text = arena_take(decision->arena, filling + 1);

    if (own == NULL || parameter == NULL || text == NULL) {
        decision->failed = true;
        return;
    }
    memset(text, 'f', filling);
    text[filling] = '\0';
    own->name = chars(name);
    own->parameter = parameter;
    parameter->text = text;
    (void)decision_fact(decision, ENGINE_TYPE, name, &own->base);
}

static void follow(struct view *view, struct decision *decision, const ParameterSet *set)
{
    ParameterSet *next = decision_message(decision, &medhub__policy__v1__parameter_set__descriptor);
    char *key = arena_format(view->arena, "%s-followed", set->name);
    Parameter *parameter = decision_message(decision, &medhub__policy__v1__parameter__descriptor);

    if (next == NULL || key == NULL || parameter == NULL)
        return;
    *next = *set;
    next->name = key;
    next->parameter = parameter;
    parameter->name = key;
    parameter->kind = MEDHUB__POLICY__V1__PARAMETER_KIND__PARAMETER_KIND_INTEGER;
    parameter->document = chars("test");
    decision_submit(decision, ENGINE_TYPE, key, "next", &next->base);
}

static void follow_together(struct view *view, struct decision *decision, const ParameterSet *set)
{
    CalendarPublished *next = decision_message(decision, &medhub__policy__v1__calendar_published__descriptor);
    CalendarYear *calendar = decision_message(decision, &medhub__policy__v1__calendar_year__descriptor);
    char *year = arena_format(view->arena, "%lld", (long long)set->parameter->integer);
    static uint8_t days[] = {1};

    if (next == NULL || calendar == NULL || year == NULL)
        return;
    next->year = year;
    next->calendar = calendar;
    calendar->year = (int32_t)set->parameter->integer;
    calendar->working_days = (ProtobufCBinaryData){sizeof days, days};
    decision_submit(decision, ENGINE_MERGED, year, "together", &next->base);
}

static void decide_together(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)view;
    (void)event;
    (void)prepared;
    (void)decision_fact_of_event(decision);
}

static void register_hospital(struct decision *decision, const ParameterSet *set)
{
    static char *roles[] = {(char *)(uintptr_t) "hospital"};
    Organisation *organisation = decision_message(decision, &medhub__registry__v1__organisation__descriptor);

    if (organisation == NULL)
        return;
    organisation->state = MEDHUB__REGISTRY__V1__STATE__STATE_LIVE;
    organisation->n_roles = 1;
    organisation->roles = roles;
    decision_table_row(decision, "registry", set->name, REGION_NATION, date_parse(bytes_of(set->valid_from)),
                       DATE_NONE, &organisation->base);
}

static void eat_all_memory(struct view *view)
{
    for (size_t bytes = 1 << 20; bytes > 0; bytes /= 2)
        while (arena_take(view->arena, bytes) != NULL)
            ;
}

static void decide_set(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const ParameterSet *set = (const ParameterSet *)event->message;
    const char *text = set->parameter->text;
    (void)prepared;

    (void)view_state(view, &medhub__policy__v1__parameter__descriptor, "last");
    size_t fact = decision_fact_of_event(decision);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "pharmacy@%s", set->region);
    decision_write(decision, &set->parameter->base, "last");
    if (strcmp(text, "timer") == 0)
        decision_timer(decision, "t", ENGINE_TIMER, set->parameter->integer);
    if (strcmp(text, "two") == 0)
        state_own_fact(decision, set->name, 10);
    if (strcmp(text, "big") == 0)
        state_own_fact(decision, set->name, 1100000);
    if (strcmp(text, "follow") == 0)
        follow(view, decision, set);
    if (strcmp(text, "together") == 0)
        follow_together(view, decision, set);
    if (strcmp(text, "table") == 0)
        register_hospital(decision, set);
    if (strcmp(text, "hungry") == 0)
        eat_all_memory(view);
}

static void fire(struct view *view, const struct event *event, struct decision *decision)
{
    (void)event;
    (void)view_state(view, &medhub__policy__v1__parameter__descriptor, "last");
    if (strncmp(view->key, "stubborn", 8) == 0 && view->now_ms % 2 == 1)
        eat_all_memory(view);
    state_own_fact(decision, view->key, 1);
}

static const struct handler handlers[] = {
    {.type = ENGINE_TYPE, .rules = rules, .rule_count = 1, .decide = decide_set, .roles = "pharmacist|hospital"},
    {.type = ENGINE_TIMER, .fire = fire},
    {.type = ENGINE_MERGED, .decide = decide_together, .roles = "hub", .merges_max = ENGINE_TOGETHER},
};
static const struct domain policy = {
    .name = "policy", .key_kind = "parameter", .handlers = handlers, .handler_count = 3};
static const struct domain *const domains[] = {&policy, NULL};

/* --- around it --- */

enum { KEYS = 3 };

/* KEYS of HOSPITAL; PUBLIC_KEY is lent. */
static void fill_keys(Key keys[KEYS], uint8_t public_key[SIGNING_PUBLIC_BYTES_MAX], const struct engine *engine,
                      Timestamp *over)
{
    size_t length = signing_key_public_bytes(engine->key, public_key);

    for (int i = 0; i < KEYS; i++) {
        keys[i] = (Key)MEDHUB__REGISTRY__V1__KEY__INIT;
        keys[i].algorithm = MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_ED25519;
        keys[i].public_key = (ProtobufCBinaryData){length, public_key};
    }
    keys[0].id = chars("key-1");
    keys[1].id = chars("old");
    over->seconds = atomic_load(&engine->now_ms) / 1000;
    keys[1].valid_until = over;
    keys[2].id = chars("hmac");
    keys[2].algorithm = MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_HMAC_SHA256;
    keys[2].public_key = (ProtobufCBinaryData){0, NULL};
}

static void put_organisation(struct engine *engine, const char *id, Medhub__Registry__V1__State state, const char *role)
{
    Medhub__Event__V1__TableRow row = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    Organisation organisation = MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    uint8_t value[512], packed[1024];
    struct buffer key;
    char *roles[] = {chars(role)};
    Key keys[KEYS], *places[KEYS] = {&keys[0], &keys[1], &keys[2]};
    Timestamp over = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    uint8_t public_key[SIGNING_PUBLIC_BYTES_MAX];

    fill_keys(keys, public_key, engine, &over);
    organisation.state = state;
    organisation.n_roles = 1;
    organisation.roles = roles;
    organisation.n_keys = strcmp(id, HOSPITAL) == 0 ? KEYS : 0;
    organisation.keys = places;
    row.value.len = medhub__registry__v1__organisation__pack(&organisation, value);
    row.value.data = value;
    row.table = chars("registry");
    row.key = chars(id);
    row.region = chars(REGION_NATION);
    row.valid_from = chars("2025-01-01");
    row.version = 1;
    buffer_init(&key, 600);
    assert_true(tables_row_key("registry", id, REGION_NATION, date_parse(bytes_of("2025-01-01")), &key));
    size_t length = medhub__event__v1__table_row__pack(&row, packed);
    broker_send(&engine->broker, "medhub.table.registry", 0, buffer_bytes(&key), bytes_from(packed, length), NULL);
    buffer_done(&key);
}

static void make_topics(struct broker *broker)
{
    static const char *const ours[] = {ENGINE_INBOX, ENGINE_FACT, ENGINE_STATE};
    static const char *const others[] = {"medhub.receipt",         "medhub.delivery",     "medhub.parked",
                                         "medhub.table.catalogue", "medhub.table.policy", "medhub.table.registry",
                                         "medhub.table.calendar",  "medhub.table.designation",
                                         "medhub.table.practitioner", "medhub.table.release", "medhub.table.device"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        broker_topic(broker, ours[i], ENGINE_PARTITIONS);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        broker_topic(broker, others[i], 1);
}

static void load_settings(struct engine *engine, const char *const *extra)
{
    enum { SETS_MAX = 24, SET_BYTES = 256 };
    char brokers[SET_BYTES], directory[SET_BYTES];
    const char *sets[SETS_MAX] = {brokers,
                                  directory,
                                  "hub.workers=1",
                                  "hub.batch_wait_ms=0",
                                  "hub.linger_ms=0",
                                  "hub.session_timeout_ms=6000",
                                  "hub.event_memory_bytes_max=4000000",
                                  "state.map_bytes=67108864"};
    struct conf_source source = {.sets = sets, .set_count = 8};

    (void)snprintf(brokers, sizeof brokers, "kafka.brokers=%s", engine->broker.client.brokers);
    (void)snprintf(directory, sizeof directory, "state.directory=%s", engine->folder);
    while (extra != NULL && *extra != NULL && source.set_count < SETS_MAX)
        sets[source.set_count++] = *extra++;
    if (settings_load(source, &engine->settings, &engine->client, &engine->conf, &engine->fault) != STATUS_OK)
        fail_msg("%s", engine->fault.text);
    engine->client.embedded = true;
}

void engine_open(struct engine *engine, const char *const *extra)
{
    int64_t now_ms = date_begin_in_china_ms(date_parse(bytes_of(ENGINE_DAY_ONE)));

    memset(engine, 0, sizeof *engine);
    atomic_store(&engine->now_ms, now_ms);
    temp_folder_make(engine->folder);
    broker_start(&engine->broker);
    make_topics(&engine->broker);
    assert_int_equal(signing_key_generate(SIGNING_ED25519, &engine->key, &engine->fault), STATUS_OK);
    put_organisation(engine, HOSPITAL, MEDHUB__REGISTRY__V1__STATE__STATE_LIVE, "hospital");
    put_organisation(engine, PHARMACY, MEDHUB__REGISTRY__V1__STATE__STATE_LIVE, "pharmacy");
    put_organisation(engine, SUSPENDED, MEDHUB__REGISTRY__V1__STATE__STATE_SUSPENDED, "hospital");
    broker_send_flush(&engine->broker);
    load_settings(engine, extra);
    assert_int_equal(reader_open(&engine->broker.client, true, &engine->receipts, &engine->fault), STATUS_OK);
    assert_int_equal(reader_add(engine->receipts, "medhub.receipt", 0, OFFSET_NONE, &engine->fault), STATUS_OK);
}

void engine_close(struct engine *engine)
{
    engine_stop_hub(engine);
    reader_close(engine->receipts);
    signing_key_free(engine->key);
    kafka_client_done(&engine->client);
    conf_free(engine->conf);
    broker_stop(&engine->broker);
    temp_folder_remove(engine->folder);
}

static int64_t read_clock(void *self)
{
    return atomic_load((atomic_int_fast64_t *)self);
}

void engine_start_hub(struct engine *engine)
{
    const struct hub_options options = {
        .domains = domains, .clock = {read_clock, &engine->now_ms}, .boot_id = "boot-1"};

    /* The mock cluster lets a new member wait until the old one's session has ended; it keeps no offsets of a group, so
     * another group serves as well. */
    (void)snprintf(engine->group, sizeof engine->group, "medhub-%d", ++engine->starts);
    engine->settings.hub_group = engine->group;
    if (hub_start(&engine->settings, &engine->client, &options, &engine->hub, &engine->fault) != STATUS_OK)
        fail_msg("%s", engine->fault.text);
}

void engine_stop_hub(struct engine *engine)
{
    hub_stop(engine->hub);
    engine->hub = NULL;
}

void engine_submit(struct engine *engine, const char *source, const char *id, const char *key, struct bytes value)
{
    const char *const headers[] = {"ce_specversion", "1.0",           "ce_id",        id,
                                   "ce_source",      source,          "ce_type",      ENGINE_TYPE,
                                   "content-type",   "application/protobuf", NULL};

    broker_send(&engine->broker, ENGINE_INBOX, -1, bytes_of(key), value, headers);
}

struct bytes engine_value(const char *name, int64_t integer, const char *text)
{
    static uint8_t packed[8192];
    ParameterSet set = MEDHUB__POLICY__V1__PARAMETER_SET__INIT;
    Parameter parameter = MEDHUB__POLICY__V1__PARAMETER__INIT;

    set.name = chars(name);
    set.region = chars("650100");
    set.valid_from = chars(ENGINE_DAY_ONE);
    set.parameter = &parameter;
    parameter.name = chars(name);
    parameter.kind = MEDHUB__POLICY__V1__PARAMETER_KIND__PARAMETER_KIND_INTEGER;
    parameter.integer = integer;
    parameter.text = chars(text);
    parameter.document = chars("test");
    assert_true(medhub__policy__v1__parameter_set__get_packed_size(&set) <= sizeof packed);
    return bytes_from(packed, medhub__policy__v1__parameter_set__pack(&set, packed));
}

/* The next receipt, to be released. */
static struct record next_receipt(struct engine *engine)
{
    enum { POLL_MS = 200, POLLS_MAX = 150 };

    for (int polls = 0; polls < POLLS_MAX; polls++) {
        struct record record = {0};
        struct fault died;
        if (engine->hub != NULL && !hub_is_alive(engine->hub, &died))
            fail_msg("the hub died: %s", died.text);
        if (reader_poll(engine->receipts, POLL_MS, &record, &engine->fault) == READER_RECORD) {
            engine->receipt_count++;
            return record;
        }
        record_release(&record);
    }
    fail_msg("no receipt came after %zu", engine->receipt_count);
    return (struct record){0};
}

void engine_await(struct engine *engine, size_t count)
{
    size_t wanted = engine->receipt_count + count;

    broker_send_flush(&engine->broker);
    while (engine->receipt_count < wanted) {
        struct record record = next_receipt(engine);
        record_release(&record);
    }
}

void engine_await_id(struct engine *engine, const char *id)
{
    bool is_it = false;

    broker_send_flush(&engine->broker);
    while (!is_it) {
        struct record record = next_receipt(engine);
        Medhub__Event__V1__Receipt *receipt =
            medhub__event__v1__receipt__unpack(NULL, record.value.length, record.value.data);
        assert_non_null(receipt);
        is_it = strcmp(receipt->id, id) == 0;
        medhub__event__v1__receipt__free_unpacked(receipt, NULL);
        record_release(&record);
    }
}

uint64_t engine_version(struct engine *engine, const char *key)
{
    const struct store_settings settings = {
        .directory = engine->folder, .boot_id = "boot-1", .map_bytes = (size_t)engine->settings.state_map_bytes};
    struct store *store = NULL;
    char name[64];
    bool empty = false;

    engine_stop_hub(engine);
    (void)snprintf(name, sizeof name, "parameter-%d", (int)hash_kafka_partition(bytes_of(key), ENGINE_PARTITIONS));
    assert_int_equal(store_open(&settings, name, &store, &empty, &engine->fault), STATUS_OK);
    assert_int_equal(store_begin(store, &engine->fault), STATUS_OK);
    uint64_t version = row_version(store, bytes_of(key));
    store_close(store);
    return version;
}

Medhub__Event__V1__Receipt *engine_receipt(const struct kept_record *record)
{
    Medhub__Event__V1__Receipt *receipt =
        medhub__event__v1__receipt__unpack(NULL, record->value.length, record->value.data);
    assert_non_null(receipt);
    return receipt;
}

Medhub__Policy__V1__ParameterSet *engine_fact(const struct kept_record *record)
{
    ParameterSet *fact = medhub__policy__v1__parameter_set__unpack(NULL, record->value.length, record->value.data);
    assert_non_null(fact);
    assert_non_null(fact->provenance);
    return fact;
}
