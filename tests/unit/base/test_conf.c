// links: medhub_base
#include "base/conf.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
    int64_t batch;
    bool strict;
    const char *brokers;
    const char *mode;
    const char *password;
    int64_t port;
};

#define ROW(key_, kind_, member_, min_, max_, fallback_, choices_)                                           \
    {                                                                                                        \
        .key = key_, .kind = kind_, .offset = offsetof(struct settings, member_), .min = min_, .max = max_,  \
        .fallback = fallback_, .choices = choices_, .help = "For the test."                                  \
    }

static const struct conf_row rows[] = {
    ROW("hub.batch_events_max", CONF_INT, batch, 1, 1000, "100", NULL),
    ROW("hub.strict", CONF_BOOL, strict, 0, 0, "false", NULL),
    ROW("kafka.brokers", CONF_STRING, brokers, 1, 100, NULL, NULL),
    ROW("hub.mode", CONF_CHOICE, mode, 0, 0, "live", "live|dry|off"),
    ROW("kafka.password", CONF_STRING, password, 0, 8, "", NULL),
    ROW("gateway.port", CONF_INT, port, 1, 65535, "8080", NULL),
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static char path[] = "/tmp/medhub-test-conf-XXXXXX";
static struct settings settings;
static struct conf *conf;
static struct fault fault;

static int setup(void **state)
{
    (void)state;
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int descriptor = mkstemp(path);
    settings = (struct settings){.batch = -1};
    conf = NULL;
    fault_clear(&fault);
    unsetenv("MEDHUB_KAFKA_BROKERS");
    return descriptor < 0 || close(descriptor) != 0;
}

static int teardown(void **state)
{
    (void)state;
    conf_free(conf);
    unlink(path);
    return 0;
}

static enum status load(struct conf_source source)
{
    return conf_load(rows, ROW_COUNT, "kafka.client.", source, &settings, &conf, &fault);
}

static enum status load_file(const char *text)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
    return load((struct conf_source){.file = path});
}

static enum status load_sets(const char *first, const char *second)
{
    const char *const sets[] = {first, second};

    return load((struct conf_source){.sets = sets, .set_count = second == NULL ? 1 : 2});
}

/* With what must be given. */
static enum status load_variable(const char *name, const char *value)
{
    setenv("MEDHUB_KAFKA_BROKERS", "env:9092", 1);
    setenv(name, value, 1);
    enum status status = load((struct conf_source){.environment = true});
    unsetenv(name);
    unsetenv("MEDHUB_KAFKA_BROKERS");
    return status;
}

static void assert_refused(enum status status, const char *code, const char *part)
{
    assert_int_equal(status, STATUS_FATAL);
    assert_string_equal(fault.code, code);
    if (strstr(fault.text, part) == NULL)
        fail_msg("no \"%s\" in \"%s\"", part, fault.text);
    assert_null(conf);
    assert_int_equal(settings.batch, -1);
}

static void what_is_not_given_has_its_default(void **state)
{
    (void)state;
    assert_int_equal(load_sets("kafka.brokers=a:9092", NULL), STATUS_OK);
    assert_int_equal(settings.batch, 100);
    assert_false(settings.strict);
    assert_string_equal(settings.brokers, "a:9092");
    assert_string_equal(settings.mode, "live");
    assert_string_equal(settings.password, "");
}

static void the_file_may_nest_keys_or_join_them_by_dots(void **state)
{
    (void)state;
    assert_int_equal(load_file("# settings\nhub:\n  batch_events_max: 7\n  strict: true\nhub.mode: dry\n"
                               "kafka: {brokers: 'b:9092'}\n"),
                     STATUS_OK);
    assert_int_equal(settings.batch, 7);
    assert_true(settings.strict);
    assert_string_equal(settings.mode, "dry");
    assert_string_equal(settings.brokers, "b:9092");
}

static void an_empty_file_gives_nothing(void **state)
{
    (void)state;
    assert_refused(load_file(""), "conf.missing", "kafka.brokers");
    assert_refused(load_file("# only a comment\n"), "conf.missing", "kafka.brokers");
    assert_refused(load_file("---\n~\n"), "conf.missing", "kafka.brokers");
}

static void null_in_the_file_means_not_set_here(void **state)
{
    (void)state;
    assert_int_equal(
        load_file("hub.batch_events_max:\nhub.mode: null\nkafka.password: ~\nkafka.brokers: x\n"), STATUS_OK);
    assert_int_equal(settings.batch, 100);
    assert_string_equal(settings.mode, "live");
}

static void sets_win_over_environment_over_file_over_default(void **state)
{
    const char *const sets[] = {"hub.batch_events_max=3", "hub.batch_events_max=4"};

    (void)state;
    assert_int_equal(load_file("hub: {batch_events_max: 1, mode: dry, strict: true}\nkafka.brokers: file\n"),
                     STATUS_OK);
    conf_free(conf);
    setenv("MEDHUB_HUB_BATCH_EVENTS_MAX", "2", 1);
    setenv("MEDHUB_HUB_MODE", "off", 1);
    enum status status =
        load((struct conf_source){.file = path, .sets = sets, .set_count = 2, .environment = true});
    unsetenv("MEDHUB_HUB_BATCH_EVENTS_MAX");
    unsetenv("MEDHUB_HUB_MODE");
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(settings.batch, 4);
    assert_string_equal(settings.mode, "off");
    assert_true(settings.strict);
}

static void the_environment_is_read_only_when_asked(void **state)
{
    (void)state;
    setenv("MEDHUB_KAFKA_BROKERS", "env:9092", 1);
    assert_refused(load((struct conf_source){.file = NULL}), "conf.missing", "kafka.brokers");
    assert_int_equal(load((struct conf_source){.environment = true}), STATUS_OK);
    assert_string_equal(settings.brokers, "env:9092");
}

static void an_unknown_key_is_named_with_its_place(void **state)
{
    (void)state;
    assert_refused(load_file("kafka:\n  brokers: x\n  brokrs: y\n"), "conf.unknown_key", "\"kafka.brokrs\"");
    assert_refused(load_file("kafka:\n  brokers: x\n  brokrs: y\n"), "conf.unknown_key", "line 3");
    assert_refused(load_file("nothing:\n"), "conf.unknown_key", "\"nothing\"");
    assert_refused(load_sets("kafka.brokers=x", "hub.batch=1"), "conf.unknown_key",
                   "\"hub.batch\" from --set");
    assert_refused(load_variable("MEDHUB_HUB_BATCH", "1"), "conf.unknown_key", "MEDHUB_HUB_BATCH");
}

static void variables_of_scripts_and_of_kubernetes_are_left_alone(void **state)
{
    (void)state;
    assert_int_equal(load_variable("MEDHUB_SOURCE_DIR", "/x"), STATUS_OK);
    conf_free(conf);
    assert_int_equal(load_variable("MEDHUB_GATEWAY_SERVICE_HOST", "10.0.0.1"), STATUS_OK);
    conf_free(conf);
    assert_int_equal(load_variable("MEDHUB_GATEWAY_PORT_8080_TCP_ADDR", "10.0.0.1"), STATUS_OK);
    conf_free(conf);
    assert_int_equal(load_variable("MEDHUB_GATEWAY_PORT", "tcp://10.0.0.1:8080"), STATUS_OK);
    assert_int_equal(settings.port, 8080);
}

static void numbers_must_lie_within_their_bounds(void **state)
{
    (void)state;
    assert_refused(load_sets("kafka.brokers=x", "hub.batch_events_max=0"), "conf.value",
                   "\"hub.batch_events_max\" is \"0\" (--set) but must be a whole number from 1 to 1000");
    assert_refused(load_sets("kafka.brokers=x", "hub.batch_events_max=1001"), "conf.value", "1001");
    assert_refused(load_sets("kafka.brokers=x", "hub.batch_events_max=1k"), "conf.value", "1k");
    assert_refused(load_sets("kafka.brokers=x", "hub.batch_events_max="), "conf.value", "whole number");
}

static void booleans_are_true_or_false(void **state)
{
    (void)state;
    assert_refused(load_file("kafka.brokers: x\nhub.strict: yes\n"), "conf.value",
                   "line 2) but must be true or false");
}

static void texts_have_a_length(void **state)
{
    (void)state;
    assert_refused(load_sets("kafka.brokers=", NULL), "conf.value", "1 to 100 bytes");
    assert_refused(load_sets("kafka.brokers=x", "kafka.password=123456789"), "conf.value", "0 to 8 bytes");
}

static void a_refused_secret_is_not_told(void **state)
{
    (void)state;
    assert_refused(load_sets("kafka.brokers=x", "kafka.password=123456789"), "conf.value", "\"***\"");
    assert_null(strstr(fault.text, "123456789"));
}

static void choices_must_be_one_of_the_list(void **state)
{
    (void)state;
    assert_refused(load_sets("kafka.brokers=x", "hub.mode=li"), "conf.value", "one of live|dry|off");
    assert_refused(load_sets("kafka.brokers=x", "hub.mode="), "conf.value", "one of live|dry|off");
    assert_refused(load_sets("kafka.brokers=x", "hub.mode=live|dry"), "conf.value", "one of live|dry|off");
    assert_int_equal(load_sets("kafka.brokers=x", "hub.mode=off"), STATUS_OK);
}

static void a_set_without_value_is_refused(void **state)
{
    (void)state;
    assert_refused(load_sets("kafka.brokers", NULL), "conf.set", "KEY=VALUE");
    assert_refused(load_sets("=x", NULL), "conf.set", "KEY=VALUE");
}

static void a_wrong_default_stops_the_start_too(void **state)
{
    static const struct conf_row wrong[] = {ROW("hub.batch", CONF_INT, batch, 5, 10, "1", NULL)};

    (void)state;
    assert_refused(conf_load(wrong, 1, NULL, (struct conf_source){.file = NULL}, &settings, &conf, &fault),
                   "conf.value", "(default)");
}

static void a_key_given_twice_in_the_file_is_refused(void **state)
{
    (void)state;
    assert_refused(load_file("hub.mode: dry\nhub:\n  mode: live\n"), "conf.twice", "line 3");
    assert_refused(load_file("kafka.client: {a.b: 1}\nkafka: {client: {a: {b: 2}}}\n"), "conf.twice",
                   "line 2");
}

static void what_is_no_mapping_of_values_is_refused(void **state)
{
    (void)state;
    assert_refused(load_file("- a\n"), "conf.file", "mapping");
    assert_refused(load_file("hub.mode: [a]\n"), "conf.file", "line 1");
    assert_refused(load_file("hub: &x {mode: dry}\nkafka: *x\n"), "conf.file", "line 2");
    assert_refused(load_file("{a: 1}: 2\n"), "conf.file", "key");
    assert_refused(load_file("hub.mode: dry\n---\nhub.mode: off\n"), "conf.file", "second document");
    assert_refused(load_file("hub.mode: \"a\\0b\"\n"), "conf.file", "NUL");
    assert_refused(load_file("hub: {mode: dry\n"), "conf.file", path);
    assert_refused(
        load_file("a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1\n"),
        "conf.file", "deep");
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    assert_refused(load((struct conf_source){.file = "/no/such.yaml"}), "conf.file",
                   "/no/such.yaml: No such file or directory");
    assert_refused(load((struct conf_source){.file = "/"}), "conf.file", "/");
}

struct seen {
    char text[1024];
};

static void note_free(const char *key, const char *value, void *context)
{
    struct seen *seen = context;
    size_t length = strlen(seen->text);

    snprintf(seen->text + length, sizeof seen->text - length, "%s=%s;", key, value);
}

static void keys_below_the_free_prefix_are_passed_on(void **state)
{
    const char *const sets[] = {"kafka.brokers=x", "kafka.client.linger.ms=5", "kafka.client.acks=all"};
    struct seen seen = {""};

    (void)state;
    assert_int_equal(
        load_file("kafka:\n  brokers: x\n  client:\n    linger.ms: 1\n    ssl: {ca: {location: /ca}}\n"),
        STATUS_OK);
    conf_free(conf);
    setenv("MEDHUB_KAFKA_CLIENT_SASL_PASSWORD", "p", 1);
    enum status status =
        load((struct conf_source){.file = path, .sets = sets, .set_count = 3, .environment = true});
    unsetenv("MEDHUB_KAFKA_CLIENT_SASL_PASSWORD");
    assert_int_equal(status, STATUS_OK);
    conf_each_free(conf, note_free, &seen);
    assert_string_equal(seen.text, "linger.ms=5;ssl.ca.location=/ca;sasl.password=p;acks=all;");
}

static void without_a_free_prefix_there_are_no_free_keys(void **state)
{
    const char *const sets[] = {"kafka.brokers=x", "kafka.client.acks=all"};

    (void)state;
    enum status status = conf_load(rows, ROW_COUNT, NULL, (struct conf_source){.sets = sets, .set_count = 2},
                                   &settings, &conf, &fault);
    assert_refused(status, "conf.unknown_key", "kafka.client.acks");
    assert_refused(load_sets("kafka.brokers=x", "kafka.client.=all"), "conf.unknown_key", "kafka.client.");
}

static void note_row(const struct conf_row *row, const char *value, const char *origin, void *context)
{
    struct seen *seen = context;
    size_t length = strlen(seen->text);

    snprintf(seen->text + length, sizeof seen->text - length, "%s=%s(%s);", row->key, value, origin);
}

static void every_row_is_shown_with_value_and_origin_but_no_secret(void **state)
{
    struct seen seen = {""};

    (void)state;
    assert_int_equal(load_file("hub.mode: dry\nkafka.brokers: x\n"), STATUS_OK);
    conf_free(conf);
    setenv("MEDHUB_HUB_STRICT", "true", 1);
    const char *const sets[] = {"kafka.password=geheim"};
    enum status status =
        load((struct conf_source){.file = path, .sets = sets, .set_count = 1, .environment = true});
    unsetenv("MEDHUB_HUB_STRICT");
    assert_int_equal(status, STATUS_OK);
    conf_each(conf, note_row, &seen);
    assert_string_equal(seen.text, "hub.batch_events_max=100(default);hub.strict=true(environment);"
                                   "kafka.brokers=x(file);hub.mode=dry(file);kafka.password=***(--set);"
                                   "gateway.port=8080(default);");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_given_has_its_default, setup, teardown),
        cmocka_unit_test_setup_teardown(the_file_may_nest_keys_or_join_them_by_dots, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_gives_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(null_in_the_file_means_not_set_here, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_win_over_environment_over_file_over_default, setup, teardown),
        cmocka_unit_test_setup_teardown(the_environment_is_read_only_when_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_key_is_named_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(variables_of_scripts_and_of_kubernetes_are_left_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(numbers_must_lie_within_their_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(booleans_are_true_or_false, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_have_a_length, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_secret_is_not_told, setup, teardown),
        cmocka_unit_test_setup_teardown(choices_must_be_one_of_the_list, setup, teardown),
        cmocka_unit_test_setup_teardown(a_set_without_value_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_default_stops_the_start_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_given_twice_in_the_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_mapping_of_values_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_below_the_free_prefix_are_passed_on, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_free_prefix_there_are_no_free_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(every_row_is_shown_with_value_and_origin_but_no_secret, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
