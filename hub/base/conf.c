#include "base/conf.h"

#include "base/arena.h"
#include "base/conf_file.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The limit also bounds what a file can make us hold. */
enum { CONF_BYTES_FIRST = 16 * 1024, CONF_BYTES_MAX = 4 * 1024 * 1024 };

#define ENVIRONMENT_PREFIX "MEDHUB_"
#define MASK               "***"

enum origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_SET };
static const char *const origin_names[] = {"default", "file", "environment", "--set"};
static_assert(sizeof origin_names / sizeof *origin_names == ORIGIN_SET + 1, "a name for every origin");

struct setting {
    const char *value; /* NULL = not given */
    enum origin origin;
    const char *place; /* for a sentence: "file /etc/medhub.yaml line 3" */
};

struct free_key {
    const char *key; /* without the prefix */
    struct setting setting;
    struct free_key *next;
};

struct conf {
    struct arena *arena;
    const struct conf_row **rows; /* of all tables, one after the other */
    void **into;                  /* which structure each row fills */
    size_t row_count;
    const char *free_prefix;  /* ends with a dot; NULL = none */
    struct setting *settings; /* one for each row */
    struct free_key *free_keys;
    struct free_key **free_keys_end;
};

static enum status out_of_memory(struct fault *fault)
{
    return fault_fatal(fault, "conf.memory", "the settings take more than %d bytes", CONF_BYTES_MAX);
}

static bool is_secret(const char *key)
{
    return strstr(key, "password") != NULL || strstr(key, "secret") != NULL || strstr(key, "key") != NULL;
}

static const char *shown(const char *key, const char *value)
{
    return is_secret(key) ? MASK : value;
}

/* Taking a value over */

static struct setting *find_row_setting(const struct conf *conf, const char *key)
{
    for (size_t i = 0; i < conf->row_count; i++) {
        if (strcmp(conf->rows[i]->key, key) == 0)
            return &conf->settings[i];
    }
    return NULL;
}

static bool is_free(const struct conf *conf, const char *key)
{
    size_t length = conf->free_prefix == NULL ? 0 : strlen(conf->free_prefix);

    return length > 0 && strncmp(key, conf->free_prefix, length) == 0 && key[length] != '\0';
}

/* Finds or makes the setting of KEY, which lies below the free prefix. NULL when memory is out. */
static struct setting *get_free_setting(struct conf *conf, const char *key)
{
    const char *name = key + strlen(conf->free_prefix);

    for (struct free_key *free_key = conf->free_keys; free_key != NULL; free_key = free_key->next) {
        if (strcmp(free_key->key, name) == 0)
            return &free_key->setting;
    }
    struct free_key *free_key = arena_take_zeroed(conf->arena, sizeof *free_key);
    const char *copy = arena_text(conf->arena, bytes_of(name));
    if (free_key == NULL || copy == NULL)
        return NULL;
    free_key->key = copy;
    *conf->free_keys_end = free_key;
    conf->free_keys_end = &free_key->next;
    return &free_key->setting;
}

/* Sources come in rising precedence, so the last one stays. VALUE NULL: KEY must be known, nothing is set. */
static enum status assign(struct conf *conf, const char *key, const char *value, enum origin origin,
                          const char *place, struct fault *fault)
{
    struct setting *setting = find_row_setting(conf, key);

    if (setting == NULL && !is_free(conf, key))
        return fault_fatal(fault, "conf.unknown_key", "unknown setting \"%s\" from %s", key, place);
    if (value == NULL)
        return STATUS_OK;
    if (setting == NULL)
        setting = get_free_setting(conf, key);
    if (setting == NULL)
        return out_of_memory(fault);
    if (origin == ORIGIN_FILE && setting->value != NULL && setting->origin == ORIGIN_FILE)
        return fault_fatal(fault, "conf.twice", "setting \"%s\" is given twice: %s and %s", key,
                           setting->place, place);

    const char *copy = arena_text(conf->arena, bytes_of(value));
    if (copy == NULL)
        return out_of_memory(fault);
    *setting = (struct setting){copy, origin, place};
    return STATUS_OK;
}

/* The file */

static enum status take_from_file(void *context, const char *key, const char *value, const char *place,
                                  struct fault *fault)
{
    return assign(context, key, value, ORIGIN_FILE, place, fault);
}

static enum status read_file(struct conf *conf, const char *path, struct fault *fault)
{
    const struct conf_file_taker taker = {take_from_file, conf};

    return conf_file_read(path, conf->arena, &taker, fault);
}

/* The environment */

static char as_in_environment(char character)
{
    if (character >= 'a' && character <= 'z')
        return (char)(character - 'a' + 'A');
    return character == '.' ? '_' : character;
}

/* How many characters of KEY the front of NAME (what follows MEDHUB_) spells. */
static size_t spelled(const char *name, const char *key)
{
    size_t length = 0;

    while (key[length] != '\0' && name[length] == as_in_environment(key[length]))
        length++;
    return length;
}

static const char *find_row_key(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->row_count; i++) {
        const char *key = conf->rows[i]->key;
        if (strlen(key) == strlen(name) && spelled(name, key) == strlen(key))
            return key;
    }
    return NULL;
}

/* "kafka.client.sasl.password" for KAFKA_CLIENT_SASL_PASSWORD. *KEY is NULL if NAME is not below the free
 * prefix. */
static enum status make_free_key(struct conf *conf, const char *name, const char **key, struct fault *fault)
{
    size_t prefix_length = conf->free_prefix == NULL ? 0 : strlen(conf->free_prefix);

    *key = NULL;
    if (prefix_length == 0 || spelled(name, conf->free_prefix) < prefix_length)
        return STATUS_OK;
    char *made = arena_format(conf->arena, "%s%s", conf->free_prefix, name + prefix_length);
    if (made == NULL)
        return out_of_memory(fault);
    for (char *at = made + prefix_length; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
        else if (*at == '_')
            *at = '.';
    }
    *key = made;
    return STATUS_OK;
}

static bool begins_with_known_section(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->row_count; i++) {
        const char *dot = strchr(conf->rows[i]->key, '.');
        if (dot != NULL && spelled(name, conf->rows[i]->key) > (size_t)(dot - conf->rows[i]->key))
            return true;
    }
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* Kubernetes tells every pod about the services of its namespace. One called medhub-gateway gives
 * MEDHUB_GATEWAY_PORT=tcp://10.1.2.3:8080, which has the name of a setting but is none. */
static bool is_service_address(const char *name, const char *value)
{
    return ends_with(name, "_PORT") && (strncmp(value, "tcp://", 6) == 0 || strncmp(value, "udp://", 6) == 0);
}

static bool is_service_variable(const char *name)
{
    return strstr(name, "_SERVICE_HOST") != NULL || strstr(name, "_SERVICE_PORT") != NULL ||
           (strstr(name, "_PORT_") != NULL && (strstr(name, "_TCP") != NULL || strstr(name, "_UDP") != NULL));
}

/* NAME without MEDHUB_. */
static enum status take_variable(struct conf *conf, const char *name, const char *value, struct fault *fault)
{
    const char *place = arena_format(conf->arena, "environment variable " ENVIRONMENT_PREFIX "%s", name);
    const char *key = find_row_key(conf, name);

    if (place == NULL)
        return out_of_memory(fault);
    if (is_service_address(name, value))
        return STATUS_OK;
    if (key == NULL) {
        enum status status = make_free_key(conf, name, &key, fault);
        if (status != STATUS_OK)
            return status;
    }
    if (key != NULL)
        return assign(conf, key, value, ORIGIN_ENVIRONMENT, place, fault);
    if (begins_with_known_section(conf, name) && !is_service_variable(name))
        return fault_fatal(fault, "conf.unknown_key", "no setting belongs to %s", place);
    return STATUS_OK;
}

static enum status read_environment(struct conf *conf, struct fault *fault)
{
    const size_t prefix_length = strlen(ENVIRONMENT_PREFIX);
    enum status status = STATUS_OK;

    for (char **variable = environ; *variable != NULL && status == STATUS_OK; variable++) {
        const char *equals = strchr(*variable, '=');
        if (strncmp(*variable, ENVIRONMENT_PREFIX, prefix_length) != 0 || equals == NULL)
            continue;
        const char *start = *variable + prefix_length;
        const char *name = arena_text(conf->arena, bytes_from(start, (size_t)(equals - start)));
        status = name == NULL ? out_of_memory(fault) : take_variable(conf, name, equals + 1, fault);
    }
    return status;
}

/* The command line */

static enum status read_sets(struct conf *conf, struct conf_source source, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < source.set_count && status == STATUS_OK; i++) {
        const char *equals = strchr(source.sets[i], '=');
        if (equals == NULL || equals == source.sets[i])
            return fault_fatal(fault, "conf.set", "--set takes KEY=VALUE, not \"%.100s\"", source.sets[i]);
        size_t key_length = (size_t)(equals - source.sets[i]);
        const char *key = arena_text(conf->arena, bytes_from(source.sets[i], key_length));
        status =
            key == NULL ? out_of_memory(fault) : assign(conf, key, equals + 1, ORIGIN_SET, "--set", fault);
    }
    return status;
}

/* Checking and filling in */

static bool is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);

    if (length == 0 || strchr(value, '|') != NULL)
        return false;
    for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, value, length) == 0 && (at[length] == '|' || at[length] == '\0'))
            return true;
    }
    return false;
}

static bool is_within_bounds(const struct conf_row *row, const char *value)
{
    int64_t number;

    switch (row->kind) {
    case CONF_INT:
        return text_parse_i64(bytes_of(value), &number) && number >= row->min && number <= row->max;
    case CONF_BOOL:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    case CONF_STRING:
        number = (int64_t)strlen(value);
        return number >= row->min && (row->max == 0 || number <= row->max);
    case CONF_CHOICE:
        return is_choice(row->choices, value);
    }
    return false;
}

static enum status refuse_value(const struct conf_row *row, const struct setting *setting,
                                struct fault *fault)
{
    char bounds[128] = "";

    switch (row->kind) {
    case CONF_INT:
        snprintf(bounds, sizeof bounds, "a whole number from %" PRId64 " to %" PRId64, row->min, row->max);
        break;
    case CONF_BOOL:
        snprintf(bounds, sizeof bounds, "true or false");
        break;
    case CONF_STRING:
        if (row->max == 0)
            snprintf(bounds, sizeof bounds, "a text of at least %" PRId64 " bytes", row->min);
        else
            snprintf(bounds, sizeof bounds, "a text of %" PRId64 " to %" PRId64 " bytes", row->min, row->max);
        break;
    case CONF_CHOICE:
        snprintf(bounds, sizeof bounds, "one of %s", row->choices);
        break;
    }
    return fault_fatal(fault, "conf.value", "setting \"%s\" is \"%.100s\" (%s) but must be %s", row->key,
                       shown(row->key, setting->value), setting->place, bounds);
}

/* Defaults go through the same check: a wrong one in the table stops the start too. */
static enum status check_row(const struct conf_row *row, struct setting *setting, struct fault *fault)
{
    if (setting->value == NULL && row->fallback == NULL)
        return fault_fatal(fault, "conf.missing", "setting \"%s\" has no default and must be given",
                           row->key);
    if (setting->value == NULL)
        *setting = (struct setting){row->fallback, ORIGIN_DEFAULT, "default"};
    if (!is_within_bounds(row, setting->value))
        return refuse_value(row, setting, fault);
    return STATUS_OK;
}

static enum status check_rows(struct conf *conf, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < conf->row_count && status == STATUS_OK; i++)
        status = check_row(conf->rows[i], &conf->settings[i], fault);
    return status;
}

static void fill_in(const struct conf_row *row, const char *value, void *into)
{
    void *member = (char *)into + row->offset;
    int64_t number = 0;

    switch (row->kind) {
    case CONF_INT:
        (void)text_parse_i64(bytes_of(value), &number); /* checked before */
        memcpy(member, &number, sizeof number);
        return;
    case CONF_BOOL:
        memcpy(member, &(bool){strcmp(value, "true") == 0}, sizeof(bool));
        return;
    case CONF_STRING:
    case CONF_CHOICE:
        memcpy(member, &value, sizeof value);
        return;
    }
}

/* Life cycle */

static size_t count_rows(const struct conf_table *tables, size_t table_count)
{
    size_t count = 0;

    for (size_t i = 0; i < table_count; i++)
        count += tables[i].row_count;
    return count;
}

static void line_up(struct conf *conf, const struct conf_table *tables, size_t table_count)
{
    for (size_t i = 0; i < table_count; i++) {
        for (size_t j = 0; j < tables[i].row_count; j++) {
            conf->rows[conf->row_count] = &tables[i].rows[j];
            conf->into[conf->row_count++] = tables[i].into;
        }
    }
}

static struct conf *conf_new(const struct conf_table *tables, size_t table_count, const char *free_prefix)
{
    struct arena *arena = arena_new(CONF_BYTES_FIRST, CONF_BYTES_MAX);
    struct conf *conf = arena == NULL ? NULL : arena_take_zeroed(arena, sizeof *conf);
    size_t row_count = count_rows(tables, table_count);

    if (conf == NULL)
        goto failed;
    *conf = (struct conf){.arena = arena};
    conf->free_keys_end = &conf->free_keys;
    conf->rows = arena_take_zeroed(arena, (row_count + 1) * sizeof *conf->rows);
    conf->into = arena_take_zeroed(arena, (row_count + 1) * sizeof *conf->into);
    conf->settings = arena_take_zeroed(arena, (row_count + 1) * sizeof *conf->settings);
    if (free_prefix != NULL)
        conf->free_prefix = arena_text(arena, bytes_of(free_prefix));
    if (conf->rows == NULL || conf->into == NULL || conf->settings == NULL ||
        (free_prefix != NULL && conf->free_prefix == NULL))
        goto failed;
    assert(free_prefix == NULL || ends_with(free_prefix, "."));
    line_up(conf, tables, table_count);
    return conf;

failed:
    arena_free(arena);
    return NULL;
}

static enum status read_sources(struct conf *conf, struct conf_source source, struct fault *fault)
{
    enum status status = STATUS_OK;

    if (source.file != NULL)
        status = read_file(conf, source.file, fault);
    if (status == STATUS_OK && source.environment)
        status = read_environment(conf, fault);
    if (status == STATUS_OK)
        status = read_sets(conf, source, fault);
    return status;
}

enum status conf_load_tables(const struct conf_table *tables, size_t table_count, const char *free_prefix,
                             struct conf_source source, struct conf **conf, struct fault *fault)
{
    struct conf *loaded = conf_new(tables, table_count, free_prefix);

    *conf = NULL;
    if (loaded == NULL)
        return out_of_memory(fault);
    enum status status = read_sources(loaded, source, fault);
    if (status == STATUS_OK)
        status = check_rows(loaded, fault);
    if (status != STATUS_OK) {
        conf_free(loaded);
        return status;
    }
    for (size_t i = 0; i < loaded->row_count; i++)
        fill_in(loaded->rows[i], loaded->settings[i].value, loaded->into[i]);
    *conf = loaded;
    return STATUS_OK;
}

enum status conf_load(const struct conf_row *rows, size_t row_count, const char *free_prefix,
                      struct conf_source source, void *into, struct conf **conf, struct fault *fault)
{
    const struct conf_table table = {rows, row_count, into};

    return conf_load_tables(&table, 1, free_prefix, source, conf, fault);
}

void conf_free(struct conf *conf)
{
    if (conf != NULL)
        arena_free(conf->arena);
}

void conf_each_free(const struct conf *conf, void (*each)(const char *key, const char *value, void *context),
                    void *context)
{
    for (const struct free_key *free_key = conf->free_keys; free_key != NULL; free_key = free_key->next)
        each(free_key->key, free_key->setting.value, context);
}

void conf_each(const struct conf *conf,
               void (*each)(const struct conf_row *row, const char *value, const char *origin, void *context),
               void *context)
{
    for (size_t i = 0; i < conf->row_count; i++) {
        const struct conf_row *row = conf->rows[i];
        const struct setting *setting = &conf->settings[i];
        each(row, shown(row->key, setting->value), origin_names[setting->origin], context);
    }
}
