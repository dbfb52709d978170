/* medhub.h: the C library for programs of hospitals, pharmacies and others that take part in medhub.
 *
 * It submits events through a durable local outbox, gives their receipts, follows feeds with a stored cursor,
 * keeps a local copy of the catalogue and takes printed codes apart. It speaks HTTP to the hub's gateway and
 * nothing else.
 *
 *     struct medhub_error error = MEDHUB_ERROR_INIT;
 *     struct medhub_options *options = medhub_options_new();
 *     medhub_options_set(options, "gateway", "https://hub.example:8443", &error);
 *     medhub_options_set(options, "organisation", "H65010000001", &error);
 *     medhub_options_set(options, "directory", "/var/lib/hospital/medhub", &error);
 *     medhub_options_set(options, "key", "2026", &error);
 *     medhub_options_set(options, "key_file", "/etc/hospital/medhub.pem", &error);
 *     struct medhub *hub = NULL;
 *     if (medhub_open(options, &hub, &error) != MEDHUB_OK)
 *         fprintf(stderr, "%s\n", error.text_en);
 *     medhub_options_free(options);
 *
 * Threads: a handle may be used by any number of threads. The library starts none by itself: sending,
 * receiving and all callbacks happen inside medhub_work() and the functions that say that they work, on the
 * caller's thread, or on the one thread of medhub_start_thread(). After fork() a child must not touch a
 * handle of its parent.
 *
 * Texts are UTF-8 and NUL-terminated. What a function lends lives as long as the object it was asked of. An
 * ERROR argument may be NULL. Structures with a size field are set up with their _INIT macro, so that a
 * program built with an older header works with a newer library. */
#ifndef MEDHUB_H
#define MEDHUB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEDHUB_VERSION_TEXT "0.1.0"

/* The version of the library that runs, which may be newer than the header. */
const char *medhub_version(void);

enum medhub_status {
    MEDHUB_OK = 0,
    MEDHUB_AGAIN = 1,       /* not yet: nothing happened within the time that was given */
    MEDHUB_FULL = 2,        /* the outbox is at its bound; nothing was taken */
    MEDHUB_INVALID = 3,     /* an argument, option or event is not what it must be */
    MEDHUB_NOT_FOUND = 4,   /* no such event, item or feed */
    MEDHUB_CONFLICT = 5,    /* another event was submitted with this id */
    MEDHUB_BUSY = 6,        /* the directory is in use by another handle, or somebody works with this one */
    MEDHUB_STORAGE = 7,     /* the local files cannot be read or written */
    MEDHUB_UNREACHABLE = 8, /* the gateway does not answer */
    MEDHUB_DENIED = 9,      /* the gateway does not accept key or certificate, or not for this */
    MEDHUB_PROTOCOL = 10,   /* the gateway's answer is not to be understood */
    MEDHUB_DAMAGED = 11,    /* the catalogue copy is not what it was; medhub_catalogue_refresh() heals it */
    MEDHUB_MEMORY = 12
};

/* Lends the name of a status, "full". */
const char *medhub_status_name(enum medhub_status status);

/* Why. code is stable and for programs ("outbox.full"); the texts are one sentence for a person. They hold no
 * payload. */
struct medhub_error {
    size_t size;
    int status;      /* enum medhub_status */
    int http_status; /* 0: not from an HTTP answer */
    char code[64];
    char text_zh[512];
    char text_en[512];
};
#define MEDHUB_ERROR_INIT                                                                                    \
    {                                                                                                        \
        sizeof(struct medhub_error), 0, 0, "", "", ""                                                        \
    }

/* Gives back what the library handed over as char *. NULL is fine. */
void medhub_free(void *memory);

/* ---- options ---- */

struct medhub_options;
struct medhub;

/* NULL when out of memory. */
struct medhub_options *medhub_options_new(void);
void medhub_options_free(struct medhub_options *options); /* NULL is fine */
/* Sets the option NAME from its text; medhub.3 lists all with bounds and defaults. INVALID names what is
 * wrong. */
enum medhub_status medhub_options_set(struct medhub_options *options, const char *name, const char *value,
                                      struct medhub_error *error);
/* Sets options from a file of lines NAME = VALUE; empty lines and lines that begin with # are skipped. */
enum medhub_status medhub_options_read(struct medhub_options *options, const char *path,
                                       struct medhub_error *error);

/* Opens the local files (they are created) and locks them; nothing is sent yet. OPTIONS may be freed
 * afterwards. BUSY: another process, or another handle of this one, has the directory. */
enum medhub_status medhub_open(const struct medhub_options *options, struct medhub **hub,
                               struct medhub_error *error);
/* Stops the thread if there is one, breaks requests off and closes the files. What was not sent yet is sent
 * after the next medhub_open(). NULL is fine. */
void medhub_close(struct medhub *hub);

/* ---- work ---- */

/* Sends, receives and calls callbacks; waits at most TIMEOUT_MS for something to do (0: do what is due and
 * return). AGAIN: nothing happened. BUSY: another thread works, or this is called from a callback. That the
 * gateway is away is no error here: it is tried again, and medhub_state() tells. */
enum medhub_status medhub_work(struct medhub *hub, int timeout_ms, struct medhub_error *error);

/* Starts one thread that works until medhub_stop_thread() or medhub_close(). Callbacks then come on that
 * thread. */
enum medhub_status medhub_start_thread(struct medhub *hub, struct medhub_error *error);
/* Returns when the thread has ended. Not from a callback. */
void medhub_stop_thread(struct medhub *hub);

/* How things stand. */
struct medhub_state {
    size_t size;
    uint64_t waiting;      /* events that the gateway has not taken yet */
    uint64_t sent;         /* taken; the receipt has not arrived yet */
    uint64_t outbox_bytes; /* of both together */
    uint64_t settled;      /* receipts in the local files */
    int64_t oldest_ms;     /* Unix time in milliseconds at which the oldest of both was submitted; 0: none */
    int64_t contact_ms;    /* the last answer of the gateway since medhub_open(); 0: none */
    struct medhub_error problem; /* what stands in the way now; status MEDHUB_OK: nothing */
};
#define MEDHUB_STATE_INIT                                                                                    \
    {                                                                                                        \
        sizeof(struct medhub_state), 0, 0, 0, 0, 0, 0, MEDHUB_ERROR_INIT                                     \
    }
enum medhub_status medhub_state(struct medhub *hub, struct medhub_state *state, struct medhub_error *error);

/* ---- submit ---- */

#define MEDHUB_ID_BYTES 256

/* An event, either whole as a CloudEvent in structured JSON form (json), or in parts. */
struct medhub_event {
    size_t size;
    const char *json;    /* a whole CloudEvent; then the next four are NULL */
    const char *type;    /* "medhub.prescription.uploaded.v1" */
    const char *id;      /* NULL: one is made */
    const char *subject; /* or NULL */
    const char *data;    /* a JSON object: the message */
    const char *key;     /* events of one key arrive in the order of their submission; NULL: the event's
                            partitionkey,     else its subject, else one key that all such events share */
};
#define MEDHUB_EVENT_INIT                                                                                    \
    {                                                                                                        \
        sizeof(struct medhub_event), NULL, NULL, NULL, NULL, NULL, NULL                                      \
    }

/* Takes COUNT events into the outbox, all or none, in this order. OK: they are on disk and will be sent, also
 * after kill or power loss, until a receipt arrives. IDS (may be NULL) receives each event's id.
 *
 * An event is known by its source and id. Choose ids of your own if your program may submit the same thing
 * again after a crash: the same event with the same id is then taken once (OK), another one is a CONFLICT. A
 * time is added where the event has none, and the source must be, or becomes, the organisation of the
 * options.
 *
 * An event of a key is sent after the one before it was taken by the gateway (acknowledged by all replicas of
 * the hub's log) or refused. A refused event is settled with its findings and blocks nobody. 429, 5xx and a
 * gateway that is away block: they are tried again with growing pauses, as long as it takes. */
enum medhub_status medhub_submit(struct medhub *hub, const struct medhub_event *events, size_t count,
                                 char (*ids)[MEDHUB_ID_BYTES], struct medhub_error *error);

/* Takes the event out of the outbox; it may have arrived already. For one that must no longer stand in the
 * way. */
enum medhub_status medhub_withdraw(struct medhub *hub, const char *id, struct medhub_error *error);

/* ---- receipts ---- */

enum medhub_outcome {
    MEDHUB_PENDING = 0,
    MEDHUB_ACCEPTED = 1,
    MEDHUB_REFUSED = 2,  /* by the hub's rules, or by the gateway as no event at all: the findings say why */
    MEDHUB_DUPLICATE = 3 /* says again what another event said */
};

struct medhub_receipt;

/* The receipt of event ID as far as it is known here. The caller frees it. AGAIN: in the outbox, no receipt
 * yet. NOT_FOUND: unknown, or so long ago that it was forgotten (option receipts_max). */
enum medhub_status medhub_receipt(struct medhub *hub, const char *id, struct medhub_receipt **receipt,
                                  struct medhub_error *error);
/* Works (or waits for the thread) until the receipt is there, TIMEOUT_MS at most. AGAIN: still none. Not from
 * a callback. */
enum medhub_status medhub_wait(struct medhub *hub, const char *id, int timeout_ms,
                               struct medhub_receipt **receipt, struct medhub_error *error);
void medhub_receipt_free(struct medhub_receipt *receipt); /* NULL is fine */

const char *medhub_receipt_id(const struct medhub_receipt *receipt);
enum medhub_outcome medhub_receipt_outcome(const struct medhub_receipt *receipt);
/* The gateway's answer, a JSON object: the receipt, or the problem details (RFC 9457) of a refusal. */
const char *medhub_receipt_json(const struct medhub_receipt *receipt);
/* Lends a text of that object: "code", "detail", "detailZh", "firstId", "decidedAt". "" if it is not there.
 */
const char *medhub_receipt_field(const struct medhub_receipt *receipt, const char *field);
size_t medhub_receipt_finding_count(const struct medhub_receipt *receipt);
/* Lends a field of a finding: "code", "rule", "citation", "path", "found", "expected", "sentenceZh",
 * "sentenceEn", "severity". "" if it is not there. */
const char *medhub_receipt_finding(const struct medhub_receipt *receipt, size_t index, const char *field);
/* "accepted". Lends a constant. */
const char *medhub_outcome_name(enum medhub_outcome outcome);

/* Called for each receipt in the order of arrival; the receipt is lent. Anything but MEDHUB_OK: it is told
 * again later. A receipt that was not told when the program ended is told after the next start. One callback
 * at a time, NULL: none. */
typedef enum medhub_status medhub_receipt_callback(void *context, const struct medhub_receipt *receipt);
enum medhub_status medhub_on_receipt(struct medhub *hub, medhub_receipt_callback *callback, void *context,
                                     struct medhub_error *error);

/* ---- feeds ---- */

enum medhub_item_kind {
    MEDHUB_ITEM_EVENT = 0,
    MEDHUB_ITEM_GAP =
        1 /* the stored cursor is older than what the hub keeps: deliveries are missing. Once this is handled
             the feed goes on with the oldest that is there. Read the snapshot, or ask the hub */
};

struct medhub_item;

enum medhub_item_kind medhub_item_kind(const struct medhub_item *item);
const char *medhub_item_feed(const struct medhub_item *item);
/* The CloudEvent in structured JSON form, as this organisation may see it; "" of a gap. */
const char *medhub_item_json(const struct medhub_item *item);
/* Its attributes; "" if absent. */
const char *medhub_item_id(const struct medhub_item *item);
const char *medhub_item_type(const struct medhub_item *item);
const char *medhub_item_subject(const struct medhub_item *item);

/* Follows FEED from its stored cursor on, or from the oldest event that is kept. CALLBACK is called from the
 * work, one item after the other; the item is lent. MEDHUB_OK moves the stored cursor behind this item;
 * anything else leaves it and the item comes again later. So each item is handled at least once: a program
 * that dies after its own work and before the return sees the item again. One medhub_work() may call it many
 * times. */
typedef enum medhub_status medhub_item_callback(void *context, const struct medhub_item *item);
enum medhub_status medhub_follow(struct medhub *hub, const char *feed, medhub_item_callback *callback,
                                 void *context, struct medhub_error *error);
/* Stops following; the cursor stays. From a callback too. */
enum medhub_status medhub_unfollow(struct medhub *hub, const char *feed, struct medhub_error *error);

/* The same without a callback: works (or waits for the thread) until FEED has an item and lends it until the
 * next call for this feed. It comes again until medhub_done() has moved the cursor behind it. AGAIN: none
 * within TIMEOUT_MS. */
enum medhub_status medhub_next(struct medhub *hub, const char *feed, int timeout_ms,
                               const struct medhub_item **item, struct medhub_error *error);
enum medhub_status medhub_done(struct medhub *hub, const struct medhub_item *item,
                               struct medhub_error *error);

/* Goes back or ahead: CURSOR "" is the oldest that is kept, "now" what comes from now on, anything else a
 * cursor of the gateway. Items that came and were not handled are given up. BUSY: FEED is being followed. */
enum medhub_status medhub_set_cursor(struct medhub *hub, const char *feed, const char *cursor,
                                     struct medhub_error *error);

/* ---- catalogue ---- */

/* Brings the local copy up to date: a snapshot first, later only what changed, or once more a snapshot where that is smaller (the
 * gateway says both when more than a page is left). Works (or waits for the
 * thread) for TIMEOUT_MS at most; AGAIN: not finished, call again, it goes on. A new snapshot takes the old
 * one's place at once and only when its digest is right; until then, and when the gateway is away, the old
 * copy answers. An institution's copy holds what the institution is told of: the rows of its regions and of
 * the nation, and its own formulary; that of any other organisation everything. */
enum medhub_status medhub_catalogue_refresh(struct medhub *hub, int timeout_ms, struct medhub_error *error);

/* The row of item CODE of TABLE ("WESTERN_DRUG", "CONSUMABLE": a kind of catalogue.proto without KIND_) that
 * is in force on DATE ("2026-03-02", the day of service) in REGION ("650102"), else in what lies above it:
 * city, province, nation. *JSON (to be freed with medhub_free()):
 * {"table","code","region","validFrom","validUntil","item":{...}}, validUntil "" if it is open. Local only,
 * works offline. NOT_FOUND: no such item, or not on that day; or no copy yet (code "catalogue.none").
 * DAMAGED: the row is not what was stored. */
enum medhub_status medhub_catalogue_find(struct medhub *hub, const char *table, const char *code,
                                         const char *region, const char *date, char **json,
                                         struct medhub_error *error);

/* The same with what the hub's rules would make of it: the nation's row where it protects the item, the item that an old code or
 * another name leads to, whether the fund pays for it and up to which price. *JSON (to be freed with medhub_free()) is what
 * GET /v1/items answers: {"table","code","key","layer","region","date","validFrom","validUntil","version","release","payable",
 * "priceLimit","why":["NAME: 中文 / English"],"item":{...},"formulary":{...}}; what does not apply is left out. Local only, works
 * offline. NOT_FOUND and DAMAGED as above. */
struct medhub_question {
    size_t size;
    const char *table, *code, *region, *date; /* as above; across provinces the region of care, else of the insurance */
    const char *insurance; /* insutype: "310" employees, "390" residents, "510" maternity; NULL: any */
    int across_provinces;  /* care in another province than the insurance */
    int own_formulary;     /* also ask the formulary of this organisation */
};
#define MEDHUB_QUESTION_INIT                                                                                 \
    {                                                                                                        \
        sizeof(struct medhub_question), NULL, NULL, NULL, NULL, NULL, 0, 0                                    \
    }
enum medhub_status medhub_catalogue_lookup(struct medhub *hub, const struct medhub_question *question, char **json,
                                           struct medhub_error *error);

/* The releases that the copy holds whole, as a JSON array (to be freed with medhub_free()):
 * [{"release","digest","appliedMs"}]. The digest, hexadecimal, is what this copy made of the changes that came, or what the
 * snapshot said; the library answers it to the bureau with medhub.catalogue.applied.v1 (option answer_releases). */
enum medhub_status medhub_catalogue_releases(struct medhub *hub, char **json, struct medhub_error *error);

/* Reads the whole copy and compares it with its digest. DAMAGED: it is not right; the next refresh takes a
 * new snapshot. */
enum medhub_status medhub_catalogue_check(struct medhub *hub, struct medhub_error *error);

struct medhub_catalogue_state {
    size_t size;
    uint64_t rows;
    int64_t snapshot_ms;  /* Unix time: when the snapshot was taken in; 0: no copy */
    int64_t refreshed_ms; /* complete up to then */
    char digest[65];      /* of the copy as it is now, hexadecimal; equal for equal rows */
};
#define MEDHUB_CATALOGUE_STATE_INIT                                                                          \
    {                                                                                                        \
        sizeof(struct medhub_catalogue_state), 0, 0, 0, ""                                                   \
    }
enum medhub_status medhub_catalogue_state(struct medhub *hub, struct medhub_catalogue_state *state,
                                          struct medhub_error *error);

/* ---- codes ---- */

/* Takes apart what a scanner gives: GS1, MA, AHM, HIBC, ISBT 128, drug trace codes, national codes. *JSON (to
 * be freed with medhub_free()) is one object as `medhub code parse` prints it, also when INVALID comes back:
 * then with its error and place. TEXT has LENGTH bytes and may hold control characters. CURRENT_YEAR decides
 * the century of two-digit years; 0: of the system clock. Needs no handle, any thread. */
enum medhub_status medhub_code_parse(const char *text, size_t length, int current_year, char **json,
                                     struct medhub_error *error);

/* ---- a person's identity ---- */

/* Who may open a sealed value: the organisation, and its key for encryption in the registry's JSON form
 * ({"id":"e1","algorithm":"KEY_ALGORITHM_X25519","publicKey":"...","use":"KEY_USE_ENCRYPTION"}). */
struct medhub_recipient {
    const char *organisation, *key_json;
};

/* Encrypts LENGTH bytes (a JSON object with name, documentNumber, telephone) to COUNT recipients, bound to the event
 * (SOURCE, ID) and its FIELD ("identity"): *JSON (to be freed with medhub_free()) is the field's value in the event's JSON.
 * INVALID "seal.failed" names the cause. Needs no handle, any thread. */
enum medhub_status medhub_seal(const char *source, const char *id, const char *field,
                               const struct medhub_recipient *recipients, size_t count, const void *plain, size_t length,
                               char **json, struct medhub_error *error);

/* Opens SEALED_JSON, the field's value of that event, as ORGANISATION with its private key (PEM). *PLAIN (to be freed with
 * medhub_free(), it ends with a NUL that *LENGTH does not count) is what was sealed. */
enum medhub_status medhub_open_sealed(const char *source, const char *id, const char *field, const char *sealed_json,
                                      const char *organisation, const char *private_key_pem, char **plain, size_t *length,
                                      struct medhub_error *error);

/* The pseudonym of an identity number (of document type "01" and so on) under a SECRET of at least 32 bytes with the id
 * KEY_ID: *PSEUDONYM is to be freed with medhub_free(). */
enum medhub_status medhub_person_pseudonym(const char *key_id, const void *secret, size_t secret_length, const char *type,
                                           const char *number, char **pseudonym, struct medhub_error *error);

#ifdef __cplusplus
}
#endif

#endif
