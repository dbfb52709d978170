/* catalogue_diff.c: ctl catalogue diff OLD NEW: what makes of one file the other, as a file that can be staged. */
#include "ops/ctl/catalogue_columns.h"
#include "ops/ctl/catalogue_file.h"
#include "ops/ctl/commands.h"
#include "ops/ctl/decode.h"
#include "ops/ctl/output.h"
#include "ops/ctl/say.h"

#include "domain/catalogue.h"
#include "event/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024)

struct diff_options {
    const char *mapping, *old_mapping, *region, *kind;
    bool counts;
};

struct diff {
    struct call *call;
    struct output *output;
    struct catalogue_columns *columns;
    struct arena *arena;
    json_int_t counts[32];
    json_int_t same;
    size_t complaints;
};

static void print_complaint(void *context, const struct catalogue_bad_row *bad)
{
    struct diff *diff = context;
    char zh[1024];

    (void)snprintf(zh, sizeof zh, "第 %zu 行，%.100s：%.128s；应为：%.600s", bad->line, bad->field, bad->found, bad->expected_zh);
    if (diff->complaints++ < 100)
        say(zh, "line %zu, %s: %s; expected: %s", bad->line, bad->field, bad->found, bad->expected_en);
}

static enum exit_code read_both(struct call *call, struct diff *diff, struct arena *arena, struct catalogue_file files[2])
{
    const struct diff_options *options = call->options;
    const struct catalogue_defaults defaults = {options->region == NULL ? REGION_NATION : options->region, "2000-01-01",
                                                options->kind};
    const char *mappings[2] = {options->old_mapping == NULL ? options->mapping : options->old_mapping, options->mapping};
    struct fault fault = {0};

    for (size_t i = 0; i < 2; i++) {
        enum status status = catalogue_file_read(call->arguments[i], mappings[i], &defaults, print_complaint, diff, arena,
                                                 &files[i], &fault);
        if (status != STATUS_OK)
            return say_fault(call, &fault);
        if (files[i].bad_rows > 0)
            return say_refusal(call, EXIT_PARTIAL, "catalogue.bad_rows", "文件有误", "%s: %zu rows are bad",
                               call->arguments[i], files[i].bad_rows);
    }
    return EXIT_OK;
}

/* A row that can be staged: the fields of the item by name, whether it is removed, and which changes it is. */
static json_t *row_of(struct diff *diff, const struct catalogue_entry *entry, change_set changes)
{
    json_t *row = json_object();

    (void)json_object_set_new(row, "changes", json_string(catalogue_change_names(diff->arena, changes)));
    (void)json_object_set_new(row, "removed", json_boolean((changes & change_bit(CHANGE_REMOVED)) != 0));
    catalogue_columns_put(diff->columns, entry->item, row);
    return row;
}

static void tell(struct diff *diff, const struct catalogue_entry *entry, change_set changes)
{
    const struct diff_options *options = diff->call->options;

    for (unsigned change = 1; change < 32; change++)
        diff->counts[change] += (changes & change_bit((CatalogueChange)change)) != 0;
    diff->same += changes == 0;
    arena_reset(diff->arena);
    if (changes != 0 && !options->counts)
        output_row(diff->output, row_of(diff, entry, changes));
}

/* Both are in order of key. */
static void compare(struct diff *diff, const struct catalogue_file *before, const struct catalogue_file *after)
{
    size_t i = 0, k = 0;

    while (i < before->count || k < after->count) {
        int order = i == before->count  ? 1
                    : k == after->count ? -1
                                        : strcmp(before->entries[i].key, after->entries[k].key);
        if (order < 0)
            tell(diff, &before->entries[i++], change_bit(CHANGE_REMOVED));
        else if (order > 0)
            tell(diff, &after->entries[k++], change_bit(CHANGE_ADDED));
        else {
            change_set changes = catalogue_difference(before->entries[i++].item, after->entries[k].item);
            tell(diff, &after->entries[k++], changes);
        }
    }
}

static json_t *counts_json(const struct diff *diff)
{
    json_t *counts = json_object();

    for (unsigned change = 1; change < 32; change++)
        if (diff->counts[change] > 0)
            (void)json_object_set_new(counts, catalogue_change_name((CatalogueChange)change),
                                      json_integer(diff->counts[change]));
    (void)json_object_set_new(counts, "same", json_integer(diff->same));
    return counts;
}

/* What both files say of an item has a column. NULL: no memory. */
static struct output *open_output(struct diff *diff, struct arena *arena, const struct catalogue_file files[2])
{
    static const char *const first[] = {"changes", "removed", NULL};
    const char *const *names = NULL;

    diff->columns = catalogue_columns_new(arena);
    for (size_t file = 0; diff->columns != NULL && file < 2; file++)
        for (size_t i = 0; i < files[file].count; i++)
            catalogue_columns_note(diff->columns, files[file].entries[i].item);
    if (diff->columns != NULL)
        names = catalogue_columns_names(diff->columns, first, arena);
    return names == NULL ? NULL : output_open(diff->call, names, false);
}

static enum exit_code diff_command(struct call *call)
{
    const struct diff_options *options = call->options;
    struct diff diff = {.call = call, .arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
    struct arena *arena = arena_new(1024 * 1024, ARENA_BYTES_MAX);
    struct catalogue_file files[2];

    enum exit_code result = arena == NULL || diff.arena == NULL ? EXIT_FAILED : read_both(call, &diff, arena, files);
    if (result == EXIT_OK && !options->counts)
        diff.output = open_output(&diff, arena, files);
    if (result == EXIT_OK && !options->counts && diff.output == NULL)
        result = say_refusal(call, EXIT_FAILED, "memory.out", "内存不足", "no memory");
    if (result == EXIT_OK) {
        compare(&diff, &files[0], &files[1]);
        bool written = options->counts ? output_object(call, counts_json(&diff)) : output_close(diff.output);
        if (!written)
            result = EXIT_FAILED;
    }
    arena_free(diff.arena);
    arena_free(arena);
    return result;
}

#define DIFF(member) offsetof(struct diff_options, member)
static const struct option diff_options[] = {
    {"mapping", 'm', OPTION_TEXT, DIFF(mapping), "FILE", "CSV: which column is which field; without: by name",
     "列与字段的对应表", 0, 0},
    {"old-mapping", 0, OPTION_TEXT, DIFF(old_mapping), "FILE", "of OLD, if it is another one", "旧文件的对应表", 0, 0},
    {"region", 0, OPTION_TEXT, DIFF(region), "CODE", "whose catalogue it is; 000000", "地区代码", 0, 0},
    {"kind", 0, OPTION_TEXT, DIFF(kind), "KIND", "of all items, if the files do not say", "条目类别（文件未写时）", 0, 0},
    {"counts", 0, OPTION_FLAG, DIFF(counts), NULL, "only how many of each change", "只输出各类变更的数量", 0, 0},
};
const struct command command_catalogue_diff = {"ctl catalogue diff",
                                               "OLD NEW",
                                               "比较两个目录文件，输出可暂存的变更",
                                               "compare two files of a catalogue; -o csv is a file that can be staged",
                                               NULL,
                                               diff_options,
                                               sizeof diff_options / sizeof *diff_options,
                                               sizeof(struct diff_options),
                                               2,
                                               2,
                                               USES_ROWS,
                                               diff_command};
