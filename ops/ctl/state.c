/* state.c: ctl state KEY: what the hub remembers of a key, read from the changelog, which is the truth. */
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"
#include "ops/ctl/unmask.h"
#include "ops/ctl/scan.h"

#include "domain/row_message.h"
#include "kafka/topics.h"
#include "state/changelog.h"
#include "state/dedupe.h"
#include "state/numbers.h"
#include "state/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct state_options {
    const char *kind;
    struct unmask unmask;
};

/* The last word on one row. */
struct state_row {
    char *name;   /* kind character, then the row's name */
    json_t *json; /* NULL: removed */
    struct state_row *next;
};

/* An event of the key that dedupe remembers. Those of one segment go together. */
struct remembered {
    const char *topic;
    struct bytes segment; /* key of its changelog record */
    uint8_t name[DEDUPE_NAME_BYTES];
    struct remembered *next;
};

struct state_search {
    struct call *call;
    struct bytes key;
    unsigned visible;
    struct arena *arena;
    struct state_row *rows;
    size_t row_count;
    struct arena *remembering;
    struct remembered *remembered;
};

/* Which message a row of that name holds, by the key kind of its topic; NULL: nobody's. */
static const struct message_facts *message_of_row(const struct state_search *search, const char *topic,
                                                  struct bytes name)
{
    const char *text = arena_text(search->arena, name);
    const ProtobufCMessageDescriptor *message =
        text == NULL ? NULL : row_message_of_state(topic + strlen("medhub.state."), text);
    return message == NULL ? NULL : schema_of(message);
}

/* A row that no message of ours is known for. */
static json_t *hex_json(struct bytes value)
{
    struct buffer text;

    buffer_init(&text, 1 << 20);
    for (size_t i = 0; i < value.length; i++)
        buffer_append_format(&text, "%02x", value.data[i]);
    json_t *json = json_string(buffer_text(&text));
    buffer_done(&text);
    return json;
}

static json_t *row_json(struct state_search *search, const struct record *record, enum row_kind kind,
                        struct bytes name)
{
    json_t *row = json_pack("{s:s%}", "row", (const char *)name.data, name.length);

    (void)json_object_set_new(row, "topic", json_string(record->topic));
    (void)json_object_set_new(row, "offset", json_integer(record->offset));
    (void)json_object_set_new(row, "time", decode_moment(record->timestamp_ms));
    if (kind == ROW_VERSION && record->value.length == 8) {
        (void)json_object_set_new(row, "row", json_string("version"));
        (void)json_object_set_new(row, "value", json_integer((json_int_t)get_le64(record->value.data)));
        return row;
    }
    json_t *value = decode_json(message_of_row(search, record->topic, name), record->value, search->visible,
                                search->arena);
    (void)json_object_set_new(row, "value", value == NULL ? hex_json(record->value) : value);
    return row;
}

static json_t *timer_json(const struct record *record, struct bytes name)
{
    json_t *row = json_pack("{s:s}", "row", "timer");

    (void)json_object_set_new(row, "name", json_stringn((const char *)name.data, name.length));
    (void)json_object_set_new(row, "topic", json_string(record->topic));
    (void)json_object_set_new(row, "offset", json_integer(record->offset));
    if (record->value.length > 8) {
        (void)json_object_set_new(row, "due", decode_moment((int64_t)get_be64(record->value.data)));
        (void)json_object_set_new(
            row, "value", json_stringn((const char *)record->value.data + 8, record->value.length - 8));
    }
    return row;
}

/* Takes JSON (NULL: the row is gone). */
static void remember(struct state_search *search, struct bytes name, json_t *json)
{
    struct state_row **at = &search->rows;

    while (*at != NULL && !bytes_equal_text(name, (*at)->name))
        at = &(*at)->next;
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL) {
            json_decref(json);
            return;
        }
        (*at)->name = strndup((const char *)name.data, name.length);
        search->row_count++;
    }
    json_decref((*at)->json);
    (*at)->json = json;
}

static void look_at_row(struct state_search *search, const struct record *record)
{
    struct bytes row_key = bytes_from(record->key.data + 1, record->key.length - 1), entity, name;
    enum row_kind kind = ROW_STATE;

    if (!row_key_split(row_key, &entity, &kind, &name) || !bytes_equal(entity, search->key))
        return;
    remember(search, bytes_from(row_key.data + entity.length + 1, row_key.length - entity.length - 1),
             record->value.data == NULL ? NULL : row_json(search, record, kind, name));
}

static void look_at_timer(struct state_search *search, const struct record *record)
{
    struct bytes rest = bytes_from(record->key.data + 1, record->key.length - 1);

    if (rest.length <= search->key.length || memcmp(rest.data, search->key.data, search->key.length) != 0 ||
        rest.data[search->key.length] != '\0')
        return;
    struct bytes name = bytes_from(rest.data + search->key.length + 1, rest.length - search->key.length - 1);
    const char *unique = arena_format(search->arena, "t:%.*s", (int)name.length, (const char *)name.data);
    if (unique != NULL)
        remember(search, bytes_of(unique), record->value.data == NULL ? NULL : timer_json(record, name));
}

/* ---- what dedupe remembers ---- */

struct segment_look {
    struct state_search *search;
    const struct record *record;
};

static bool look_at_entry(struct bytes entity, struct bytes name, const struct dedupe_entry *entry,
                          void *context)
{
    struct segment_look *look = context;
    struct state_search *search = look->search;
    (void)entry;

    if (!bytes_equal(entity, search->key))
        return true;
    struct remembered *made = arena_take(search->remembering, sizeof *made);
    if (made == NULL)
        return false; /* ignoring: then the count is too low, of a key with millions of events */
    *made = (struct remembered){.topic = arena_text(search->remembering, bytes_of(look->record->topic)),
                                .segment = arena_bytes(search->remembering, look->record->key),
                                .next = search->remembered};
    if (made->topic == NULL || made->segment.data == NULL)
        return false;
    memcpy(made->name, name.data, DEDUPE_NAME_BYTES);
    search->remembered = made;
    return true;
}

static void forget_segment(struct state_search *search, const struct record *record)
{
    struct remembered **at = &search->remembered;

    while (*at != NULL)
        if (strcmp((*at)->topic, record->topic) == 0 && bytes_equal((*at)->segment, record->key))
            *at = (*at)->next;
        else
            at = &(*at)->next;
}

static void look_at_segment(struct state_search *search, const struct record *record)
{
    struct segment_look look = {search, record};

    forget_segment(search, record); /* the key's last record counts */
    if (record->value.data != NULL && !dedupe_each_entry(record->value, look_at_entry, &look))
        say("变更日志中有无法读取的去重记录", "an unreadable de-duplication segment at %s/%d/%" PRId64,
            record->topic, (int)record->partition, record->offset);
}

/* A redriven event stands in two segments and counts once. */
static bool is_repeated(const struct remembered *of)
{
    for (const struct remembered *other = of->next; other != NULL; other = other->next)
        if (memcmp(other->name, of->name, DEDUPE_NAME_BYTES) == 0 && strcmp(other->topic, of->topic) == 0)
            return true;
    return false;
}

static json_t *remembered_json(const struct state_search *search)
{
    json_int_t count = 0;

    for (const struct remembered *each = search->remembered; each != NULL; each = each->next)
        count += !is_repeated(each);
    return json_pack("{s:s, s:I}", "row", "remembered", "value", count);
}

static bool look_at_record(void *self, struct record *record)
{
    struct state_search *search = self;

    arena_reset(search->arena);
    if (record->key.length > 1 && record->key.data[0] == CHANGELOG_ROW)
        look_at_row(search, record);
    else if (record->key.length > 1 && record->key.data[0] == CHANGELOG_TIMER)
        look_at_timer(search, record);
    else if (record->key.length > 1 && record->key.data[0] == CHANGELOG_DEDUPE)
        look_at_segment(search, record);
    return true;
}

static enum exit_code print_rows(struct state_search *search)
{
    static const char *const columns[] = {"row", "value", "due", "topic", "offset", NULL};
    struct output *output = output_open(search->call, columns, false);
    size_t printed = 0;

    for (struct state_row *row = search->rows; output != NULL && row != NULL; row = row->next)
        if (row->json != NULL) {
            output_row(output, json_incref(row->json));
            printed++;
        }
    if (output != NULL && search->remembered != NULL) {
        output_row(output, remembered_json(search));
        printed++;
    }
    if (!output_close(output))
        return EXIT_FAILED;
    return printed > 0 ? EXIT_OK
                       : say_refusal(search->call, EXIT_NOT_FOUND, "state.none", "没有该键的状态",
                                     "nothing is known of that key");
}

static enum exit_code search_topics(struct call *call, struct session *session, struct state_search *search)
{
    enum { NAMES_MAX = 16 };
    const struct state_options *options = call->options;
    const char *names[NAMES_MAX];
    struct scan_request request = {.topics = names, .since_ms = -1, .until_ms = -1, .key = search->key};
    struct topics topics;
    struct fault fault = {0};

    enum status status = topics_shipped(session->arena, &topics, &fault);
    for (size_t i = 0; i < topics.count && status == STATUS_OK && request.topic_count < NAMES_MAX; i++)
        if (strncmp(topics.rows[i].name, "medhub.state.", 13) == 0 &&
            (options->kind == NULL || strcmp(options->kind, topics.rows[i].name + 13) == 0))
            names[request.topic_count++] = topics.rows[i].name;
    if (status == STATUS_OK && request.topic_count == 0)
        return say_refusal(call, EXIT_USAGE, "state.kind", "没有这种键",
                           "--kind is person, product, item, institution or parameter");
    if (status == STATUS_OK)
        status = scan_topics(session, &request, look_at_record, search, &fault);
    return status == STATUS_OK ? print_rows(search) : say_fault(call, &fault);
}

static enum exit_code state_command(struct call *call)
{
    const struct state_options *options = call->options;
    struct state_search search = {.call = call, .key = bytes_of(call->arguments[0])};
    struct session session;

    enum exit_code result = unmask_session_open(call, options->unmask, &session);
    if (result != EXIT_OK)
        return result;
    stop_install();
    search.visible = unmask_visible(options->unmask);
    search.arena = arena_new(256 * 1024, 256 * 1024 * 1024);
    search.remembering = arena_new(64 * 1024, 256 * 1024 * 1024);
    result = search.arena == NULL || search.remembering == NULL ? EXIT_FAILED
                                                                : search_topics(call, &session, &search);
    while (search.rows != NULL) {
        struct state_row *row = search.rows;
        search.rows = row->next;
        json_decref(row->json);
        free(row->name);
        free(row);
    }
    arena_free(search.arena);
    arena_free(search.remembering);
    session_close(&session);
    return result;
}

#define STATE(member) offsetof(struct state_options, member)
static const struct option state_options[] = {
    {"kind", 0, OPTION_TEXT, STATE(kind), "KIND", "person, product, item, institution, parameter; all",
     "键的种类，默认全部", 0, 0},
    UNMASK_OPTIONS(struct state_options, unmask),
};
const struct command command_state = {"ctl state",
                                      "KEY",
                                      "查看某键（参保人、产品、条目、机构、参数）的当前状态",
                                      "what the hub remembers of a key",
                                      "Read from the changelog, so it needs no access to the hub's machine.",
                                      state_options,
                                      sizeof state_options / sizeof *state_options,
                                      sizeof(struct state_options),
                                      1,
                                      1,
                                      USES_KAFKA | USES_ROWS,
                                      state_command};
