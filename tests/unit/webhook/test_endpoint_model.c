/* endpoint.h and progress.h together, against a world that answers, forgets and crashes at random: nothing is lost, each key
 * goes in order, the window is bounded, and what is kept says no more than is true. */
#include "webhook/endpoint.h"

#include "base/log.h"
#include "event/pack.h"
#include "event/unpack.h"
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

enum { PARTITIONS = 3, RECORDS = 120, KEYS = 5, JOURNAL_MAX = 64, STEPS = 20000, WINDOW = 10 };

struct cell { /* one record of medhub.delivery, and what is known of it outside of the endpoint */
    unsigned key;
    bool for_us;
    bool sent, ended, in_log; /* sent at least once; answered for good at least once; its outcome stands */
    bool aside;
};

struct world {
    uint64_t seed;
    struct cell log[PARTITIONS][RECORDS];
    int64_t end[PARTITIONS];  /* written so far */
    int64_t live[PARTITIONS]; /* where the live reader is */
    struct delivery_pool pool;
    struct endpoint *endpoint;
    struct endpoint_plan plan;
    struct waiting *flying[WINDOW];
    size_t flying_count;
    struct waiting *journal[JOURNAL_MAX]; /* sent to Kafka, in order */
    size_t journal_count;
    struct bytes kept; /* the last state in Kafka, packed */
    struct arena *arenas[2]; /* the kept state lies in one of them */
    unsigned turn;
    int64_t now_ms;
    unsigned crashes, sends, redriven;
    bool kind; /* all answers are good, nobody crashes: the world comes to rest */
};

static uint64_t chance(struct world *world, uint64_t count)
{
    uint64_t value = world->seed += UINT64_C(0x9e3779b97f4a7c15);

    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return (value ^ value >> 31) % count;
}

static struct cell *cell_of(struct world *world, const struct waiting *waiting)
{
    return &world->log[waiting->open.partition][waiting->open.offset];
}

/* ---- records ---- */

static enum endpoint_takes offer(struct world *world, int32_t partition, int64_t offset)
{
    const struct cell *cell = &world->log[partition][offset];
    Medhub__Event__V1__Delivery said = MEDHUB__EVENT__V1__DELIVERY__INIT;
    const struct record record = {
        .partition = partition, .offset = offset, .key = bytes_from(&cell->key, sizeof cell->key)};

    struct delivery *delivery = delivery_new(&world->pool, &record, &said);
    enum endpoint_takes answer = endpoint_take(world->endpoint, delivery, world->now_ms);
    delivery_release(delivery);
    assert_true(world->endpoint->count <= WINDOW);
    return answer;
}

static void write_record(struct world *world)
{
    int32_t partition = (int32_t)chance(world, PARTITIONS);

    if (world->end[partition] < RECORDS)
        world->end[partition]++;
}

static void read_live(struct world *world)
{
    int32_t partition = (int32_t)chance(world, PARTITIONS);
    int64_t offset = world->live[partition];
    struct progress *progress = &world->endpoint->progress;

    if (offset >= world->end[partition])
        return;
    if (progress->following != NULL && world->log[partition][offset].for_us &&
        offer(world, partition, offset) == ENDPOINT_FULL)
        progress_leave(progress);
    world->live[partition]++;
}

/* As the feeder does it: from where the endpoint stands, one record. */
static void catch_up(struct world *world)
{
    struct progress *progress = &world->endpoint->progress;
    int32_t partition = (int32_t)chance(world, PARTITIONS);

    if (progress->following == NULL && progress_may_follow(progress, world->live))
        progress_follow(progress, world->live);
    int64_t from = progress_read_from(progress, partition);
    if (from == NOTHING_TO_READ || from >= world->end[partition])
        return;
    bool wanted = progress_find(progress, partition, from) != NULL;
    if ((wanted || world->log[partition][from].for_us) && offer(world, partition, from) == ENDPOINT_FULL)
        return;
    progress_looked_at(progress, partition, from + 1);
}

/* ---- requests ---- */

static void assert_in_turn(struct world *world, const struct waiting *waiting)
{
    const struct cell *cell = cell_of(world, waiting);

    for (size_t i = 0; i < world->flying_count; i++)
        assert_false(world->flying[i]->open.partition == waiting->open.partition &&
                     cell_of(world, world->flying[i])->key == cell->key);
    for (int64_t i = 0; i < waiting->open.offset; i++) {
        const struct cell *earlier = &world->log[waiting->open.partition][i];
        if (earlier->for_us && earlier->key == cell->key)
            assert_true(earlier->ended);
    }
}

static void send_one(struct world *world)
{
    struct waiting *waiting = endpoint_next(world->endpoint, world->now_ms);

    if (waiting == NULL)
        return;
    assert_true(cell_of(world, waiting)->for_us);
    assert_in_turn(world, waiting);
    cell_of(world, waiting)->sent = true;
    assert_true(world->flying_count < world->plan.concurrency);
    world->flying[world->flying_count++] = waiting;
    world->sends++;
}

static struct http_answer some_answer(struct world *world)
{
    static const int statuses[] = {200, 200, 200, 500, 422, 429, 0, 302};
    int http_status = world->kind ? 200 : statuses[chance(world, sizeof statuses / sizeof *statuses)];
    struct http_answer answer = {0};

    if (http_status == 0)
        http_answer_of_failure(&answer, "closed");
    else
        http_answer_of_status(&answer, http_status);
    answer.retry_after_ms = chance(world, 4) == 0 ? (int64_t)chance(world, 5000) : -1;
    return answer;
}

static void answer_one(struct world *world)
{
    if (world->flying_count == 0)
        return;
    size_t place = chance(world, world->flying_count);
    struct waiting *waiting = world->flying[place];
    const struct http_answer answer = some_answer(world);

    world->flying[place] = world->flying[--world->flying_count];
    if (!endpoint_answered(world->endpoint, waiting, &answer, world->now_ms))
        return;
    cell_of(world, waiting)->ended = true;
    assert_true(world->journal_count < JOURNAL_MAX);
    world->journal[world->journal_count++] = waiting;
}

static void acknowledge_one(struct world *world)
{
    if (world->journal_count == 0)
        return;
    struct waiting *waiting = world->journal[0];
    struct cell *cell = cell_of(world, waiting);

    memmove(world->journal, world->journal + 1, --world->journal_count * sizeof(struct waiting *));
    cell->in_log = true;
    cell->aside = waiting->result == MEDHUB__WEBHOOK__V1__RESULT__RESULT_SET_ASIDE;
    endpoint_settled(world->endpoint, waiting);
}

static void redrive_one(struct world *world)
{
    int32_t partition = (int32_t)chance(world, PARTITIONS);
    int64_t offset = (int64_t)chance(world, RECORDS);

    if (!world->log[partition][offset].aside)
        return;
    assert_true(endpoint_redrive(world->endpoint, partition, offset));
    world->redriven++;
}

/* ---- what is kept, and what comes back from it ---- */

/* What it says is settled has its outcome in the log. */
static void assert_true_state(struct world *world, const Medhub__Webhook__V1__EndpointState *state)
{
    for (int32_t p = 0; p < PARTITIONS; p++)
        for (int64_t i = 0; i < state->next_offset[p]; i++) {
            bool open = false;
            for (size_t k = 0; k < state->n_open; k++)
                open = open || (state->open[k]->partition == p && state->open[k]->offset == i);
            if (world->log[p][i].for_us && !open)
                assert_true(world->log[p][i].in_log);
        }
}

static void keep_state(struct world *world)
{
    struct arena *arena = world->arenas[world->turn++ % 2];

    arena_reset(arena);
    Medhub__Webhook__V1__EndpointState *state = endpoint_state(world->endpoint, world->now_ms, arena);
    assert_non_null(state);
    assert_true(state->n_open <= WINDOW + world->endpoint->progress.wanted_count);
    assert_true_state(world, state);
    world->kept = pack_message(&state->base, arena);
}

static void restore(struct world *world)
{
    static const int64_t start[PARTITIONS];
    struct arena *arena = world->arenas[world->turn % 2];
    ProtobufCMessage *state = NULL;
    struct fault fault = {0};

    world->endpoint = endpoint_new("O/e", &world->plan, PARTITIONS, start);
    arena_reset(arena);
    if (world->kept.data != NULL) {
        assert_int_equal(unpack_message(schema_of(&medhub__webhook__v1__endpoint_state__descriptor), world->kept, arena,
                                        &state, &fault),
                         STATUS_OK);
        assert_true(endpoint_restore(world->endpoint, (const Medhub__Webhook__V1__EndpointState *)state));
    }
    world->endpoint->enabled = true;
    for (int32_t p = 0; p < PARTITIONS; p++) { /* where the one furthest back stands, or not so far back */
        int64_t low = progress_low(&world->endpoint->progress, p);
        world->live[p] = low + (int64_t)chance(world, (uint64_t)(world->end[p] - low) + 1) * (int64_t)chance(world, 2);
    }
}

static void forget(struct world *world)
{
    world->flying_count = world->journal_count = 0;
    world->endpoint->in_flight = world->endpoint->settling = 0;
    endpoint_free(world->endpoint);
    assert_int_equal(world->pool.count, 0);
}

/* Outcomes that were on their way may stand or not. */
static void crash(struct world *world)
{
    for (uint64_t stand = chance(world, world->journal_count + 1); stand > 0; stand--)
        acknowledge_one(world);
    forget(world);
    restore(world);
    world->crashes++;
}

/* ---- the test ---- */

static void step(struct world *world)
{
    switch (chance(world, world->kind ? 16 : 18)) {
    case 0:
    case 1:
        write_record(world);
        break;
    case 2:
    case 3:
    case 4:
        read_live(world);
        break;
    case 5:
    case 6:
        catch_up(world);
        break;
    case 7:
    case 8:
    case 9:
        send_one(world);
        break;
    case 10:
    case 11:
        answer_one(world);
        break;
    case 12:
    case 13:
        acknowledge_one(world);
        break;
    case 14:
        keep_state(world);
        break;
    case 15:
        world->now_ms += (int64_t)chance(world, 3000);
        break;
    case 16:
        redrive_one(world);
        break;
    default:
        if (chance(world, 20) == 0)
            crash(world);
        break;
    }
}

static bool is_at_rest(const struct world *world)
{
    for (int32_t p = 0; p < PARTITIONS; p++)
        if (world->end[p] < RECORDS || progress_low(&world->endpoint->progress, p) < RECORDS)
            return false;
    return world->endpoint->count == 0 && world->endpoint->progress.wanted_count == 0;
}

static void play(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);

    world->seed = seed;
    world->now_ms = 1000000;
    world->plan = (struct endpoint_plan){.window_events = WINDOW,
                                         .window_bytes = 1 << 20,
                                         .concurrency = 1 + (unsigned)(seed % 4),
                                         .refusals_max = 2,
                                         .retry = {100, 3000, 20000},
                                         .breaker = {3, 500, 4000}};
    for (int32_t p = 0; p < PARTITIONS; p++)
        for (int64_t i = 0; i < RECORDS; i++)
            world->log[p][i] = (struct cell){.key = (unsigned)chance(world, KEYS), .for_us = chance(world, 3) > 0};
    world->arenas[0] = arena_new(1 << 16, 1 << 24);
    world->arenas[1] = arena_new(1 << 16, 1 << 24);
    restore(world);

    for (unsigned i = 0; i < STEPS; i++)
        step(world);
    world->kind = true;
    unsigned more = 0;
    for (; !is_at_rest(world) && more < 50 * STEPS; more++)
        step(world);
    if (!is_at_rest(world))
        fail_msg("seed %llu: it does not come to rest", (unsigned long long)seed);
    keep_state(world);
    for (int32_t p = 0; p < PARTITIONS; p++)
        for (int64_t i = 0; i < RECORDS; i++)
            assert_true(!world->log[p][i].for_us || (world->log[p][i].sent && world->log[p][i].in_log));
    assert_true(world->crashes > 5);
    forget(world);
    arena_free(world->arenas[0]);
    arena_free(world->arenas[1]);
    free(world);
}

static void nothing_is_lost_and_each_key_goes_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        play(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost_and_each_key_goes_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
