/* lanes.h: which topics follow from the domains, and which domains cannot work together. */
#include "flow/lanes.h"
#include "support/cmocka_all.h"

#include <stdio.h>
#include <string.h>

static void decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)view;
    (void)event;
    (void)prepared;
    (void)decision;
}

static const struct handler of_a[] = {{.type = "a.said", .decide = decide}};
static const struct handler of_b[] = {{.type = "b.said", .decide = decide}, {.type = "b.timer"}};
static const struct domain domain_a = {.name = "a", .key_kind = "person", .handlers = of_a, .handler_count = 1};
static const struct domain domain_b = {.name = "b", .key_kind = "person", .handlers = of_b, .handler_count = 2};
static const struct domain domain_c = {.name = "c",
                                       .key_kind = "item",
                                       .inbox_topic = "in.c",
                                       .fact_topic = "out.c",
                                       .state_topic = "state.c"};

static void names_follow_from_the_domain_unless_it_gives_them(void **state)
{
    const struct domain *const domains[] = {&domain_a, &domain_b, &domain_c, NULL};
    struct lanes lanes;
    struct fault fault;
    (void)state;

    assert_int_equal(lanes_init(&lanes, domains, &fault), STATUS_OK);
    assert_int_equal(lanes.lane_count, 3);
    assert_int_equal(lanes.keyspace_count, 2);
    assert_string_equal(lanes.lanes[0].inbox_topic, "medhub.inbox.a");
    assert_string_equal(lanes.lanes[0].fact_topic, "medhub.fact.a");
    assert_string_equal(lanes.lanes[0].keyspace->state_topic, "medhub.state.person");
    assert_ptr_equal(lanes.lanes[0].keyspace, lanes.lanes[1].keyspace);
    assert_string_equal(lanes.lanes[2].inbox_topic, "in.c");
    assert_string_equal(lanes.lanes[2].fact_topic, "out.c");
    assert_string_equal(lanes.lanes[2].keyspace->state_topic, "state.c");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(lanes.lanes[i].index, i);
}

static void lanes_are_found_by_topic_and_by_type(void **state)
{
    const struct domain *const domains[] = {&domain_a, &domain_b, NULL};
    const struct handler *handler = NULL;
    struct lanes lanes;
    struct fault fault;
    (void)state;

    assert_int_equal(lanes_init(&lanes, domains, &fault), STATUS_OK);
    assert_ptr_equal(lane_of_inbox(&lanes, "medhub.inbox.b"), &lanes.lanes[1]);
    assert_null(lane_of_inbox(&lanes, "medhub.fact.b"));
    assert_ptr_equal(lane_of_type(&lanes, "b.timer", &handler), &lanes.lanes[1]);
    assert_ptr_equal(handler, &of_b[1]);
    assert_null(lane_of_type(&lanes, "c.said", &handler));
    assert_null(handler);
}

static void a_name_that_does_not_fit_is_refused(void **state)
{
    static char name[200];
    const struct domain domain = {.name = name, .key_kind = "person"};
    const struct domain *const domains[] = {&domain, NULL};
    struct lanes lanes;
    struct fault fault;
    (void)state;

    memset(name, 'n', 63 - strlen("medhub.inbox."));
    assert_int_equal(lanes_init(&lanes, domains, &fault), STATUS_OK);
    name[strlen(name)] = 'n'; /* one more than a checkpoint keeps */
    assert_int_equal(lanes_init(&lanes, domains, &fault), STATUS_FATAL);
    assert_string_equal(fault.code, "hub.domains");
    memset(name, 'n', sizeof name - 1);
    assert_int_equal(lanes_init(&lanes, domains, &fault), STATUS_FATAL);
}

static void fill(struct domain *domains, const struct domain **pointers, char names[][24], char kinds[][24], size_t count,
                 bool one_kind)
{
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], 24, "d%zu", i);
        (void)snprintf(kinds[i], 24, "k%zu", one_kind ? 0 : i);
        domains[i] = (struct domain){.name = names[i], .key_kind = kinds[i]};
        pointers[i] = &domains[i];
    }
    pointers[count] = NULL;
}

static void too_many_domains_or_inputs_of_one_state_are_refused(void **state)
{
    struct domain domains[LANES_MAX + 1];
    const struct domain *pointers[LANES_MAX + 2];
    char names[LANES_MAX + 1][24], kinds[LANES_MAX + 1][24];
    struct lanes lanes;
    struct fault fault;
    (void)state;

    fill(domains, pointers, names, kinds, LANES_MAX, false);
    assert_int_equal(lanes_init(&lanes, pointers, &fault), STATUS_OK);
    fill(domains, pointers, names, kinds, LANES_MAX + 1, false);
    assert_int_equal(lanes_init(&lanes, pointers, &fault), STATUS_FATAL);
    fill(domains, pointers, names, kinds, 8, true); /* CHECKPOINT_INPUTS_MAX */
    assert_int_equal(lanes_init(&lanes, pointers, &fault), STATUS_OK);
    fill(domains, pointers, names, kinds, 9, true);
    assert_int_equal(lanes_init(&lanes, pointers, &fault), STATUS_FATAL);
}

static void the_shipped_domains_work_together(void **state)
{
    struct lanes lanes;
    struct fault fault;
    (void)state;

    assert_int_equal(lanes_init(&lanes, domains_all, &fault), STATUS_OK);
    assert_true(lanes.lane_count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_from_the_domain_unless_it_gives_them),
        cmocka_unit_test(lanes_are_found_by_topic_and_by_type),
        cmocka_unit_test(a_name_that_does_not_fit_is_refused),
        cmocka_unit_test(too_many_domains_or_inputs_of_one_state_are_refused),
        cmocka_unit_test(the_shipped_domains_work_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
