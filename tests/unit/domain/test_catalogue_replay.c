/* The real lists through the real decisions: the national drug list 2024 becomes that of 2025, TCM pieces likewise, a region
 * keeps what the nation drops until the middle of the year; then time rolls forward and back. Items do not touch one
 * another, so each is replayed in a small world of its own. */
#include "base/csv.h"
#include "domain/catalogue.h"
#include "domain/catalogue_lookup.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CHANGED  "medhub.catalogue.item_changed.v1"
#define XINJIANG "650000"
#define COUNTY   "650102"
enum { FILE_BYTES_MAX = 1024 * 1024, ROWS_MAX = 4096, COLUMNS_MAX = 16, EDITIONS = 2, CHANGES = 16 };

static const char *const first_days[EDITIONS] = {"2025-01-01", "2026-01-01"};
/* The last day of a region's residual items: half a year, as C1 L1413 has it. */
static const char residual_ends[] = "2026-06-30";

/* --- lists --- */

struct list {
    struct arena *arena;
    struct csv csv;
    const char *cells[ROWS_MAX][COLUMNS_MAX];
    size_t count;
};

static char *read_file(const char *path, struct arena *arena)
{
    char *text = arena_take(arena, FILE_BYTES_MAX);
    FILE *file = fopen(path, "rb");
    assert_non_null(text);
    assert_non_null(file);
    size_t length = fread(text, 1, FILE_BYTES_MAX - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static struct list *list_read(const char *path)
{
    struct bytes fields[COLUMNS_MAX];
    struct list *list = calloc(1, sizeof *list);
    assert_non_null(list);
    list->arena = arena_new(64 * 1024, 16 * 1024 * 1024);
    list->csv = csv_open(bytes_of(read_file(path, list->arena)));
    assert_true(csv_read_header(&list->csv, list->arena));
    for (int count; (count = csv_next(&list->csv, list->arena, fields, COLUMNS_MAX)) >= 0; list->count++)
        for (int i = 0; i < count; i++)
            list->cells[list->count][i] = arena_text(list->arena, fields[i]);
    return list;
}

static void list_free(struct list *list)
{
    arena_free(list->arena);
    free(list);
}

static const char *cell(const struct list *list, size_t row, const char *column)
{
    int place = csv_column(&list->csv, column);
    return place < 0 || list->cells[row][place] == NULL ? "" : list->cells[row][place];
}

/* ROWS_MAX: not there. */
static size_t find(const struct list *list, const char *column, const char *value)
{
    int place = csv_column(&list->csv, column);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->cells[i][place], value) == 0)
            return i;
    return ROWS_MAX;
}

/* --- items --- */

typedef void item_maker(const struct list *list, size_t row, CatalogueItem *item);

static void drug_of(const struct list *list, size_t row, CatalogueItem *item)
{
    item->kind = KIND_WESTERN_DRUG;
    item->code = chars(cell(list, row, "code"));
    item->name = chars(cell(list, row, "drug_name"));
    item->dosage_form = chars(cell(list, row, "dosage_form"));
    item->section = chars(cell(list, row, "section"));
    item->class_code = chars(cell(list, row, "class_code"));
    item->payment_standard_text = chars(cell(list, row, "payment_standard"));
    item->limit_remark = chars(cell(list, row, "limit_remark"));
    item->agreement_from = chars(cell(list, row, "valid_from"));
    item->agreement_until = chars(cell(list, row, "valid_to"));
    item->nationally_protected = true;
}

static void piece_of(const struct list *list, size_t row, CatalogueItem *item)
{
    item->kind = KIND_TCM_PIECE;
    item->code = item->name = chars(cell(list, row, "piece_name"));
    item->section = chars(cell(list, row, "list"));
    item->single_use_not_payable = strcmp(cell(list, row, "single_use_not_payable"), "1") == 0;
}

/* --- one item's life --- */

struct replay {
    struct list *editions[EDITIONS];
    const char *code_column;
    item_maker *make;
    size_t counts[CHANGES];  /* of accepted changes of the second edition, by kind */
    size_t accepted, protected_; /* changes of the nation; changes that a region was refused */
};

static void fill(ItemChanged *said, CatalogueItem *item, const char *region, const char *first_day)
{
    said->region = item->region = chars(region);
    said->effective_on = item->valid_from = chars(first_day);
    said->item = item;
}

static void say(struct trial *trial, const char *key, ItemChanged *said, CatalogueChange *changes, size_t count)
{
    said->item_key = chars(key);
    said->changes = changes;
    said->n_changes = count;
    trial_submit(trial, CHANGED, "nhsa", key, &said->base);
    if (trial->decision.outcome == OUTCOME_ACCEPTED)
        trial_apply(trial);
}

static size_t list_changes(change_set set, CatalogueChange *changes)
{
    size_t count = 0;
    for (unsigned change = 1; change < CHANGES; change++)
        if ((set & change_bit((CatalogueChange)change)) != 0)
            changes[count++] = (CatalogueChange)change;
    return count;
}

static void say_national(struct replay *replay, struct trial *trial, const char *key, const CatalogueItem *items,
                         const bool *listed, int edition)
{
    CatalogueChange changes[CHANGES];
    ItemChanged said = MEDHUB__CATALOGUE__V1__ITEM_CHANGED__INIT;
    CatalogueItem item = items[listed[edition] ? edition : 0];
    bool was = edition > 0 && listed[0];
    change_set set = !listed[edition] ? change_bit(CHANGE_REMOVED)
                     : !was           ? change_bit(CHANGE_ADDED)
                                      : catalogue_difference(&items[0], &items[edition]);
    if ((!listed[edition] && !was) || set == 0)
        return;
    fill(&said, &item, REGION_NATION, first_days[edition]);
    if (!listed[edition])
        item.valid_from = chars(first_days[0]);
    say(trial, key, &said, changes, list_changes(set, changes));
    assert_accepted(trial);
    replay->accepted++;
    for (unsigned change = 1; edition > 0 && change < CHANGES; change++)
        replay->counts[change] += (set & change_bit((CatalogueChange)change)) != 0;
}

/* The region wants to keep the item as it was for half a year: it may where the nation has dropped it. */
static bool keep_in_region(struct replay *replay, struct trial *trial, const char *key, const CatalogueItem *before)
{
    CatalogueChange added[] = {CHANGE_ADDED};
    ItemChanged said = MEDHUB__CATALOGUE__V1__ITEM_CHANGED__INIT;
    CatalogueItem item = *before;
    item.nationally_protected = false;
    item.valid_until = chars(residual_ends);
    fill(&said, &item, XINJIANG, first_days[1]);
    say(trial, key, &said, added, 1);
    bool kept = trial->decision.outcome == OUTCOME_ACCEPTED;
    if (!kept)
        assert_refused(trial, "catalogue.nationally_protected");
    replay->protected_ += !kept;
    return kept;
}

/* --- time rolls forward and back --- */

/* Which edition's row holds for REGION on DAY: -1 none. The model that the look-up is held against. */
static int edition_on(const bool *listed, bool kept, const char *region, const char *day)
{
    bool is_2026 = strcmp(day, first_days[1]) >= 0;
    if (strcmp(day, first_days[0]) < 0)
        return -1;
    if (listed[is_2026])
        return is_2026;
    return is_2026 && kept && strcmp(region, COUNTY) == 0 && strcmp(day, residual_ends) <= 0 ? 0 : -1;
}

static void check_on(struct trial *trial, const CatalogueItem *items, const bool *listed, bool kept, const char *key,
                     const char *region, const char *day)
{
    struct catalogue_answer answer;
    date_t date = date_parse(bytes_of(day));
    int edition = edition_on(listed, kept, region, day);
    view_init(&trial->view, &memory_view_operations, trial->world, trial->arena, key, trial->now_ms, trial->calendar);
    catalogue_lookup(&trial->view,
                     &(struct catalogue_question){
                         .kind = items[listed[0] ? 0 : 1].kind, .code = strchr(key, '/') + 1, .region = region, .date = date},
                     &answer);
    assert_true((answer.item == NULL) == (edition < 0));
    bool overlaid = kept && strcmp(region, COUNTY) == 0 && strcmp(day, first_days[1]) >= 0 && strcmp(day, residual_ends) <= 0;
    if (edition >= 0)
        assert_int_equal(answer.layer, overlaid ? LAYER_REGION : LAYER_NATION);
    if (edition >= 0)
        assert_int_equal(catalogue_difference(answer.item, &items[edition]) & ~change_bit(CHANGE_OTHER), 0);
    for (int i = 0; i < 2; i++)
        assert_true(memory_count_rows(trial->world, TABLE_CATALOGUE, key, i == 0 ? REGION_NATION : XINJIANG, date) <= 1);
}

static void roll(struct trial *trial, const CatalogueItem *items, const bool *listed, bool kept, const char *key)
{
    static const char *const days[] = {"2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01",
                                       "2026-06-30", "2026-01-01", "2025-12-31", "2024-12-31"};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        check_on(trial, items, listed, kept, key, "110101", days[i]);
        check_on(trial, items, listed, kept, key, COUNTY, days[i]);
    }
}

static void replay_item(struct replay *replay, struct trial *trial, const char *code)
{
    CatalogueItem items[EDITIONS] = {MEDHUB__CATALOGUE__V1__ITEM__INIT, MEDHUB__CATALOGUE__V1__ITEM__INIT};
    bool listed[EDITIONS], kept = false;
    char key[512];
    for (int edition = 0; edition < EDITIONS; edition++) {
        size_t row = find(replay->editions[edition], replay->code_column, code);
        listed[edition] = row < ROWS_MAX;
        if (listed[edition])
            replay->make(replay->editions[edition], row, &items[edition]);
    }
    (void)snprintf(key, sizeof key, "%s/%s", catalogue_kind_name(items[listed[0] ? 0 : 1].kind), code);
    for (int edition = 0; edition < EDITIONS; edition++)
        say_national(replay, trial, key, items, listed, edition);
    if (listed[0])
        kept = keep_in_region(replay, trial, key, &items[0]);
    roll(trial, items, listed, kept, key);
}

/* Every code of both editions. A world holds some hundred items before it is renewed. */
static void replay_lists(struct replay *replay)
{
    enum { ITEMS_IN_A_WORLD = 100 };
    struct trial *trial = NULL;
    size_t count = 0;
    for (int edition = 0; edition < EDITIONS; edition++)
        for (size_t i = 0; i < replay->editions[edition]->count; i++) {
            const char *code = cell(replay->editions[edition], i, replay->code_column);
            if (edition > 0 && find(replay->editions[0], replay->code_column, code) < ROWS_MAX)
                continue;
            if (count++ % ITEMS_IN_A_WORLD == 0) {
                trial_free(trial);
                trial = trial_new("2025-12-10T02:00:00Z");
            }
            replay_item(replay, trial, code);
        }
    trial_free(trial);
}

static void replay_begin(struct replay *replay, const char *first, const char *second, const char *code_column,
                         item_maker *make)
{
    *replay = (struct replay){.editions = {list_read(first), list_read(second)}, .code_column = code_column, .make = make};
}

static void replay_end(struct replay *replay)
{
    for (int i = 0; i < EDITIONS; i++)
        list_free(replay->editions[i]);
}

/* --- the lists --- */

/* 3,826 rows become 3,915; the counts are those of nrdl_diff_2024_2025.csv. What was dropped a region keeps for half a year;
 * what stays the nation protects. */
static void the_drug_list_2024_becomes_that_of_2025(void **state)
{
    struct replay replay;
    (void)state;
    replay_begin(&replay, "ops/data/nrdl_2024.csv", "ops/data/nrdl_2025.csv", "code", drug_of);
    assert_int_equal(replay.editions[0]->count, 3826);
    assert_int_equal(replay.editions[1]->count, 3915);
    replay_lists(&replay);
    assert_int_equal(replay.counts[CHANGE_ADDED], 123);
    assert_int_equal(replay.counts[CHANGE_REMOVED], 34);
    assert_int_equal(replay.counts[CHANGE_SECTION_MOVED], 59);
    assert_int_equal(replay.counts[CHANGE_PAYMENT_STANDARD], 66);
    assert_int_equal(replay.counts[CHANGE_LIMIT], 76);
    assert_int_equal(replay.counts[CHANGE_VALIDITY], 236);
    assert_int_equal(replay.counts[CHANGE_CATEGORY_MOVED], 11);
    assert_int_equal(replay.protected_, 3826 - 34);
    replay_end(&replay);
}

/* 924 pieces in both; 2025 marks 116 as not payable when used alone, which 2024 did not tell. The nation does not protect
 * them: the region's rows lie over them for half a year. */
static void tcm_pieces_likewise(void **state)
{
    struct replay replay;
    (void)state;
    replay_begin(&replay, "ops/data/tcm_pieces_2024.csv", "ops/data/tcm_pieces_2025.csv", "piece_name", piece_of);
    assert_int_equal(replay.editions[0]->count, 924);
    assert_int_equal(replay.editions[1]->count, 924);
    replay_lists(&replay);
    assert_int_equal(replay.counts[CHANGE_ADDED] + replay.counts[CHANGE_REMOVED], 0);
    assert_int_equal(replay.counts[CHANGE_OTHER], 116);
    assert_int_equal(replay.accepted, 924 + 116);
    assert_int_equal(replay.protected_, 0);
    replay_end(&replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_drug_list_2024_becomes_that_of_2025),
        cmocka_unit_test(tcm_pieces_likewise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
