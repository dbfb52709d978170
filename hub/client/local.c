#include "client/local.h"

static const char *const migrations[] = {
    "CREATE TABLE event ("
    "  sequence INTEGER PRIMARY KEY AUTOINCREMENT," /* order of submission */
    "  id TEXT NOT NULL UNIQUE,"
    "  key TEXT NOT NULL,"
    "  place INTEGER NOT NULL,"
    "  due_ms INTEGER NOT NULL," /* not before: to send it, or to ask for its receipt */
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  submitted_ms INTEGER NOT NULL,"
    "  sent_ms INTEGER NOT NULL DEFAULT 0,"
    "  fingerprint INTEGER NOT NULL,"
    "  body TEXT NOT NULL);"
    "CREATE INDEX event_due ON event (place, due_ms, sequence);"
    "CREATE INDEX event_behind ON event (key, sequence) WHERE place <= 1;"
    "CREATE TABLE receipt ("
    "  sequence INTEGER PRIMARY KEY AUTOINCREMENT," /* order of arrival */
    "  id TEXT NOT NULL UNIQUE,"
    "  outcome INTEGER NOT NULL,"
    "  told INTEGER NOT NULL DEFAULT 0,"
    "  fingerprint INTEGER NOT NULL,"
    "  settled_ms INTEGER NOT NULL,"
    "  answer TEXT NOT NULL);"
    "CREATE INDEX receipt_untold ON receipt (sequence) WHERE told = 0;"
    "CREATE TABLE cursor (" /* what the gateway is asked for next */
    "  feed TEXT PRIMARY KEY,"
    "  cursor TEXT NOT NULL,"
    "  moved_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE item (" /* what came and was not handled yet */
    "  sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  feed TEXT NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  body TEXT NOT NULL);"
    "CREATE INDEX item_feed ON item (feed, sequence);",
    "CREATE TABLE answered (" /* releases of the catalogue, by the digest that was answered */
    "  release TEXT PRIMARY KEY,"
    "  digest TEXT NOT NULL) WITHOUT ROWID;",
};

static const char *const statements[LOCAL_STATEMENTS] = {
    [LOCAL_FIND_EVENT] = "SELECT sequence, fingerprint FROM event WHERE id = ?1",
    [LOCAL_FIND_RECEIPT] = "SELECT outcome, answer, fingerprint FROM receipt WHERE id = ?1",
    [LOCAL_KEY_WAITS] = "SELECT 1 FROM event WHERE key = ?1 AND place <= 1 LIMIT 1",
    [LOCAL_PUT] = ("INSERT INTO event (id, key, place, due_ms, submitted_ms, fingerprint, body) "
                   "VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)"),
    [LOCAL_DUE] =
        ("SELECT sequence, id, attempts, sent_ms, body FROM event WHERE place = ?1 AND due_ms <= ?2 "
         "ORDER BY due_ms, sequence"),
    [LOCAL_NEXT_DUE] = "SELECT min(due_ms) FROM event WHERE place = ?1 AND due_ms > ?2",
    [LOCAL_GET] =
        "SELECT id, key, place, fingerprint, length(CAST(body AS BLOB)) FROM event WHERE sequence = ?1",
    [LOCAL_UPDATE] =
        "UPDATE event SET place = ?2, due_ms = ?3, attempts = ?4, sent_ms = ?5 WHERE sequence = ?1",
    [LOCAL_DELETE] = "DELETE FROM event WHERE sequence = ?1",
    [LOCAL_PROMOTE] = ("UPDATE event SET place = 0 WHERE sequence = "
                       "(SELECT min(sequence) FROM event WHERE key = ?1 AND place <= 1)"),
    [LOCAL_COUNT] =
        "SELECT place = 2, count(*), coalesce(sum(length(CAST(body AS BLOB))), 0) FROM event GROUP BY 1",
    [LOCAL_OLDEST] = "SELECT submitted_ms FROM event ORDER BY sequence LIMIT 1",
    [LOCAL_PUT_RECEIPT] =
        "INSERT INTO receipt (id, outcome, fingerprint, settled_ms, answer) VALUES (?1, ?2, ?3, ?4, ?5)",
    [LOCAL_FORGET_RECEIPTS] =
        "DELETE FROM receipt WHERE sequence <= (SELECT max(sequence) FROM receipt) - ?1",
    [LOCAL_COUNT_RECEIPTS] = "SELECT count(*) FROM receipt",
    [LOCAL_UNTOLD] =
        "SELECT sequence, id, outcome, answer FROM receipt WHERE told = 0 ORDER BY sequence LIMIT 1",
    [LOCAL_TOLD] = "UPDATE receipt SET told = 1 WHERE sequence = ?1",
    [LOCAL_GET_CURSOR] = "SELECT cursor FROM cursor WHERE feed = ?1",
    [LOCAL_PUT_CURSOR] = ("INSERT INTO cursor (feed, cursor, moved_ms) VALUES (?1, ?2, ?3) "
                          "ON CONFLICT (feed) DO UPDATE SET cursor = ?2, moved_ms = ?3"),
    [LOCAL_PUT_ITEM] = "INSERT INTO item (feed, kind, body) VALUES (?1, ?2, ?3)",
    [LOCAL_FIRST_ITEM] = "SELECT sequence, kind, body FROM item WHERE feed = ?1 ORDER BY sequence LIMIT 1",
    [LOCAL_DELETE_ITEM] = "DELETE FROM item WHERE sequence = ?1",
    [LOCAL_DELETE_ITEMS] = "DELETE FROM item WHERE feed = ?1",
    [LOCAL_ANSWERED] = "SELECT 1 FROM answered WHERE release = ?1 AND digest = ?2",
    [LOCAL_PUT_ANSWERED] = "INSERT OR REPLACE INTO answered (release, digest) VALUES (?1, ?2)",
};

const struct database_kind local_kind = {
    .application_id = 0x6d686231, /* "mhb1" */
    .migrations = migrations,
    .version = sizeof migrations / sizeof *migrations,
    .statements = statements,
    .statement_count = LOCAL_STATEMENTS,
};
