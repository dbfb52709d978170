#include "exchange/epcis.h"

#include <string.h>

#define STEP_(name_) MEDHUB__TRACE__V1__STEP__STEP_##name_

#define OBJECT      "ObjectEvent"
#define AGGREGATION "AggregationEvent"

/* Of several rows with one bizStep the disposition decides; the first is the one for any other. Bookings of money are no
 * steps of the vocabulary: it lets users add their own URIs [CBV 2.0, 7.1]. */
static const struct epcis_step steps[] = {
    {STEP_(COMMISSIONED), false, OBJECT, "ADD", "commissioning", "active"},
    {STEP_(PACKED), false, AGGREGATION, "ADD", "packing", "in_progress"},
    {STEP_(UNPACKED), false, AGGREGATION, "DELETE", "unpacking", "in_progress"},
    {STEP_(OUTBOUND), false, OBJECT, "OBSERVE", "shipping", "in_transit"},
    {STEP_(RETURNED), true, OBJECT, "OBSERVE", "shipping", "returned"},
    {STEP_(INBOUND), false, OBJECT, "OBSERVE", "receiving", "in_progress"},
    {STEP_(RETURNED), false, OBJECT, "OBSERVE", "receiving", "returned"},
    {STEP_(PURCHASED), false, OBJECT, "OBSERVE", "accepting", "in_progress"},
    {STEP_(STORED), false, OBJECT, "OBSERVE", "storing", "sellable_accessible"},
    {STEP_(USED), false, OBJECT, "OBSERVE", "dispensing", "dispensed"},
    {STEP_(SOLD), false, OBJECT, "OBSERVE", "retail_selling", "retail_sold"},
    {STEP_(DESTROYED), false, OBJECT, "DELETE", "destroying", "destroyed"},
    {STEP_(CHARGED), false, OBJECT, "OBSERVE", "urn:medhub:bizstep:charged", ""},
    {STEP_(SETTLED), false, OBJECT, "OBSERVE", "urn:medhub:bizstep:settled", ""},
    {STEP_(UNSETTLED), false, OBJECT, "OBSERVE", "urn:medhub:bizstep:unsettled", ""},
};
enum { STEPS = sizeof steps / sizeof *steps };

const struct epcis_step *epcis_step_of(const Medhub__Trace__V1__ItemScanned *said)
{
    bool to_supplier = said->step == STEP_(RETURNED) && said->counterparty[0] != '\0';

    for (size_t i = 0; i < STEPS; i++)
        if (steps[i].step == said->step && steps[i].to_supplier == to_supplier)
            return &steps[i];
    return NULL;
}

/* "shipping" of "https://ref.gs1.org/cbv/BizStep-shipping" and "urn:epcglobal:cbv:bizstep:shipping". */
static const char *bare(const char *word)
{
    static const char *const stems[] = {"https://ref.gs1.org/cbv/BizStep-", "https://ref.gs1.org/cbv/Disp-",
                                        "urn:epcglobal:cbv:bizstep:", "urn:epcglobal:cbv:disp:"};

    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        if (strncmp(word, stems[i], strlen(stems[i])) == 0)
            return word + strlen(stems[i]);
    return word;
}

/* What is given to a patient may be said to end there. */
static bool is_action(const struct epcis_step *row, const char *action)
{
    bool ends = row->step == STEP_(USED) || row->step == STEP_(SOLD);

    return strcmp(row->action, action) == 0 || (ends && strcmp(action, "DELETE") == 0);
}

const struct epcis_step *epcis_step_find(const char *type, const char *action, const char *biz_step,
                                         const char *disposition)
{
    const struct epcis_step *found = NULL;

    for (size_t i = 0; i < STEPS; i++) {
        if (strcmp(steps[i].type, type) != 0 || !is_action(&steps[i], action) ||
            strcmp(steps[i].biz_step, bare(biz_step)) != 0)
            continue;
        if (found == NULL || strcmp(steps[i].disposition, bare(disposition)) == 0)
            found = &steps[i];
    }
    return found;
}
