/* trace_questions.c: the statements. Steps stand in them as the numbers of medhub.trace.v1.Step. */
#include "store/trace_questions.h"

#include "medhub/trace/v1/trace.pb-c.h"

#define S_(number_) MEDHUB__TRACE__V1__STEP__STEP_##number_
_Static_assert(S_(COMMISSIONED) == 1 && S_(PACKED) == 2 && S_(UNPACKED) == 3 && S_(INBOUND) == 4 && S_(OUTBOUND) == 5,
               "the statements say so");
_Static_assert(S_(PURCHASED) == 6 && S_(STORED) == 7 && S_(USED) == 8 && S_(CHARGED) == 9 && S_(SETTLED) == 10 &&
                   S_(SOLD) == 11 && S_(RETURNED) == 12 && S_(DESTROYED) == 13 && S_(UNSETTLED) == 14,
               "the statements say so");

#define BIT(argument_) (1u << (argument_))
#define ITEM           (BIT(TRACE_PRODUCT) | BIT(TRACE_SERIAL))
#define LOT            (BIT(TRACE_PRODUCT) | BIT(TRACE_LOT))

#define GONE     "(8, 11, 13)" /* used, sold, destroyed: nobody's stock any more */
#define BOOKINGS "(9, 10, 14)" /* charged, settled, settlement taken back: they move nothing */
/* Outbound, or back to the supplier: on its way to the other side. */
#define SENT(row_) "(" row_ ".step = 5 OR (" row_ ".step = 12 AND " row_ ".counterparty <> ''))"

/* Rows that the viewer, parameter NUMBER_, took part in; "" sees all. */
#define SEEN(row_, number_)                                                                                            \
    "(CAST($" number_ " AS TEXT) = '' OR " row_ ".holder = $" number_ " OR " row_ ".counterparty = $" number_ ")"

/* The item $1/$2 and the boxes that it lay in, each from when until when, up to UNTIL_. */
#define INSIDE(until_)                                                                                                 \
    "WITH RECURSIVE inside(product, serial, from_ms, until_ms, depth) AS ("                                            \
    "SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST(0 AS BIGINT), CAST(" until_ " AS BIGINT), 0 "                     \
    "UNION ALL "                                                                                                       \
    "SELECT s.parent_product, s.parent_serial, s.at_ms, COALESCE((SELECT min(n.at_ms) FROM trace_scan n "              \
    "WHERE n.product = s.product AND n.serial = s.serial AND n.serial <> '' AND n.at_ms > s.at_ms "                    \
    "AND n.at_ms <= i.until_ms "                                                                                       \
    "AND NOT (n.step = 2 AND n.parent_product = s.parent_product AND n.parent_serial = s.parent_serial)), "            \
    "i.until_ms), i.depth + 1 "                                                                                        \
    "FROM inside i JOIN trace_scan s ON s.product = i.product AND s.serial = i.serial AND s.serial <> '' "             \
    "WHERE s.step = 2 AND s.parent_serial <> '' AND s.at_ms >= i.from_ms AND s.at_ms < i.until_ms "                    \
    "AND i.depth < " TRACE_DEPTH_MAX ") "
#define FOREVER "9223372036854775807"
#define OF_INSIDE                                                                                                      \
    "FROM inside i JOIN trace_scan s ON s.product = i.product AND s.serial = i.serial AND s.serial <> '' "             \
    "AND s.at_ms >= i.from_ms AND s.at_ms <= i.until_ms "

#define SCAN_COLUMNS                                                                                                   \
    {{"at", TRACE_MOMENT}, {"step", TRACE_STEP}, {"holder", TRACE_TEXT}, {"counterparty", TRACE_TEXT},                 \
     {"depth", TRACE_NUMBER}, {"product", TRACE_TEXT}, {"serial", TRACE_TEXT}, {"lot", TRACE_TEXT},                    \
     {"quantity", TRACE_QUANTITY}, {"parentProduct", TRACE_TEXT}, {"parentSerial", TRACE_TEXT}, {"region", TRACE_TEXT},\
     {"document", TRACE_TEXT}}
#define SCAN_VALUES(depth_)                                                                                            \
    "SELECT s.at_ms, s.step, s.holder, s.counterparty, " depth_ ", s.product, s.serial, s.lot, s.quantity_e4, "        \
    "s.parent_product, s.parent_serial, s.region, s.document "

#define HOLDER_COLUMNS                                                                                                 \
    {{"holder", TRACE_TEXT}, {"onTheWayTo", TRACE_TEXT}, {"quantity", TRACE_QUANTITY}, {"items", TRACE_NUMBER},        \
     {"since", TRACE_MOMENT}}

/* What each holder has of a lot without serials: what it made, took in (inbound and purchased may both be told of the same) and
 * got back from patients, less what it sent, gave away or destroyed. */
#define SUM_OF(steps_) "sum(CASE WHEN s.step IN (" steps_ ") THEN s.quantity_e4 ELSE 0 END)"
#define STOCK_OF_LOT(until_)                                                                                           \
    "SELECT k.holder AS holder, CAST(k.made - k.gone + CASE WHEN k.inbound > k.purchased THEN k.inbound ELSE k.purchased END "     \
    "AS BIGINT) AS quantity_e4, k.at_ms AS at_ms FROM (SELECT s.holder AS holder, " SUM_OF("1") " + sum(CASE WHEN s.step = 12 "    \
    "AND s.counterparty = '' THEN s.quantity_e4 ELSE 0 END) AS made, " SUM_OF("4") " AS inbound, " SUM_OF("6")             \
    " AS purchased, sum(CASE WHEN " SENT("s") " OR s.step IN " GONE " THEN s.quantity_e4 ELSE 0 END) AS gone, "            \
    "max(s.at_ms) AS at_ms FROM trace_scan s WHERE s.product = $1 AND s.lot = $2 AND s.serial = ''" until_                 \
    " GROUP BY s.holder) k"

/* Of what is on its way to whom; '' otherwise. */
#define RECEIVER(row_) "CASE WHEN " SENT(row_) " THEN " row_ ".counterparty ELSE '' END"

/* FIRST_: units as they were last scanned, in the columns of `unit`. Those that lie in a box are carried up from box to box: the
 * box's holder counts, if it was scanned after the packing. BOX_RECEIVER_, BOX_PARENT_, BOX_ and WHICH_: what a box says of its
 * receiver and of what it lies in, and where its own last scan is found. */
#define CARRIED(name_, of_box_) "CASE WHEN b.at_ms >= u.at_ms THEN " of_box_ " ELSE u." name_ " END"
#define UNITS(first_, box_receiver_, box_parent_, box_, which_)                                                        \
    "WITH RECURSIVE unit(step, holder, receiver, parent_product, parent_serial, at_ms, quantity_e4, depth) AS ("       \
    first_ " UNION ALL SELECT " CARRIED("step", "b.step") ", " CARRIED("holder", "b.holder") ", "                      \
    CARRIED("receiver", box_receiver_) ", " box_parent_ ", " CARRIED("at_ms", "b.at_ms")                               \
    ", u.quantity_e4, u.depth + 1 FROM unit u JOIN " box_ " ON b.product = u.parent_product "                          \
    "AND b.serial = u.parent_serial WHERE u.parent_serial <> '' AND u.depth < " TRACE_DEPTH_MAX which_ ") "
/* Each part of an answer: sums by holder and receiver, in that order, of those that VIEWER_ may see; TAIL_ may bound them. */
#define BY_HOLDER(row_, viewer_, tail_)                                                                                \
    " AND (CAST($" viewer_ " AS TEXT) = '' OR " row_ ".holder = $" viewer_ " OR " row_ ".receiver = $" viewer_ ") "    \
    "GROUP BY " row_ ".holder, " row_ ".receiver ORDER BY " row_ ".holder, " row_ ".receiver" tail_
#define SUMS(row_)                                                                                                     \
    "SELECT " row_ ".holder AS holder, " row_ ".receiver AS receiver, CAST(sum(" row_ ".quantity_e4) AS BIGINT) AS quantity_e4, "  \
    "count(*) AS items, max(" row_ ".at_ms) AS at_ms "
/* Units that lie in no box, or in none that BOXES_ knows. */
#define STANDING_UNITS(boxes_, which_, viewer_, tail_)                                                                 \
    SUMS("u") "FROM unit u WHERE u.step NOT IN " GONE " AND (u.parent_serial = '' OR NOT EXISTS (SELECT 1 FROM " boxes_    \
    " WHERE b.product = u.parent_product AND b.serial = u.parent_serial " which_ "))" BY_HOLDER("u", viewer_, tail_)
#define LOOSE_STOCK(until_, viewer_, tail_)                                                                            \
    "SELECT l.holder, '', l.quantity_e4, 0, l.at_ms FROM (" STOCK_OF_LOT(until_) ") l WHERE l.quantity_e4 <> 0 "       \
    "AND (CAST($" viewer_ " AS TEXT) = '' OR l.holder = $" viewer_ ") ORDER BY l.holder" tail_
/* The parts, each in order and none with rows of nothing, and what a holder has by several of them. */
#define HOLDERS_OF(parts_, tail_)                                                                                      \
    "SELECT h.holder, h.receiver, CAST(sum(h.quantity_e4) AS BIGINT), CAST(sum(h.items) AS BIGINT), max(h.at_ms) "     \
    "FROM (" parts_ ") h GROUP BY h.holder, h.receiver ORDER BY h.holder, h.receiver" tail_
#define PART(text_) "SELECT * FROM (" text_ ")"

/* Now: what lies in no box is read from trace_item_lot in the order of the answer. TAIL_ bounds each part: of the first 500 holders
 * of all none is behind the first 500 of its part. */
#define OF_LOT_NOW "FROM trace_item i WHERE i.product = $1 AND i.lot = $2 AND i.lot <> '' AND i.step NOT IN " GONE " AND i.parent_serial "
#define HOLDERS_NOW(tail_, limit_)                                                                                     \
    UNITS("SELECT i.step, i.holder, i.receiver, i.parent_product, i.parent_serial, i.at_ms, i.quantity_e4, 0 "         \
          OF_LOT_NOW "> ''", "b.receiver", "b.parent_product, b.parent_serial", "trace_item b", "")                   \
    HOLDERS_OF(PART(SUMS("i") OF_LOT_NOW "= ''" BY_HOLDER("i", "3", tail_)) " a UNION ALL "                            \
               PART(STANDING_UNITS("trace_item b", "", "3", tail_)) " b UNION ALL "                                    \
               PART(LOOSE_STOCK("", "3", tail_)) " c", limit_)

/* At a moment: of each unit the last scan up to then. */
#define PARENT_AT(row_)                                                                                                \
    "CASE WHEN " row_ ".step = 2 THEN " row_ ".parent_product ELSE '' END, "                                           \
    "CASE WHEN " row_ ".step = 2 THEN " row_ ".parent_serial ELSE '' END"
#define HOLDERS_AT                                                                                                     \
    UNITS("SELECT s.step, s.holder, " RECEIVER("s") ", " PARENT_AT("s") ", s.at_ms, s.quantity_e4, 0 "                 \
          "FROM trace_member m CROSS JOIN trace_scan s WHERE m.product = $1 AND m.lot = $2 " /* SQLite takes m first then */   \
          "AND s.product = m.product AND s.serial = m.serial AND s.serial <> '' AND s.at_ms <= $3 AND s.step NOT IN " BOOKINGS " AND " LATEST("s"),     \
          RECEIVER("b"), PARENT_AT("b"), "trace_scan b",                                                               \
          " AND b.serial <> '' AND b.at_ms <= $3 AND b.step NOT IN " BOOKINGS " AND " LATEST("b"))                     \
    HOLDERS_OF(PART(STANDING_UNITS("trace_scan b", "AND b.serial <> '' AND b.at_ms <= $3", "4", "")) " a UNION ALL "   \
               PART(LOOSE_STOCK(" AND s.at_ms <= $3", "4", "")) " c", " LIMIT $5")

/* The row ROW_ of trace_scan is its item's last one up to $3. */
#define LATEST(row_)                                                                                                   \
    "NOT EXISTS (SELECT 1 FROM trace_scan n WHERE n.product = " row_ ".product AND n.serial = " row_ ".serial "        \
    "AND n.serial <> '' AND n.at_ms <= $3 AND n.step NOT IN " BOOKINGS " "                                             \
    "AND (n.at_ms, n.place) > (" row_ ".at_ms, " row_ ".place))"

/* ---- uses; persons and settlements are for who may see them, parameter PERSONS_ ---- */

#define USE_COLUMNS                                                                                                    \
    {{"at", TRACE_MOMENT}, {"step", TRACE_STEP}, {"holder", TRACE_TEXT}, {"person", TRACE_TEXT},                       \
     {"settlement", TRACE_TEXT}, {"lot", TRACE_TEXT}, {"serial", TRACE_TEXT}, {"quantity", TRACE_QUANTITY},            \
     {"region", TRACE_TEXT}}
#define PERSONAL(row_, column_, persons_)                                                                              \
    "CASE WHEN CAST($" persons_ " AS TEXT) = '' OR " row_ ".holder = $" persons_ " THEN " row_ "." column_ " ELSE '' END, "
#define USE_VALUES(row_, persons_)                                                                                     \
    "SELECT " row_ ".at_ms, " row_ ".step, " row_ ".holder, " PERSONAL(row_, "person", persons_)                       \
    PERSONAL(row_, "settlement", persons_) row_ ".lot, " row_ ".serial, " row_ ".quantity_e4, " row_ ".region "

/* ---- what lies in the box $1/$2: BOX, how a row of it leads to those in it, CONTENTS ---- */

#define CONTENT_COLUMNS                                                                                                \
    {{"depth", TRACE_NUMBER}, {"product", TRACE_TEXT}, {"serial", TRACE_TEXT}, {"lot", TRACE_TEXT},                    \
     {"quantity", TRACE_QUANTITY}, {"since", TRACE_MOMENT}, {"parentProduct", TRACE_TEXT},                             \
     {"parentSerial", TRACE_TEXT}}
#define BOX(viewer_)                                                                                                   \
    "WITH RECURSIVE box(product, serial, lot, quantity_e4, at_ms, parent_product, parent_serial, depth) AS ("          \
    "SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), '', CAST(0 AS BIGINT), CAST(0 AS BIGINT), '', '', 0 "                  \
    "WHERE CAST($" viewer_ " AS TEXT) = '' OR EXISTS (SELECT 1 FROM trace_scan v WHERE v.product = $1 AND v.serial = $2 "  \
    "AND v.serial <> '' AND " SEEN("v", viewer_) ") UNION ALL "
#define PACKED_LESS_UNPACKED                                                                                           \
    "sum(CASE WHEN s.step = 2 THEN s.quantity_e4 WHEN s.step = 3 THEN -s.quantity_e4 ELSE 0 END)"
#define CONTENTS(until_, limit_)                                                                                       \
    "SELECT c.depth, c.product, c.serial, c.lot, c.quantity_e4, c.at_ms, c.parent_product, c.parent_serial FROM ("     \
    "SELECT depth, product, serial, lot, quantity_e4, at_ms, parent_product, parent_serial FROM box WHERE depth > 0 "  \
    "UNION ALL SELECT box.depth + 1, s.product, '', s.lot, CAST(" PACKED_LESS_UNPACKED " AS BIGINT), max(s.at_ms), "   \
    "s.parent_product, s.parent_serial "                                                                               \
    "FROM box JOIN trace_scan s ON s.parent_product = box.product AND s.parent_serial = box.serial "                   \
    "AND s.parent_serial <> '' WHERE s.serial = ''" until_ " "                                                         \
    "GROUP BY box.depth, s.product, s.lot, s.parent_product, s.parent_serial HAVING " PACKED_LESS_UNPACKED " <> 0"     \
    ") c ORDER BY c.depth, c.product, c.serial, c.lot LIMIT $" limit_

/* ---- recalls ---- */

#define AMOUNTS(row_)                                                                                                  \
    "COALESCE(" row_ ".held_e4, 0), COALESCE(" row_ ".on_the_way_e4, 0), COALESCE(" row_ ".delivered_e4, 0), "         \
    "COALESCE(" row_ ".used_e4, 0), COALESCE(" row_ ".destroyed_e4, 0), COALESCE(" row_ ".returned_e4, 0)"
#define AMOUNT_COLUMNS                                                                                                 \
    {"held", TRACE_QUANTITY}, {"onTheWay", TRACE_QUANTITY}, {"delivered", TRACE_QUANTITY}, {"used", TRACE_QUANTITY},   \
    {"destroyed", TRACE_QUANTITY}, {"returned", TRACE_QUANTITY}
#define RECALL_COLUMNS                                                                                                 \
    {{"product", TRACE_TEXT}, {"issuer", TRACE_TEXT}, {"issuedAt", TRACE_MOMENT}, {"stage", TRACE_TEXT},               \
     {"rows", TRACE_NUMBER}, AMOUNT_COLUMNS, {"holders", TRACE_NUMBER}, {"acknowledged", TRACE_NUMBER},                \
     {"undetermined", TRACE_NUMBER}}
#define RECALL_HOLDER_COLUMNS                                                                                          \
    {{"product", TRACE_TEXT}, {"holder", TRACE_TEXT}, AMOUNT_COLUMNS, {"acknowledgeUntil", TRACE_MOMENT},              \
     {"acknowledgedAt", TRACE_MOMENT}, {"counted", TRACE_QUANTITY}, {"reminders", TRACE_NUMBER}}
/* Issuer and registrant see all of a recall, a holder what is its own. */
#define SEES_RECALL "(CAST($2 AS TEXT) = '' OR r.issuer = $2 OR r.registrant = $2 OR EXISTS (SELECT 1 FROM recall_holding v "     \
                    "WHERE v.recall = r.recall AND v.product = r.product AND v.holder = $2)) "
#define ANSWER_OF(row_, kind_)                                                                                         \
    "LEFT JOIN recall_answer " row_ " ON " row_ ".recall = h.recall AND " row_ ".product = h.product AND " row_        \
    ".holder = h.holder AND " row_ ".kind = " kind_ " "
#define RECALL_HOLDERS                                                                                                 \
    "SELECT h.product, h.holder, " AMOUNTS("h") ", t.at_ms, k.at_ms, COALESCE(k.number, 0), COALESCE(o.number, 0) "    \
    "FROM recall_holding h JOIN recall r ON r.recall = h.recall AND r.product = h.product "                            \
    ANSWER_OF("t", "1") ANSWER_OF("k", "2") ANSWER_OF("o", "3")                                                        \
    "WHERE h.recall = $1 AND (CAST($2 AS TEXT) = '' OR r.issuer = $2 OR r.registrant = $2 OR h.holder = $2)"
#define IN_ORDER " ORDER BY h.product, h.holder LIMIT "

const struct trace_question trace_questions[] = {
    {
        .name = "history",
        .sentence_zh = "一件物品的全部经过，含其所在包装的扫码",
        .sentence_en = "what happened to an item, with the scans of the boxes that it lay in",
        .required = ITEM,
        .arguments = {TRACE_PRODUCT, TRACE_SERIAL, TRACE_VIEWER, TRACE_LIMIT},
        .columns = SCAN_COLUMNS,
        .text = INSIDE(FOREVER) SCAN_VALUES("i.depth") OF_INSIDE "WHERE " SEEN("s", "3") " ORDER BY s.at_ms, i.depth, s.place "
                "LIMIT $4",
    },
    {
        .name = "history",
        .sentence_zh = "一个批次的全部扫码",
        .sentence_en = "all scans of a lot",
        .required = LOT,
        .arguments = {TRACE_PRODUCT, TRACE_LOT, TRACE_VIEWER, TRACE_LIMIT},
        .columns = SCAN_COLUMNS,
        .text = SCAN_VALUES("0") "FROM trace_scan s WHERE s.product = $1 AND s.lot = $2 AND " SEEN("s", "3")
                " ORDER BY s.at_ms, s.place LIMIT $4",
    },
    {
        .name = "state",
        .sentence_zh = "某一时刻物品在谁手中、处于哪一环节",
        .sentence_en = "who had an item at a moment (now, if none is given), and at which step it was",
        .required = ITEM,
        .arguments = {TRACE_PRODUCT, TRACE_SERIAL, TRACE_AT, TRACE_VIEWER},
        .columns = SCAN_COLUMNS,
        .text = INSIDE("$3") SCAN_VALUES("i.depth") OF_INSIDE "WHERE s.at_ms <= $3 AND s.step NOT IN " BOOKINGS " AND " SEEN("s", "4")
                " ORDER BY s.at_ms DESC, i.depth DESC, s.place DESC LIMIT 1",
    },
    {
        .name = "holders",
        .sentence_zh = "某一时刻批次由谁持有、各多少",
        .sentence_en = "who held a lot at a moment, and how much of it",
        .required = LOT | BIT(TRACE_AT),
        .arguments = {TRACE_PRODUCT, TRACE_LOT, TRACE_AT, TRACE_VIEWER, TRACE_LIMIT},
        .columns = HOLDER_COLUMNS,
        .text = HOLDERS_AT,
    },
    {
        .name = "holders",
        .sentence_zh = "批次现由谁持有、各多少",
        .sentence_en = "who holds a lot now, and how much of it",
        .required = LOT,
        .arguments = {TRACE_PRODUCT, TRACE_LOT, TRACE_VIEWER, TRACE_LIMIT},
        .columns = HOLDER_COLUMNS,
        .first = "SELECT * FROM (" HOLDERS_NOW(" LIMIT " TRACE_FIRST_ROWS, " LIMIT " TRACE_FIRST_ROWS) ") f ORDER BY 1, 2 LIMIT $4",
        .text = HOLDERS_NOW("", " LIMIT $4 OFFSET " TRACE_FIRST_ROWS),
    },
    {
        .name = "uses",
        .sentence_zh = "批次（或一件物品）用在谁身上：参保人假名、结算、机构",
        .sentence_en = "on whom a lot or an item was used: pseudonyms, settlements, institutions",
        .required = LOT,
        .arguments = {TRACE_PRODUCT, TRACE_LOT, TRACE_SERIAL, TRACE_VIEWER, TRACE_PERSONS, TRACE_LIMIT},
        .columns = USE_COLUMNS,
        .text = USE_VALUES("s", "5") "FROM ("
                "SELECT * FROM trace_use WHERE product = $1 AND lot = $2 "
                "UNION ALL "
                "SELECT t.* FROM trace_member m JOIN trace_use t ON t.product = m.product AND t.lot = '' "
                "AND t.serial = m.serial WHERE m.product = $1 AND m.lot = $2 AND m.lot <> ''"
                ") s WHERE (CAST($3 AS TEXT) = '' OR s.serial = $3) AND (CAST($4 AS TEXT) = '' OR s.holder = $4) "
                "ORDER BY s.at_ms, s.place LIMIT $6",
    },
    {
        .name = "uses",
        .sentence_zh = "一件物品用在谁身上",
        .sentence_en = "on whom an item was used",
        .required = ITEM,
        .arguments = {TRACE_PRODUCT, TRACE_SERIAL, TRACE_VIEWER, TRACE_PERSONS, TRACE_LIMIT},
        .columns = USE_COLUMNS,
        .text = USE_VALUES("u", "4") "FROM (SELECT DISTINCT lot FROM trace_scan WHERE product = $1 AND serial = $2 AND serial <> '') l "
                "JOIN trace_use u ON u.product = $1 AND u.lot = l.lot AND u.serial = $2 "
                "WHERE CAST($3 AS TEXT) = '' OR u.holder = $3 ORDER BY u.at_ms, u.place LIMIT $5",
    },
    {
        .name = "upstream",
        .sentence_zh = "一件物品自现持有者回溯至生产者的各持有者",
        .sentence_en = "whose hands an item went through, from now back to its maker",
        .required = ITEM,
        .arguments = {TRACE_PRODUCT, TRACE_SERIAL, TRACE_VIEWER},
        .columns = {{"holder", TRACE_TEXT}, {"from", TRACE_MOMENT}, {"until", TRACE_MOMENT}, {"step", TRACE_STEP},
                    {"receivedFrom", TRACE_TEXT}, {"document", TRACE_TEXT}, {"region", TRACE_TEXT}},
        .text = INSIDE(FOREVER)
                ", scans AS (SELECT s.at_ms, s.place, s.step, s.holder, s.counterparty, s.document, s.region, i.depth, "
                "lag(s.holder) OVER (ORDER BY s.at_ms, i.depth, s.place) AS before " OF_INSIDE "), "
                "hands AS (SELECT c.*, lead(c.at_ms) OVER (ORDER BY c.at_ms, c.depth, c.place) AS until_ms "
                "FROM scans c WHERE c.before IS NULL OR c.before <> c.holder) "
                "SELECT h.holder, h.at_ms, COALESCE(h.until_ms, CAST(0 AS BIGINT)), h.step, COALESCE(h.before, ''), h.document, "
                "h.region FROM hands h WHERE CAST($3 AS TEXT) = '' OR h.holder = $3 OR h.before = $3 "
                "ORDER BY h.at_ms DESC, h.depth DESC, h.place DESC",
    },
    {
        .name = "upstream",
        .sentence_zh = "某机构所持批次从谁处购入，逐级回溯至生产者",
        .sentence_en = "from whom an organisation has a lot, step by step back to its maker",
        .required = LOT | BIT(TRACE_HOLDER),
        .arguments = {TRACE_PRODUCT, TRACE_LOT, TRACE_HOLDER, TRACE_VIEWER, TRACE_LIMIT},
        .columns = {{"depth", TRACE_NUMBER}, {"holder", TRACE_TEXT}, {"receivedFrom", TRACE_TEXT}, {"quantity", TRACE_QUANTITY},
                    {"from", TRACE_MOMENT}, {"last", TRACE_MOMENT}},
        .text = "WITH RECURSIVE up(holder, depth) AS (SELECT CAST($3 AS TEXT), 1 UNION "
                "SELECT s.counterparty, up.depth + 1 FROM up JOIN trace_scan s ON s.holder = up.holder "
                "WHERE s.product = $1 AND s.lot = $2 AND s.step IN (4, 6) AND s.counterparty <> '' "
                "AND up.depth < 16) "
                "SELECT up.depth, up.holder, s.counterparty, CAST(" SUM_OF("1") " + CASE WHEN " SUM_OF("4") " > " SUM_OF("6")
                " THEN " SUM_OF("4") " ELSE " SUM_OF("6") " END AS BIGINT), min(s.at_ms), max(s.at_ms) "
                "FROM (SELECT holder, min(depth) AS depth FROM up GROUP BY holder) up JOIN trace_scan s ON s.product = $1 "
                "AND s.lot = $2 AND s.holder = up.holder AND (s.step = 1 OR (s.step IN (4, 6) AND s.counterparty <> '')) "
                "WHERE " SEEN("s", "4") " GROUP BY up.depth, up.holder, s.counterparty "
                "ORDER BY up.depth, up.holder, s.counterparty LIMIT $5",
    },
    {
        .name = "contents",
        .sentence_zh = "某一时刻包装内的全部物品，逐级展开",
        .sentence_en = "what a box held at a moment, at any depth",
        .required = ITEM | BIT(TRACE_AT),
        .arguments = {TRACE_PRODUCT, TRACE_SERIAL, TRACE_AT, TRACE_VIEWER, TRACE_LIMIT},
        .columns = CONTENT_COLUMNS,
        .text = BOX("4")
                "SELECT s.product, s.serial, s.lot, s.quantity_e4, s.at_ms, s.parent_product, s.parent_serial, box.depth + 1 "
                "FROM box JOIN trace_scan s ON s.parent_product = box.product AND s.parent_serial = box.serial "
                "AND s.parent_serial <> '' WHERE s.step = 2 AND s.serial <> '' AND s.at_ms <= $3 "
                "AND box.depth < " TRACE_DEPTH_MAX " AND " LATEST("s") ") "
                CONTENTS(" AND s.at_ms <= $3", "5"),
    },
    {
        .name = "contents",
        .sentence_zh = "包装内现有的全部物品，逐级展开",
        .sentence_en = "what a box holds now, at any depth",
        .required = ITEM,
        .arguments = {TRACE_PRODUCT, TRACE_SERIAL, TRACE_VIEWER, TRACE_LIMIT},
        .columns = CONTENT_COLUMNS,
        .text = BOX("3")
                "SELECT i.product, i.serial, i.lot, i.quantity_e4, i.at_ms, i.parent_product, i.parent_serial, box.depth + 1 "
                "FROM box JOIN trace_item i ON i.parent_product = box.product AND i.parent_serial = box.serial "
                "AND i.parent_serial <> '' WHERE box.depth < " TRACE_DEPTH_MAX ") "
                CONTENTS("", "4"),
    },
    {
        .name = "unreceived",
        .sentence_zh = "发出后超过指定天数仍无人收货的物品与批次",
        .sentence_en = "what was shipped and for so many days received by nobody",
        .required = BIT(TRACE_DAYS),
        .arguments = {TRACE_DAYS, TRACE_PRODUCT, TRACE_VIEWER, TRACE_LIMIT},
        .columns = {{"at", TRACE_MOMENT}, {"holder", TRACE_TEXT}, {"counterparty", TRACE_TEXT}, {"product", TRACE_TEXT},
                    {"lot", TRACE_TEXT}, {"serial", TRACE_TEXT}, {"quantity", TRACE_QUANTITY}},
        .text = "SELECT * FROM (" /* each part in the order of its index, so that a few of many are found at once */
                "SELECT * FROM (SELECT i.at_ms, i.holder, i.counterparty, i.product, i.lot, i.serial, i.quantity_e4 "
                "FROM trace_item i WHERE i.step IN (5, 12) AND " SENT("i") " AND i.at_ms <= $1 "
                "AND (CAST($2 AS TEXT) = '' OR i.product = $2) AND " SEEN("i", "3") " ORDER BY i.at_ms LIMIT $4) a "
                "UNION ALL "
                "SELECT * FROM (SELECT s.at_ms, s.sender, s.receiver, s.product, s.lot, '', s.quantity_e4 "
                "FROM trace_shipment s WHERE s.step IN (5, 12) AND s.at_ms <= $1 "
                "AND (CAST($2 AS TEXT) = '' OR s.product = $2) AND "
                "(CAST($3 AS TEXT) = '' OR s.sender = $3 OR s.receiver = $3) AND NOT EXISTS (SELECT 1 FROM trace_scan r "
                "WHERE r.product = s.product AND r.lot = s.lot AND r.serial = '' AND r.holder = s.receiver "
                "AND r.at_ms >= s.at_ms AND r.step IN (4, 6, 7)) ORDER BY s.at_ms LIMIT $4) b"
                ") o ORDER BY 1 LIMIT $4",
    },
    {
        .name = "recall",
        .sentence_zh = "召回进度：已匹配到哪里、数量分布、多少持有方尚未确认",
        .sentence_en = "how far a recall has come, where its units are, and how many holders have not answered",
        .required = BIT(TRACE_RECALL),
        .arguments = {TRACE_RECALL, TRACE_VIEWER},
        .columns = RECALL_COLUMNS,
        .text = "SELECT r.product, r.issuer, r.issued_ms, COALESCE(p.stage, 'matching'), COALESCE(p.rows, 0), " AMOUNTS("p")
                ", (SELECT count(*) FROM recall_answer a WHERE a.recall = r.recall AND a.product = r.product AND a.kind = 1), "
                "(SELECT count(*) FROM recall_answer a WHERE a.recall = r.recall AND a.product = r.product AND a.kind = 2), "
                "COALESCE(p.undetermined, 0) "
                "FROM recall r LEFT JOIN recall_progress p ON p.recall = r.recall AND p.product = r.product "
                "WHERE r.recall = $1 AND " SEES_RECALL "ORDER BY r.product",
    },
    {
        .name = "recall-holders",
        .sentence_zh = "召回涉及的每一持有方：数量、确认时限、是否已确认、催办次数",
        .sentence_en = "each holder that a recall was matched to: what it has, until when to answer, whether it did",
        .required = BIT(TRACE_RECALL),
        .arguments = {TRACE_RECALL, TRACE_VIEWER, TRACE_LIMIT},
        .columns = RECALL_HOLDER_COLUMNS,
        .first = "SELECT * FROM (" RECALL_HOLDERS IN_ORDER TRACE_FIRST_ROWS ") f ORDER BY 1, 2 LIMIT $3",
        .text = RECALL_HOLDERS IN_ORDER "$3 OFFSET " TRACE_FIRST_ROWS,
    },
    {
        .name = "recall-overdue",
        .sentence_zh = "召回中逾期未确认的持有方",
        .sentence_en = "holders of a recall that were reminded and have not answered",
        .required = BIT(TRACE_RECALL),
        .arguments = {TRACE_RECALL, TRACE_VIEWER, TRACE_LIMIT},
        .columns = RECALL_HOLDER_COLUMNS,
        .text = RECALL_HOLDERS " AND o.at_ms IS NOT NULL AND k.at_ms IS NULL ORDER BY h.product, h.holder LIMIT $3",
    },
};
const size_t trace_question_count = sizeof trace_questions / sizeof *trace_questions;

#define FACT_COLUMNS {{"value", TRACE_TEXT}, {"source", TRACE_TEXT}, {"decided", TRACE_MOMENT}}
const struct trace_question trace_facts_of_item = {
    .name = "facts",
    .required = ITEM,
    .arguments = {TRACE_PRODUCT, TRACE_SERIAL, TRACE_VIEWER, TRACE_LIMIT},
    .columns = FACT_COLUMNS,
    .text = INSIDE(FOREVER) "SELECT f.value, f.source, f.decided_ms " OF_INSIDE "JOIN fact f ON f.place = s.place WHERE "
            SEEN("s", "3") " ORDER BY s.at_ms, i.depth, s.place LIMIT $4",
};
const struct trace_question trace_facts_of_lot = {
    .name = "facts",
    .required = LOT,
    .arguments = {TRACE_PRODUCT, TRACE_LOT, TRACE_VIEWER, TRACE_LIMIT},
    .columns = FACT_COLUMNS,
    .text = "SELECT f.value, f.source, f.decided_ms FROM trace_scan s JOIN fact f ON f.place = s.place WHERE s.product = $1 "
            "AND s.lot = $2 AND " SEEN("s", "3") " ORDER BY s.at_ms, s.place LIMIT $4",
};
