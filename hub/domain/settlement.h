/* settlement.h: the settlement family. Key: the person's pseudonym.
 *
 *     medhub.settlement.posted.v1     payee or insurer: what was charged and who pays it
 *     medhub.settlement.reversed.v1   takes back exactly what was posted, once
 *
 * Row settlement/MESSAGE_ID. A posting that says the same amounts again under the same message id is a
 * duplicate and changes nothing; other amounts under that id are refused. A reversal states the amounts as
 * they were posted, with the same (positive) sign, or leaves them out. */
#ifndef DOMAIN_SETTLEMENT_H
#define DOMAIN_SETTLEMENT_H

#include "domain/messages.h"
#include "domain/rule.h"

extern const struct domain domain_settlement;

/* The amounts of a posting by which a repetition is recognised. */
enum { FINGERPRINT_BYTES = 8 };

/* What the catalogue says of a line that the fund pays for. */
struct paid_line {
    bool is_judged;            /* false: the fund pays nothing of it, or it has no catalogue code */
    date_t day;                /* of service */
    const CatalogueItem *item; /* in force on that day, or NULL */
};

struct posting {
    const SettlementPosted *said;
    const SettlementState *earlier; /* under the same message id, or NULL */
    date_t settled_on;
    uint8_t fingerprint[FINGERPRINT_BYTES];
    bool across_provinces;       /* care in another province than the insurance */
    const char *list_region;     /* whose catalogue holds */
    struct paid_line *paid_lines; /* one for each line; NULL: it comes again and is not judged anew */
};

struct reversal {
    const SettlementReversed *said;
    SettlementState *original; /* what it takes back, or NULL */
};

/* settlement_decide.c; the rules and the table of handlers are in settlement.c. */
void *settlement_prepare_posting(struct view *view, const struct event *event);
void settlement_decide_posting(struct view *view, const struct event *event, void *prepared,
                               struct decision *decision);
void *settlement_prepare_reversal(struct view *view, const struct event *event);
void settlement_decide_reversal(struct view *view, const struct event *event, void *prepared,
                                struct decision *decision);
/* True if the earlier posting under the same message id has other amounts. */
bool settlement_contradicts(const struct posting *posting);

/* settlement_prescription.c: tells the circulated prescriptions that a settlement names that it was posted or reversed. */
/* The prescription NUMBER of this person as SAID names it, or NULL: it was not circulated. */
const PrescriptionState *settlement_prescription(struct view *view, const SettlementPosted *said, const char *number);
/* Fills the row's list with those of this person that SAID names. False when the arena is full. */
bool settlement_find_prescriptions(struct view *view, struct decision *decision, const SettlementPosted *said,
                                   SettlementState *state);
/* A follow-up for each prescription of the list. */
void settlement_tell_prescriptions(struct view *view, struct decision *decision, const SettlementState *state,
                                   const char *person, bool reversed);

/* settlement_trace.c: tells each product whose trace codes a settlement names that it was settled, or that the settlement was taken
 * back. */
/* Keeps the codes of SAID in the row. False when the arena is full. */
bool settlement_keep_codes(struct decision *decision, const SettlementPosted *said, SettlementState *state);
/* A follow-up for each code that can be read. */
void settlement_tell_trace(struct view *view, struct decision *decision, const SettlementPosted *said);
void settlement_take_back_trace(struct view *view, struct decision *decision, const SettlementState *state,
                                const SettlementReversed *said);

/* settlement_catalogue.c: what the fund pays for is on the catalogue on the day of service. A line without a catalogue code is not
 * judged, nor a posting that comes again: it was when it came first. */
/* Looks the lines of POSTING up, once for all rules. False when the arena is full. */
bool settlement_look_up_lines(struct view *view, struct posting *posting);
void settlement_paid_lines_are_on_the_catalogue(struct rule_context *context);

/* settlement_payment.c: how far the fund pays for what is on the catalogue; one function for each rule. */
void settlement_excess_is_borne_by_the_person(struct rule_context *context);
void settlement_items_are_paid_there(struct rule_context *context);
void settlement_items_are_of_the_insurance(struct rule_context *context);

/* settlement_dual_channel.c: how the fund pays for dual-channel drugs; one function for each rule, each with a switch. */
void settlement_dual_channel_share_of_employees(struct rule_context *context); /* parameter_also: the least share, in percent */
void settlement_dual_channel_share_of_residents(struct rule_context *context);
void settlement_dual_channel_is_paid_by_itself(struct rule_context *context);

/* settlement_across_provinces.c: the gate for care in another province, where filings and qualifications are declared complete. */
date_t settlement_day_of_service(const struct posting *posting);
/* medType: 1401 chronic, 1402 special diseases of outpatients */
bool settlement_is_chronic(const char *medical_type);
void settlement_person_has_filed(struct rule_context *context);
void settlement_person_is_qualified(struct rule_context *context);

/* settlement_referral.c: what a referral does to a stay's deductible and share; one function for each rule. */
void settlement_deductible_is_that_of_the_referral(struct rule_context *context); /* parameter_also: the hospitals' deductibles */
void settlement_unreferred_bear_more(struct rule_context *context); /* parameter_also: the fund's share, and how much less it is */
void settlement_unreferred_have_no_assistance(struct rule_context *context);
/* The person left the region of the insurance for a stay, and neither a referral nor a filing says why. */
bool settlement_left_without_referral(const struct rule_context *context);

/* settlement_relief.c: what insurance for serious illness and medical assistance pay, and how a status that was recognised changes
 * it; one function for each rule, parameter_also: the shares and deductibles. */
void settlement_serious_illness_share(struct rule_context *context);
void settlement_serious_illness_deductible(struct rule_context *context);
void settlement_medical_aid_share(struct rule_context *context);
/* What a settlement leaves to the person of what is in scope, of stays and chronic diseases; all 0 of others. Their sums over a year
 * are held against deductibles. */
struct burden_parts {
    int64_t before_serious_illness_fen, before_aid_fen;
};
struct burden_parts settlement_burden(const SettlementPosted *said);

/* settlement_share.c: what rules about layers, shares and policy have in common. */
const char *settlement_yuan(struct rule_context *context, int64_t fen);
/* A stay in hospital that is posted for the first time. */
bool settlement_is_a_stay(const struct posting *posting);
/* What LAYER pays, all of its funds. */
int64_t settlement_paid_by(const SettlementPosted *said, SettlementLayer layer);
/* Whether PAID is less, or more, than PERCENT of WHOLE: in hundredths of a fen, so nothing is rounded. Amounts that no settlement
 * has are neither. */
bool settlement_below_percent(int64_t paid, int64_t whole, int64_t percent);
bool settlement_exceeds_percent(int64_t paid, int64_t whole, int64_t percent);
/* The value of PARAMETER for the insurance's region on the day of service; 0 where the policy has none. */
int64_t settlement_policy(const struct rule_context *context, const char *parameter);
/* Refuses or warns on the day of service, as the region of the insurance says by the rule's parameter. */
void settlement_differs(struct rule_context *context, const char *path, int64_t found_fen, const char *expected);

/* settlement_identities.c: nhsa-wire 1.10, I1 to I8; one function for each rule. */
void settlement_i1_lines_add_up(struct rule_context *context);
void settlement_i2_line_amounts(struct rule_context *context);
void settlement_i3_partition(struct rule_context *context);
void settlement_i4_layers_add_up(struct rule_context *context);
void settlement_i6_person_pays_the_rest(struct rule_context *context);
void settlement_i7_account_and_cash(struct rule_context *context);
void settlement_i8_all_payers(struct rule_context *context);

#endif
