/* trace_questions.h: what can be asked about items and lots: one table of questions, from which the gateway's routes, `medhub ctl
 * trace` and their help are made. The statements hold for both databases.
 *
 * Time is that of the scans (scanned_at), not of their arrival: a late scan changes what was, as it should. A scan of a box
 * counts for what lies in it, at any depth down to TRACE_DEPTH_MAX. One thread owns a struct read_model and its one answer. */
#ifndef STORE_TRACE_QUESTIONS_H
#define STORE_TRACE_QUESTIONS_H

#include "store/read_model.h"
#include "store/sql.h"

#define TRACE_DEPTH_MAX "8" /* of boxes within boxes, in the statements */

/* ---- the table ---- */

enum trace_argument {
    TRACE_PRODUCT = 1, /* device identifier, or the first seven digits of a drug code */
    TRACE_LOT,
    TRACE_SERIAL,
    TRACE_HOLDER,  /* an organisation */
    TRACE_AT,      /* as of then */
    TRACE_DAYS,    /* nothing for so long */
    TRACE_RECALL,  /* the number of a recall */
    TRACE_LIMIT,   /* rows */
    TRACE_VIEWER,  /* given by the asker's rights, not by the asker */
    TRACE_PERSONS, /* whose patients are shown, likewise */
};
enum { TRACE_ARGUMENTS_MAX = 9, TRACE_COLUMNS_MAX = 14 };

enum trace_type { TRACE_TEXT, TRACE_MOMENT, TRACE_QUANTITY, TRACE_NUMBER, TRACE_STEP };
struct trace_column {
    const char *name; /* member of JSON, head of CSV */
    enum trace_type type;
};

struct trace_question {
    const char *name; /* several rows of one name: the one whose requirements are given answers */
    const char *sentence_zh, *sentence_en;
    unsigned required; /* bits 1 << enum trace_argument */
    enum trace_argument arguments[TRACE_ARGUMENTS_MAX]; /* $1, $2 ...; end with 0 */
    struct trace_column columns[TRACE_COLUMNS_MAX];     /* end with a NULL name */
    /* Of an answer with tens of thousands of rows (else NULL): the same, but no more than TRACE_FIRST_ROWS. A database that is
     * asked for a few looks for those; asked for all it first sorts and joins all. TEXT then leaves these out: both see one snapshot. */
    const char *first;
    const char *text;
};
#define TRACE_FIRST_ROWS "500"

extern const struct trace_question trace_questions[];
extern const size_t trace_question_count;

/* The facts themselves behind the history of an item, and of a lot: columns are value (packed event with its provenance),
 * source and decided_ms. */
enum { TRACE_FACT_VALUE, TRACE_FACT_SOURCE, TRACE_FACT_DECIDED };
extern const struct trace_question trace_facts_of_item, trace_facts_of_lot;

/* ---- asking ---- */

/* What the asker knows. Texts "" and moments 0: not given. */
struct trace_known {
    const char *product, *lot, *serial, *holder, *recall;
    int64_t at_ms, days, limit;
};
/* Puts what CODE says where nothing is given. False: it names no item. It lies in ARENA. */
bool trace_known_read(struct trace_known *known, const char *code, struct arena *arena);

/* The row of NAME that KNOWN suffices for, the most particular first. NULL and *EXISTS: something is missing. */
const struct trace_question *trace_question_find(const char *name, const struct trace_known *known, bool *exists);

/* Who asks. NULL: an operator. A holder sees what it took part in; the maker of a product all of it but patients and
 * settlements of others; SEES_ALL everything. */
struct trace_asker {
    const char *organisation;
    bool sees_all;
};

/* An answer, row by row, from one snapshot. Lent values last until the next row. */
struct trace_answer {
    struct read_model *model;
    const struct trace_question *question;
    struct sql_cursor cursor;
    struct sql_value values[TRACE_ARGUMENTS_MAX];
    size_t value_count;
    int64_t first_left; /* rows of question->first that may still come; -1: they have come, or there is none */
};
/* NOW_MS: what TRACE_DAYS are counted back from. KNOWN and ASKER are lent until trace_end, which must come in any case. */
enum status trace_ask(struct read_model *model, const struct trace_question *question, const struct trace_known *known,
                      const struct trace_asker *asker, int64_t now_ms, struct trace_answer *answer,
                      struct fault *fault) MUST_CHECK;
enum status trace_next(struct trace_answer *answer, bool *row, struct fault *fault) MUST_CHECK;
void trace_end(struct trace_answer *answer);

/* ---- values ---- */

/* Column COLUMN of the row as text: RFC 3339, a decimal, a step as "packed"; "" for nothing. It lies in TEXT or is lent. */
enum { TRACE_TEXT_BYTES = 64 };
struct bytes trace_value(const struct trace_answer *answer, size_t column, char text[TRACE_TEXT_BYTES]);
/* Appends the row as a JSON object; what is nothing is left out. */
void trace_write_json(const struct trace_answer *answer, struct buffer *out);
/* Appends it as a line of CSV (RFC 4180), and the head of such a file. */
void trace_write_csv(const struct trace_answer *answer, struct buffer *out);
void trace_write_csv_head(const struct trace_question *question, struct buffer *out);

/* "packed" of a step; NULL: none of ours. */
const char *trace_step_name(int64_t step);

#endif
