// links: medhub_gateway dep::curl dep::protobuf-c
/* gateway.h as a whole on the embedded broker, with a read model and callers that the test makes up: what a caller is told,
 * when, and what happens when the world is away. */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/hash.h"
#include "gateway/cursor.h"
#include "gateway/settings.h"
#include "signature/event_signature.h"
#include "support/broker.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include "fake_authenticate.h"
#include "fake_read_model.h"

#include <curl/curl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TYPE  "medhub.policy.parameter_set.v1"
#define INBOX "medhub.inbox.policy"
#define VOUCHER "c2VjcmV0LW9mLXRoZS12b3VjaGVyLTE="
enum { ACCEPTED = 1, REFUSED = 2, DUPLICATE = 3, BODY_BYTES = 1 << 20, FIND_RECORD_S = 20 };

struct fixture {
    struct broker broker;
    char folder[TEMP_FOLDER_BYTES];
    const char *delivery_timeout;
    char voucher_file[TEMP_FOLDER_BYTES + 16];
    struct settings hub;
    struct gateway_settings settings;
    struct sql_settings sql;
    struct conf *conf;
    struct gateway *gateway;
    struct fault fault;
};

static void write_voucher(struct fixture *fixture)
{
    (void)snprintf(fixture->voucher_file, sizeof fixture->voucher_file, "%s/voucher", fixture->folder);
    FILE *file = fopen(fixture->voucher_file, "we");
    assert_non_null(file);
    assert_true(fputs(VOUCHER "\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    fixture->hub = (struct settings){.hub_operator = "medhub",
                                     .signature_unsigned = "refuse",
                                     .signature_voucher_file = fixture->voucher_file,
                                     .signature_voucher_previous_file = "",
                                     .signature_secrets_directory = ""};
}

static void start_gateway(struct fixture *fixture)
{
    char directory[200];
    const char *sets[] = {"gateway.port=0",
                          fixture->delivery_timeout,
                          "gateway.stop_timeout_seconds=5",
                          "gateway.requests_per_second=1000000",
                          "gateway.requests_burst=1000000",
                          "gateway.stream_buffer_bytes_max=65536",
                          directory};
    const struct conf_source source = {.sets = sets, .set_count = sizeof sets / sizeof *sets};

    (void)snprintf(directory, sizeof directory, "gateway.directory=%s", fixture->folder);
    assert_int_equal(conf_load(gateway_settings_rows, gateway_settings_row_count, NULL, source, &fixture->settings,
                               &fixture->conf, &fixture->fault), STATUS_OK);
    write_voucher(fixture);
    if (gateway_start(&fixture->settings, &fixture->hub, &fixture->sql, &fixture->broker.client, clock_system(),
                      &fixture->gateway, &fixture->fault) != STATUS_OK)
        fail_msg("%s: %s", fixture->fault.code, fixture->fault.text);
    for (int i = 0; i < 2000 && !gateway_is_ready(fixture->gateway); i++)
        (void)usleep(10000); /* nobody tells: asked again */
    assert_true(gateway_is_ready(fixture->gateway));
}

static int make_fixture(void **state, const char *delivery_timeout)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    fixture->delivery_timeout = delivery_timeout;
    fake_reset();
    temp_folder_make(fixture->folder);
    broker_start(&fixture->broker);
    broker_topic(&fixture->broker, "medhub.table.registry", 1);
    broker_topic(&fixture->broker, "medhub.table.catalogue", 1);
    broker_topic(&fixture->broker, "medhub.table.release", 1);
    broker_topic(&fixture->broker, INBOX, 2);
    start_gateway(fixture);
    *state = fixture;
    return 0;
}

/* Until an event is given up: a busy machine may take seconds to answer a new producer. */
static int setup(void **state)
{
    return make_fixture(state, "gateway.delivery_timeout_ms=60000");
}

static int setup_hasty(void **state)
{
    return make_fixture(state, "gateway.delivery_timeout_ms=1000");
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    gateway_stop(fixture->gateway);
    conf_free(fixture->conf);
    broker_stop(&fixture->broker);
    temp_folder_remove(fixture->folder);
    free(fixture);
    return 0;
}

/* ---- calling ---- */

struct answer {
    long status;
    char body[BODY_BYTES], headers[4096];
    size_t length, header_length;
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct answer *answer = context;

    assert_true(answer->length + size * count < sizeof answer->body);
    memcpy(answer->body + answer->length, data, size * count);
    answer->length += size * count;
    answer->body[answer->length] = '\0';
    return size * count;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct answer *answer = context;

    if (answer->header_length + size * count < sizeof answer->headers) {
        memcpy(answer->headers + answer->header_length, data, size * count);
        answer->header_length += size * count;
        answer->headers[answer->header_length] = '\0';
    }
    return size * count;
}

/* BODY NULL: GET. HEADER (may be NULL) goes with it. Returns what has to be freed. */
static struct answer *call(struct fixture *fixture, const char *target, const char *body, const char *header)
{
    struct answer *answer = calloc(1, sizeof *answer);
    struct curl_slist *headers = curl_slist_append(NULL, "X-Test-Organisation: H1");
    CURL *curl = curl_easy_init();
    char url[8192];

    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", gateway_port(fixture->gateway), target);
    if (body != NULL)
        headers = curl_slist_append(headers, "Content-Type: application/cloudevents+json");
    if (header != NULL)
        headers = curl_slist_append(headers, header);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (body != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_perform(curl); /* a status of 0 tells */
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return answer;
}

static struct answer *submit(struct fixture *fixture, const char *target, const char *source, const char *id)
{
    char event[500];

    (void)snprintf(event, sizeof event,
                   "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"%s\",\"type\":\"" TYPE
                   "\",\"data\":{\"name\":\"copay.ratio\",\"region\":\"650100\"}}", id, source);
    return call(fixture, target, event, NULL);
}

static void expect(struct answer *answer, long status, const char *text)
{
    if (answer->status != status || strstr(answer->body, text) == NULL)
        fail_msg("%ld %s, and not %ld with %s", answer->status, answer->body, status, text);
    free(answer);
}

/* Another thread that calls, and its answer. */
struct errand {
    struct fixture *fixture;
    const char *target, *source, *id; /* id NULL: GET */
    pthread_t thread;
    struct answer *answer;
};

static void *run_errand(void *self)
{
    struct errand *errand = self;

    errand->answer = errand->id != NULL ? submit(errand->fixture, errand->target, errand->source, errand->id)
                                        : call(errand->fixture, errand->target, NULL, NULL);
    return NULL;
}

static void begin(struct errand *errand)
{
    assert_int_equal(pthread_create(&errand->thread, NULL, run_errand, errand), 0);
}

static struct answer *end(struct errand *errand)
{
    assert_int_equal(pthread_join(errand->thread, NULL), 0);
    return errand->answer;
}

/* The record of ID in the inbox, once it is there: a new producer may take seconds on a busy machine. */
static struct kept_record find_record(struct fixture *fixture, const char *id, struct kept **kept)
{
    int64_t until_us = clock_monotonic_us() + FIND_RECORD_S * INT64_C(1000000);

    while (clock_monotonic_us() < until_us) {
        *kept = broker_read(&fixture->broker, INBOX);
        for (size_t i = 0; i < (*kept)->count; i++)
            if (bytes_equal_text(kept_header(&(*kept)->records[i], "ce_id"), id))
                return (*kept)->records[i];
        kept_free(*kept);
    }
    fail_msg("%s is not in the inbox", id);
    return (struct kept_record){0};
}

/* ---- events in ---- */

static void an_acknowledged_event_is_in_the_inbox(void **state)
{
    struct fixture *fixture = *state;
    struct kept *kept = NULL;

    expect(submit(fixture, "/v1/events", "H1", "e-1"), 202, "\"receipt\":\"/v1/receipts/H1/e-1\"");
    struct kept_record record = find_record(fixture, "e-1", &kept);
    assert_true(bytes_equal_text(record.key, "copay.ratio"));
    assert_true(bytes_equal_text(kept_header(&record, "ce_source"), "H1"));
    assert_true(bytes_equal_text(kept_header(&record, "ce_type"), TYPE));
    assert_true(bytes_equal_text(kept_header(&record, "content-type"), "application/protobuf"));
    kept_free(kept);
}

static void the_gateway_vouches_for_what_it_takes(void **state)
{
    struct fixture *fixture = *state;
    struct kept *kept = NULL;
    struct event_signature signature;
    struct signing_key *voucher = NULL;

    expect(submit(fixture, "/v1/events", "H1", "e-1"), 202, "receipt");
    struct kept_record record = find_record(fixture, "e-1", &kept);
    const struct signed_event event = {.id = kept_header(&record, "ce_id"),
                                       .source = kept_header(&record, "ce_source"),
                                       .type = kept_header(&record, "ce_type"),
                                       .time = kept_header(&record, "ce_time"),
                                       .key = record.key,
                                       .value = record.value};
    assert_int_equal(signing_key_parse(bytes_of(VOUCHER), &voucher, &fixture->fault), STATUS_OK);
    assert_true(event_signature_parse(kept_header(&record, EVENT_SIGNATURE_HEADER), &signature));
    assert_true(bytes_equal_text(signature.signer, "medhub") && bytes_equal_text(signature.key_id, "voucher"));
    assert_true(event_signature_is_by(&signature, &event, voucher));
    signing_key_free(voucher);
    kept_free(kept);
}

static void what_is_another_organisations_is_forbidden_or_unknown(void **state)
{
    struct fixture *fixture = *state;

    expect(submit(fixture, "/v1/events", "H2", "e-1"), 403, "event.source");
    expect(call(fixture, "/v1/receipts/H2/e-1", NULL, NULL), 404, "receipt.unknown");
}

static void brokers_that_do_not_acknowledge_are_a_503(void **state)
{
    struct fixture *fixture = *state;
    enum { ERRORS = 64 };
    int codes[ERRORS];

    for (size_t i = 0; i < ERRORS; i++)
        codes[i] = ERROR_NOT_ENOUGH_REPLICAS;
    embedded_push_errors(fixture->broker.embedded, API_PRODUCE, codes, ERRORS);
    struct answer *answer = submit(fixture, "/v1/events", "H1", "lost");
    assert_non_null(strstr(answer->headers, "Retry-After: "));
    expect(answer, 503, "kafka.not_delivered");
}

/* ---- decisions ---- */

static void wait_for_decision(struct fixture *fixture, const char *id, int outcome, const char *first_id, int first_outcome,
                              long status, const char *text)
{
    struct errand errand = {.fixture = fixture, .target = "/v1/events?wait=20", .source = "H1", .id = id};
    struct kept *kept = NULL;

    begin(&errand);
    struct kept_record record = find_record(fixture, id, &kept);
    fake_decide(INBOX, record.partition, record.offset, "H1", id, outcome, first_id, first_outcome);
    expect(end(&errand), status, text);
    kept_free(kept);
}

static void the_decision_decides_the_answer(void **state)
{
    wait_for_decision(*state, "good", ACCEPTED, "", 0, 200, "\"outcome\":\"accepted\"");
    wait_for_decision(*state, "bad", REFUSED, "", 0, 422, "\"detailZh\":\"有误\"");
    wait_for_decision(*state, "same", DUPLICATE, "other", ACCEPTED, 409, "\"firstId\":\"other\"");
}

static void a_repetition_hears_the_first_answer(void **state)
{
    struct fixture *fixture = *state;

    fake_decide(INBOX, 0, 1000000, "H1", "again", REFUSED, "", 0); /* long ago */
    wait_for_decision(fixture, "again", DUPLICATE, "again", REFUSED, 422, "It is wrong.");
}

static void without_a_decision_in_time_it_is_accepted_for_now(void **state)
{
    expect(submit(*state, "/v1/events?wait=1", "H1", "undecided"), 202, "acknowledged");
}

static void a_database_that_is_away_delays_decisions_only(void **state)
{
    struct fixture *fixture = *state;
    struct errand errand = {.fixture = fixture, .target = "/v1/events?wait=20", .source = "H1", .id = "late"};
    struct kept *kept = NULL;

    fake_go_away(true);
    expect(call(fixture, "/v1/receipts/H1/x", NULL, NULL), 503, "sql.away");
    begin(&errand);
    struct kept_record record = find_record(fixture, "late", &kept);
    fake_go_away(false);
    fake_decide(INBOX, record.partition, record.offset, "H1", "late", ACCEPTED, "", 0);
    expect(end(&errand), 200, "accepted");
    kept_free(kept);
}

/* ---- feeds ---- */

static void only_own_deliveries_come_page_by_page(void **state)
{
    struct fixture *fixture = *state;

    fake_deliver("H1", TYPE, "mine-1");
    fake_deliver("H2", TYPE, "others");
    fake_deliver("pharmacy@650100", TYPE, "mine-2");
    struct answer *answer = call(fixture, "/v1/feeds/deliveries", NULL, NULL);
    assert_non_null(strstr(answer->body, "mine-1"));
    assert_non_null(strstr(answer->body, "mine-2"));
    assert_null(strstr(answer->body, "others"));
    assert_null(strstr(answer->body, "somebody")); /* who else was told is nobody's business */
    expect(answer, 200, "\"atEnd\":true");
    expect(call(fixture, "/v1/feeds/pharmacy@650100", NULL, NULL), 200, "mine-2");
    expect(call(fixture, "/v1/feeds/catalogue", NULL, NULL), 200, "\"events\":[]");
    expect(call(fixture, "/v1/feeds/insurer@650100", NULL, NULL), 404, "feed.unknown");
}

static void a_cursor_older_than_what_is_kept_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = arena_new(4096, 1 << 16);
    const struct feed_place old = {.partition_count = FAKE_PARTITIONS, .next_offset = {1, 1}};
    char target[500];

    for (int i = 0; i < 10; i++)
        fake_deliver("H1", TYPE, "old");
    fake_forget_before(3);
    (void)snprintf(target, sizeof target, "/v1/feeds/catalogue?after=%s", cursor_encode(&old, arena));
    expect(call(fixture, target, NULL, NULL), 410, "\"snapshot\":\"/v1/catalogue/snapshot\"");
    expect(call(fixture, target, NULL, "Accept: text/event-stream"), 410, "feed.gone");
    expect(call(fixture, "/v1/feeds/deliveries", NULL, NULL), 200, "\"id\":\"old\""); /* what is kept can be had */
    expect(call(fixture, "/v1/feeds/deliveries?after=AQID", NULL, NULL), 400, "feed.cursor");
    arena_free(arena);
}

static void who_was_away_is_told_what_the_changes_take(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = arena_new(4096, 1 << 16);
    const struct feed_place first = {.partition_count = FAKE_PARTITIONS};
    char target[500];

    for (int i = 0; i < 60; i++) /* more than are looked at to tell how large they are */
        fake_deliver("H1", "medhub.catalogue.item_changed.v1", "a change");
    fake_deliver("H2", "medhub.catalogue.item_changed.v1", "another's");
    fake_deliver("H1", TYPE, "no change");
    (void)snprintf(target, sizeof target, "/v1/catalogue/catch-up?after=%s", cursor_encode(&first, arena));
    expect(call(fixture, target, NULL, NULL), 200, "{\"events\":60,\"changesBytes\":");
    expect(call(fixture, "/v1/catalogue/catch-up?after=AQID", NULL, NULL), 400, "feed.cursor");
    expect(call(fixture, "/v1/catalogue/catch-up", NULL, NULL), 400, "after");
    fake_forget_before(3);
    expect(call(fixture, target, NULL, NULL), 410, "feed.gone");
    arena_free(arena);
}

static void those_who_wait_are_told_without_asking_for_each(void **state)
{
    enum { FOLLOWERS = 20 };
    struct fixture *fixture = *state;
    struct errand errands[FOLLOWERS];

    for (size_t i = 0; i < FOLLOWERS; i++) {
        errands[i] = (struct errand){.fixture = fixture, .target = "/v1/feeds/deliveries?after=now&wait=20"};
        begin(&errands[i]);
    }
    while (fake_questions() < FOLLOWERS) /* each has asked once and found nothing */
        (void)usleep(1000);
    (void)usleep(100000); /* and waits: if not yet, it asks once more, which is allowed below */
    size_t before = fake_questions();
    for (int i = 0; i < 50; i++)
        fake_deliver("H2", TYPE, "others");
    fake_deliver("H1", TYPE, "mine");
    for (size_t i = 0; i < FOLLOWERS; i++)
        expect(end(&errands[i]), 200, "\"id\":\"mine\"");
    assert_in_range(fake_questions() - before, 0, FOLLOWERS / 4);
}

/* A follower that reads a little at a time, while more comes than its buffer holds. */
static void a_slow_follower_of_a_stream_misses_nothing(void **state)
{
    enum { EVENTS = 3000 };
    struct fixture *fixture = *state;
    char id[32];

    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "X-Test-Organisation: H1");
    headers = curl_slist_append(headers, "Accept: text/event-stream");
    struct answer *answer = calloc(1, sizeof *answer);
    char url[200];
    CURLM *multi = curl_multi_init();
    int running = 1;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/feeds/deliveries?after=now", gateway_port(fixture->gateway));
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    (void)curl_multi_add_handle(multi, curl);
    while (strstr(answer->body, "retry:") == NULL && running > 0) {
        (void)curl_multi_perform(multi, &running);
        (void)curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    for (int i = 0; i < EVENTS; i++) {
        (void)snprintf(id, sizeof id, "n-%d.", i);
        fake_deliver("H1", TYPE, id);
    }
    size_t seen = 0, at = 0;
    int64_t give_up_us = clock_monotonic_us() + 30 * 1000000;
    while (seen < EVENTS && running > 0 && clock_monotonic_us() < give_up_us) {
        (void)curl_multi_perform(multi, &running);
        for (const char *next; (next = strstr(answer->body + at, "\"factid\"")) != NULL; seen++)
            at = (size_t)(next - answer->body) + 8;
        (void)curl_multi_poll(multi, NULL, 0, 50, NULL);
    }
    assert_int_equal(seen, EVENTS);
    int last[FAKE_PARTITIONS] = {-1, -1}; /* in order per partition: odd and even numbers */
    for (const char *each = answer->body; (each = strstr(each, "\"id\":\"n-")) != NULL; each += 8) {
        int number = atoi(each + 8);
        assert_int_equal(number, last[number % FAKE_PARTITIONS] < 0 ? number % FAKE_PARTITIONS
                                                                    : last[number % FAKE_PARTITIONS] + FAKE_PARTITIONS);
        last[number % FAKE_PARTITIONS] = number;
    }
    (void)curl_multi_remove_handle(multi, curl);
    curl_easy_cleanup(curl);
    (void)curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    free(answer);
}

/* ---- the end ---- */

static void the_end_answers_everybody_who_waits(void **state)
{
    struct fixture *fixture = *state;
    struct errand poll = {.fixture = fixture, .target = "/v1/feeds/deliveries?after=now&wait=60"};
    struct errand decision = {.fixture = fixture, .target = "/v1/events?wait=60", .source = "H1", .id = "kept"};
    struct kept *kept = NULL;

    begin(&poll);
    begin(&decision);
    (void)find_record(fixture, "kept", &kept);
    kept_free(kept);
    while (fake_questions() < 1)
        (void)usleep(1000);
    int64_t begun_us = clock_monotonic_us();
    gateway_stop(fixture->gateway);
    fixture->gateway = NULL;
    expect(end(&poll), 200, "\"events\":[]");
    expect(end(&decision), 202, "acknowledged");
    assert_in_range(clock_monotonic_us() - begun_us, 0, 10 * 1000000);
    conf_free(fixture->conf);
    fixture->conf = NULL;
    start_gateway(fixture); /* its folder is free again */
}

int main(void)
{
    (void)curl_global_init(CURL_GLOBAL_ALL);
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_acknowledged_event_is_in_the_inbox),
        TEST(who_was_away_is_told_what_the_changes_take),
        TEST(the_gateway_vouches_for_what_it_takes),
        TEST(what_is_another_organisations_is_forbidden_or_unknown),
        cmocka_unit_test_setup_teardown(brokers_that_do_not_acknowledge_are_a_503, setup_hasty, teardown),
        TEST(the_decision_decides_the_answer),
        TEST(a_repetition_hears_the_first_answer),
        TEST(without_a_decision_in_time_it_is_accepted_for_now),
        TEST(a_database_that_is_away_delays_decisions_only),
        TEST(only_own_deliveries_come_page_by_page),
        TEST(a_cursor_older_than_what_is_kept_is_gone),
        TEST(those_who_wait_are_told_without_asking_for_each),
        TEST(a_slow_follower_of_a_stream_misses_nothing),
        TEST(the_end_answers_everybody_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
