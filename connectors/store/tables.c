#include "store/tables.h"

#define I(name_) {.name = (name_), .type = SQL_INTEGER}
#define T(name_) {.name = (name_), .type = SQL_TEXT}
#define B(name_) {.name = (name_), .type = SQL_BYTES}

const struct table tables[TABLE_COUNT] = {
    [TABLE_FACT] = {"fact",
                    {I("place"), I("input"), I("idx"), I("version"), I("decided_ms"), T("type"), T("source"), T("id"),
                     T("subject"), T("trace"), T("key"), B("value")},
                    12, 1, 3},
    [TABLE_RECEIPT] = {"receipt",
                       {I("place"), I("input"), T("source"), T("id"), T("type"), I("outcome"), T("code"), T("fact_topic"),
                        I("version"), I("submitted_ms"), I("decided_ms"), B("value")},
                       12, 1, 3},
    [TABLE_DELIVERY] = {"delivery",
                        {I("place"), I("input"), I("idx"), I("version"), I("decided_ms"), I("delivered_ms"),
                         I("visibility"), T("type"), T("source"), T("id"), T("subject"), B("value")},
                        12, 1, 3},
    [TABLE_RECIPIENT] = {"recipient", {T("recipient"), I("place"), I("type")}, 3, 2, 2},
    [TABLE_PARKED] = {"parked",
                      {I("place"), I("input"), I("decided_ms"), T("source"), T("id"), T("type"), T("subject"), T("trace"),
                       T("code"), B("key"), B("value")},
                      11, 1, 3},
    [TABLE_ANSWER] = {"answer",
                      {I("place"), I("input"), I("delivery"), T("organisation"), T("endpoint"), I("result"), T("code"),
                       I("attempts"), I("settled_ms"), B("value")},
                      10, 1, 7},
    [TABLE_BUSINESS_KEY] = {"business_key",
                            {T("key"), I("at_ms"), I("input"), I("kind")},
                            4, 4, 4},
    [TABLE_UNREAD] = {"unread", {I("place"), I("seen_ms"), T("code"), B("key"), B("value")}, 5, 1, 1},
};
