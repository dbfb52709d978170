// links: medhub_kafka
/* settings.h: every row, and what reaches librdkafka. */
#include "flow/settings.h"
#include "support/cmocka_all.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loaded {
    struct settings settings;
    struct kafka_client client;
    struct conf *conf;
    struct fault fault;
};

static enum status load(struct loaded *loaded, const char *set)
{
    const char *const sets[] = {set};
    const struct conf_source source = {.sets = sets, .set_count = set == NULL ? 0 : 1};

    memset(loaded, 0, sizeof *loaded);
    return settings_load(source, &loaded->settings, &loaded->client, &loaded->conf, &loaded->fault);
}

static void release(struct loaded *loaded)
{
    kafka_client_done(&loaded->client);
    conf_free(loaded->conf);
}

static void every_default_is_within_its_own_bounds(void **state)
{
    struct loaded loaded;
    (void)state;

    assert_int_equal(load(&loaded, NULL), STATUS_OK);
    release(&loaded);
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct conf_row *row = &settings_rows[i];
        char set[5000];
        assert_non_null(row->fallback);
        assert_true(strlen(row->help) > 10 && strlen(row->help_zh) > 5);
        (void)snprintf(set, sizeof set, "%s=%s", row->key, row->fallback);
        if (load(&loaded, set) != STATUS_OK)
            fail_msg("%s", loaded.fault.text);
        release(&loaded);
    }
}

static void assert_refused(const char *key, const char *value)
{
    struct loaded loaded;
    char set[5000];

    (void)snprintf(set, sizeof set, "%s=%s", key, value);
    if (load(&loaded, set) != STATUS_FATAL)
        fail_msg("%s is taken", set);
    if (strstr(loaded.fault.text, key) == NULL)
        fail_msg("\"%s\" does not name %s", loaded.fault.text, key);
    assert_null(loaded.conf);
}

static void values_out_of_bounds_stop_with_a_sentence_that_names_the_key(void **state)
{
    (void)state;

    for (size_t i = 0; i < settings_row_count; i++) {
        const struct conf_row *row = &settings_rows[i];
        char value[64];
        if (row->kind == CONF_CHOICE)
            assert_refused(row->key, "neither of them");
        if (row->kind == CONF_STRING && row->min > 0)
            assert_refused(row->key, "");
        if (row->kind != CONF_INT)
            continue;
        assert_refused(row->key, "many");
        (void)snprintf(value, sizeof value, "%" PRId64, row->min - 1);
        assert_refused(row->key, value);
        (void)snprintf(value, sizeof value, "%" PRId64, row->max + 1);
        assert_refused(row->key, value);
    }
    assert_refused("hub.no_such_key", "1");
}

static void free_keys_reach_librdkafka_and_a_refused_one_is_named(void **state)
{
    struct loaded loaded;
    (void)state;

    assert_int_equal(load(&loaded, "kafka.client.linger.ms=77"), STATUS_OK);
    assert_int_equal(loaded.client.property_count, 1);
    assert_string_equal(loaded.client.properties[0].name, "linger.ms");
    assert_string_equal(loaded.client.properties[0].value, "77");
    assert_string_equal(loaded.client.brokers, "127.0.0.1:9092");
    release(&loaded);
    assert_refused("kafka.client.no.such.property", "1");
    assert_refused("kafka.client.linger.ms", "a while");
}

static void a_secret_is_read_from_the_file_that_its_value_names(void **state)
{
    char path[] = "/tmp/medhub-secret-XXXXXX", set[256];
    struct loaded loaded;
    (void)state;

    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "p=a\xc3\xa4ss word\n", 13), 13);
    (void)close(file);
    (void)snprintf(set, sizeof set, "kafka.client.sasl.password=file:%s", path);
    assert_int_equal(load(&loaded, set), STATUS_OK);
    assert_string_equal(loaded.client.properties[0].value, "p=a\xc3\xa4ss word");
    release(&loaded);

    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(load(&loaded, set), STATUS_FATAL);
    assert_string_equal(loaded.fault.code, "secret.file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(load(&loaded, set), STATUS_FATAL);
    assert_string_equal(loaded.fault.code, "secret.file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_within_its_own_bounds),
        cmocka_unit_test(values_out_of_bounds_stop_with_a_sentence_that_names_the_key),
        cmocka_unit_test(free_keys_reach_librdkafka_and_a_refused_one_is_named),
        cmocka_unit_test(a_secret_is_read_from_the_file_that_its_value_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
