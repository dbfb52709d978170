/* messages.h: short names for the generated messages that decisions read and write. CamelCase is a message of
 * schemas/, UPPER_CASE its descriptor or a value of one of its enumerations; everything else is ours. */
#ifndef DOMAIN_MESSAGES_H
#define DOMAIN_MESSAGES_H

#include "base/date.h"

#include "medhub/adjustment/v1/adjustment.pb-c.h"
#include "medhub/catalogue/v1/catalogue.pb-c.h"
#include "medhub/catalogue/v1/release.pb-c.h"
#include "medhub/person/v1/person.pb-c.h"
#include "medhub/policy/v1/policy.pb-c.h"
#include "medhub/prescription/v1/prescription.pb-c.h"
#include "medhub/registry/v1/agreement.pb-c.h"
#include "medhub/registry/v1/practitioner.pb-c.h"
#include "medhub/registry/v1/registry.pb-c.h"
#include "medhub/settlement/v1/settlement.pb-c.h"
#include "medhub/state/v1/person.pb-c.h"
#include "medhub/state/v1/recall.pb-c.h"
#include "medhub/state/v1/state.pb-c.h"
#include "medhub/trace/v1/recall.pb-c.h"
#include "medhub/trace/v1/device.pb-c.h"
#include "medhub/trace/v1/stock.pb-c.h"
#include "medhub/trace/v1/trace.pb-c.h"

typedef Google__Protobuf__Timestamp Timestamp;
typedef Medhub__Common__V1__Money Money;
typedef Medhub__Common__V1__Quantity Quantity;
typedef Medhub__Common__V1__Sealed SealedValue;
typedef Medhub__Common__V1__SealWrap SealedWrap;
#define TIMESTAMP    (&google__protobuf__timestamp__descriptor)
#define SEALED_VALUE (&medhub__common__v1__sealed__descriptor)

/* prescription */
typedef Medhub__Prescription__V1__Uploaded PrescriptionUploaded;
typedef Medhub__Prescription__V1__Line PrescriptionLine;
typedef Medhub__Prescription__V1__Reviewed PrescriptionReviewed;
typedef Medhub__Prescription__V1__Claimed PrescriptionClaimed;
typedef Medhub__Prescription__V1__Released PrescriptionReleased;
typedef Medhub__Prescription__V1__ClaimLapsed PrescriptionClaimLapsed;
typedef Medhub__Prescription__V1__IdentityPassedOn PrescriptionIdentityPassedOn;
typedef Medhub__Prescription__V1__Dispensed PrescriptionDispensed;
typedef Medhub__Prescription__V1__DispensedLine DispensedLine;
typedef Medhub__Prescription__V1__Returned PrescriptionReturned;
typedef Medhub__Prescription__V1__ReturnedLine ReturnedLine;
typedef Medhub__Prescription__V1__Revoked PrescriptionRevoked;
typedef Medhub__Prescription__V1__Expired PrescriptionExpired;
typedef Medhub__Prescription__V1__Settled PrescriptionSettled;
typedef Medhub__Prescription__V1__Kind LineKind;
typedef Medhub__State__V1__Prescription PrescriptionState;
typedef Medhub__State__V1__PrescriptionLine PrescriptionLineState;
typedef Medhub__State__V1__PrescriptionStatus PrescriptionStatus;
typedef Medhub__State__V1__PrescriptionDispensing DispensingState;
typedef Medhub__State__V1__DispensingLine DispensingLineState;
typedef Medhub__State__V1__PrescriptionSettlement PrescriptionSettlementState;
typedef Medhub__State__V1__Medication Medication;
typedef Medhub__State__V1__MedicationItem MedicationItem;
#define PRESCRIPTION_EXPIRED_MESSAGE  (&medhub__prescription__v1__expired__descriptor)
#define PRESCRIPTION_CLAIM_LAPSED     (&medhub__prescription__v1__claim_lapsed__descriptor)
#define PRESCRIPTION_IDENTITY_PASSED  (&medhub__prescription__v1__identity_passed_on__descriptor)
#define PRESCRIPTION_SETTLED_MESSAGE  (&medhub__prescription__v1__settled__descriptor)
#define PRESCRIPTION_STATE            (&medhub__state__v1__prescription__descriptor)
#define PRESCRIPTION_LINE_STATE       (&medhub__state__v1__prescription_line__descriptor)
#define DISPENSING_STATE              (&medhub__state__v1__prescription_dispensing__descriptor)
#define DISPENSING_LINE_STATE         (&medhub__state__v1__dispensing_line__descriptor)
#define PRESCRIPTION_SETTLEMENT_STATE (&medhub__state__v1__prescription_settlement__descriptor)
#define MEDICATION                    (&medhub__state__v1__medication__descriptor)
#define MEDICATION_ITEM               (&medhub__state__v1__medication_item__descriptor)
#define QUANTITY                      (&medhub__common__v1__quantity__descriptor)
#define PRESCRIPTION_STATUS_NONE      MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_UNSPECIFIED
#define PRESCRIPTION_UPLOADED         MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_UPLOADED
#define PRESCRIPTION_REVIEWED         MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_REVIEWED
#define PRESCRIPTION_CLAIMED          MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_CLAIMED
#define PRESCRIPTION_PARTLY_DISPENSED                                                                        \
    MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_PARTLY_DISPENSED
#define PRESCRIPTION_DISPENSED MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_DISPENSED
#define PRESCRIPTION_SETTLED   MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_SETTLED
#define PRESCRIPTION_REFUSED_AT_REVIEW                                                                       \
    MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_REFUSED_AT_REVIEW
#define PRESCRIPTION_REVOKED  MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_REVOKED
#define PRESCRIPTION_EXPIRED  MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_EXPIRED
#define PRESCRIPTION_RETURNED MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_RETURNED
#define PRESCRIPTION_APPROVED MEDHUB__STATE__V1__PRESCRIPTION_STATUS__PRESCRIPTION_STATUS_APPROVED
#define LINE_KIND_UNSPECIFIED MEDHUB__PRESCRIPTION__V1__KIND__KIND_UNSPECIFIED
#define LINE_WESTERN          MEDHUB__PRESCRIPTION__V1__KIND__KIND_WESTERN
#define LINE_PATENT_TCM       MEDHUB__PRESCRIPTION__V1__KIND__KIND_PATENT_TCM
#define LINE_PIECES           MEDHUB__PRESCRIPTION__V1__KIND__KIND_PIECES
#define LINE_GRANULES         MEDHUB__PRESCRIPTION__V1__KIND__KIND_GRANULES
#define DUAL_CHANNEL          MEDHUB__PRESCRIPTION__V1__EXTRA_ATTRIBUTE__EXTRA_ATTRIBUTE_DUAL_CHANNEL
#define SELF_PAID             MEDHUB__PRESCRIPTION__V1__APPROVAL__APPROVAL_NO
#define SETTING_INPATIENT     MEDHUB__PRESCRIPTION__V1__SETTING__SETTING_INPATIENT
#define PATIENT_MALE          MEDHUB__PRESCRIPTION__V1__SEX__SEX_MALE
#define PATIENT_FEMALE        MEDHUB__PRESCRIPTION__V1__SEX__SEX_FEMALE
#define STAGE_HOSPITAL        MEDHUB__PRESCRIPTION__V1__REVIEW_STAGE__REVIEW_STAGE_HOSPITAL
#define STAGE_DISPENSER       MEDHUB__PRESCRIPTION__V1__REVIEW_STAGE__REVIEW_STAGE_DISPENSER
#define REVIEW_PASSED         MEDHUB__PRESCRIPTION__V1__REVIEW_RESULT__REVIEW_RESULT_PASSED

/* settlement */
typedef Medhub__Settlement__V1__Posted SettlementPosted;
typedef Medhub__Settlement__V1__Reversed SettlementReversed;
typedef Medhub__Settlement__V1__Layer SettlementLayer;
typedef Medhub__Settlement__V1__LayerPayment LayerPayment;
#define LAYER_BASIC_POOLED         MEDHUB__SETTLEMENT__V1__LAYER__LAYER_BASIC_POOLED
#define LAYER_SERIOUS_ILLNESS      MEDHUB__SETTLEMENT__V1__LAYER__LAYER_SERIOUS_ILLNESS
#define LAYER_MEDICAL_AID          MEDHUB__SETTLEMENT__V1__LAYER__LAYER_MEDICAL_AID
#define CHANNEL_INPATIENT          MEDHUB__SETTLEMENT__V1__CHANNEL__CHANNEL_INPATIENT
#define PAYMENT_METHOD_UNSPECIFIED MEDHUB__SETTLEMENT__V1__PAYMENT_METHOD__PAYMENT_METHOD_UNSPECIFIED
#define PAYMENT_BY_ITEM            MEDHUB__SETTLEMENT__V1__PAYMENT_METHOD__PAYMENT_METHOD_ITEM
#define INSURANCE_EMPLOYEES        "310" /* insutype */
#define INSURANCE_RESIDENTS        "390"
typedef Medhub__Settlement__V1__Amounts SettlementAmounts;
typedef Medhub__Settlement__V1__Line SettlementLine;
typedef Medhub__State__V1__Settlement SettlementState;
typedef Medhub__State__V1__SettledCode SettledCode;
typedef Medhub__Settlement__V1__TraceReference TraceReference;
#define SETTLEMENT_STATE    (&medhub__state__v1__settlement__descriptor)
#define SETTLED_CODE        (&medhub__state__v1__settled_code__descriptor)
#define SETTLEMENT_POSTED   MEDHUB__STATE__V1__SETTLEMENT_STATUS__SETTLEMENT_STATUS_POSTED
#define SETTLEMENT_REVERSED MEDHUB__STATE__V1__SETTLEMENT_STATUS__SETTLEMENT_STATUS_REVERSED

/* trace */
typedef Medhub__Trace__V1__ItemScanned ItemScanned;
typedef Medhub__Trace__V1__AlertRaised AlertRaised;
typedef Medhub__Trace__V1__Alert AlertKind;
typedef Medhub__Trace__V1__Use ItemUse;
typedef Medhub__Trace__V1__Step ScanStep;
typedef Medhub__Trace__V1__Carried Carried;
typedef Medhub__Trace__V1__PackChanged PackChanged;
typedef Medhub__Trace__V1__PackCarried PackCarried;
typedef Medhub__Trace__V1__Device Device;
typedef Medhub__Trace__V1__DeviceRegistered DeviceRegistered;
typedef Medhub__Trace__V1__DeviceUpdated DeviceUpdated;
typedef Medhub__Trace__V1__DeviceWithdrawn DeviceWithdrawn;
typedef Medhub__Trace__V1__LinkSide LinkSide;
typedef Medhub__Trace__V1__CodeLinked CodeLinked;
typedef Medhub__Trace__V1__CodeMismatched CodeMismatched;
typedef Medhub__State__V1__RegisteredDevice RegisteredDevice;
typedef Medhub__State__V1__ProductCode ProductCode;
typedef Medhub__State__V1__ProductCodes ProductCodes;
typedef Medhub__State__V1__PackCarrying PackCarrying;
typedef Medhub__State__V1__ScannedItem ScannedItemState;
typedef Medhub__State__V1__ItemStanding ItemStanding;
typedef Medhub__State__V1__LotHolding LotHolding;
typedef Medhub__State__V1__LotSent LotSent;
typedef Medhub__State__V1__PackContent PackContent;
typedef Medhub__State__V1__RecalledAmount RecalledAmount;
#define ITEM_SCANNED                (&medhub__trace__v1__item_scanned__descriptor)
#define ITEM_USE                    (&medhub__trace__v1__use__descriptor)
#define ALERT_RAISED                (&medhub__trace__v1__alert_raised__descriptor)
#define SCANNED_ITEM_STATE          (&medhub__state__v1__scanned_item__descriptor)
#define CARRIED                     (&medhub__trace__v1__carried__descriptor)
#define PACK_CHANGED                (&medhub__trace__v1__pack_changed__descriptor)
#define PACK_CARRIED                (&medhub__trace__v1__pack_carried__descriptor)
#define PACK_CARRYING               (&medhub__state__v1__pack_carrying__descriptor)
#define DEVICE                      (&medhub__trace__v1__device__descriptor)
#define CODE_MISMATCHED             (&medhub__trace__v1__code_mismatched__descriptor)
#define REGISTERED_DEVICE           (&medhub__state__v1__registered_device__descriptor)
#define PRODUCT_CODE                (&medhub__state__v1__product_code__descriptor)
#define PRODUCT_CODES               (&medhub__state__v1__product_codes__descriptor)
#define QUANTITY                    (&medhub__common__v1__quantity__descriptor)
#define LINK_OF_UDI                 MEDHUB__TRACE__V1__LINK_SIDE__LINK_SIDE_UDI
#define LINK_OF_INSURANCE           MEDHUB__TRACE__V1__LINK_SIDE__LINK_SIDE_INSURANCE
#define LOT_HOLDING                 (&medhub__state__v1__lot_holding__descriptor)
#define LOT_SENT                    (&medhub__state__v1__lot_sent__descriptor)
#define PACK_CONTENT                (&medhub__state__v1__pack_content__descriptor)
#define ITEM_NEVER_SEEN             MEDHUB__STATE__V1__ITEM_STANDING__ITEM_STANDING_UNSPECIFIED
#define ITEM_HELD                   MEDHUB__STATE__V1__ITEM_STANDING__ITEM_STANDING_HELD
#define ITEM_ON_THE_WAY             MEDHUB__STATE__V1__ITEM_STANDING__ITEM_STANDING_ON_THE_WAY
#define ITEM_GIVEN                  MEDHUB__STATE__V1__ITEM_STANDING__ITEM_STANDING_GIVEN
#define ITEM_DESTROYED              MEDHUB__STATE__V1__ITEM_STANDING__ITEM_STANDING_DESTROYED
#define PRODUCT_DRUG                MEDHUB__TRACE__V1__PRODUCT_KIND__PRODUCT_KIND_DRUG
#define STEP_COMMISSIONED           MEDHUB__TRACE__V1__STEP__STEP_COMMISSIONED
#define STEP_PACKED                 MEDHUB__TRACE__V1__STEP__STEP_PACKED
#define STEP_UNPACKED               MEDHUB__TRACE__V1__STEP__STEP_UNPACKED
#define STEP_INBOUND                MEDHUB__TRACE__V1__STEP__STEP_INBOUND
#define STEP_OUTBOUND               MEDHUB__TRACE__V1__STEP__STEP_OUTBOUND
#define STEP_STORED                 MEDHUB__TRACE__V1__STEP__STEP_STORED
#define STEP_CHARGED                MEDHUB__TRACE__V1__STEP__STEP_CHARGED
#define STEP_UNSETTLED              MEDHUB__TRACE__V1__STEP__STEP_UNSETTLED
#define STEP_USED                   MEDHUB__TRACE__V1__STEP__STEP_USED
#define STEP_SOLD                   MEDHUB__TRACE__V1__STEP__STEP_SOLD
#define STEP_PURCHASED              MEDHUB__TRACE__V1__STEP__STEP_PURCHASED
#define STEP_SETTLED                MEDHUB__TRACE__V1__STEP__STEP_SETTLED
#define STEP_RETURNED               MEDHUB__TRACE__V1__STEP__STEP_RETURNED
#define STEP_DESTROYED              MEDHUB__TRACE__V1__STEP__STEP_DESTROYED
#define DEVICE_CLASS_III            MEDHUB__TRACE__V1__DEVICE_CLASS__DEVICE_CLASS_III
#define CODE_UNSPECIFIED            MEDHUB__TRACE__V1__CODE_SYSTEM__CODE_SYSTEM_UNSPECIFIED
#define CODE_GS1                    MEDHUB__TRACE__V1__CODE_SYSTEM__CODE_SYSTEM_GS1
#define CODE_DRUG_TRACE             MEDHUB__TRACE__V1__CODE_SYSTEM__CODE_SYSTEM_DRUG_TRACE
#define ALERT_SOLD_TWICE            MEDHUB__TRACE__V1__ALERT__ALERT_SOLD_TWICE
#define ALERT_SOLD_WITHOUT_PURCHASE MEDHUB__TRACE__V1__ALERT__ALERT_SOLD_WITHOUT_PURCHASE
#define ALERT_SETTLED_TWICE         MEDHUB__TRACE__V1__ALERT__ALERT_SETTLED_TWICE
#define ALERT_CODE_SWAPPED          MEDHUB__TRACE__V1__ALERT__ALERT_CODE_SWAPPED
#define ALERT_QUANTITY_DIFFERS      MEDHUB__TRACE__V1__ALERT__ALERT_QUANTITY_DIFFERS
#define ALERT_TWO_PLACES            MEDHUB__TRACE__V1__ALERT__ALERT_TWO_PLACES
#define ALERT_WITHOUT_CODE          MEDHUB__TRACE__V1__ALERT__ALERT_WITHOUT_CODE
#define ALERT_SPLIT_EXCEEDED        MEDHUB__TRACE__V1__ALERT__ALERT_SPLIT_EXCEEDED
#define ALERT_LABEL_DIFFERS         MEDHUB__TRACE__V1__ALERT__ALERT_LABEL_DIFFERS
#define ALERT_MORE_THAN_HELD        MEDHUB__TRACE__V1__ALERT__ALERT_MORE_THAN_HELD
#define ALERT_STEP_NOT_POSSIBLE     MEDHUB__TRACE__V1__ALERT__ALERT_STEP_NOT_POSSIBLE
#define ALERT_USE_NOT_RECORDED      MEDHUB__TRACE__V1__ALERT__ALERT_USE_NOT_RECORDED
#define ALERT_NOT_REGISTERED        MEDHUB__TRACE__V1__ALERT__ALERT_NOT_REGISTERED
#define ALERT_RESTRICTED_USE        MEDHUB__TRACE__V1__ALERT__ALERT_RESTRICTED_USE
#define ALERT_BRANCH_TO_BRANCH      MEDHUB__TRACE__V1__ALERT__ALERT_BRANCH_TO_BRANCH
#define ALERT_SPECIAL_CONTROL       MEDHUB__TRACE__V1__ALERT__ALERT_SPECIAL_CONTROL
#define ALERT_CODES_DISAGREE        MEDHUB__TRACE__V1__ALERT__ALERT_CODES_DISAGREE
#define ALERT_SOLD_AFTER_EXPIRY     MEDHUB__TRACE__V1__ALERT__ALERT_SOLD_AFTER_EXPIRY

/* stock of several warehouses */
typedef Medhub__Trace__V1__Stock Stock;
typedef Medhub__Trace__V1__StockStage StockStage;
typedef Medhub__Trace__V1__StockMoved StockMoved;
typedef Medhub__Trace__V1__OwnerChanged OwnerChanged;
typedef Medhub__Trace__V1__InstructionIssued InstructionIssued;
typedef Medhub__State__V1__WarehouseStock WarehouseStock;
typedef Medhub__State__V1__StockInstruction StockInstruction;
#define WAREHOUSE_STOCK   (&medhub__state__v1__warehouse_stock__descriptor)
#define STOCK_INSTRUCTION (&medhub__state__v1__stock_instruction__descriptor)
#define STAGE_RECEIVED    MEDHUB__TRACE__V1__STOCK_STAGE__STOCK_STAGE_RECEIVED
#define STAGE_ACCEPTED    MEDHUB__TRACE__V1__STOCK_STAGE__STOCK_STAGE_ACCEPTED
#define STAGE_STORED      MEDHUB__TRACE__V1__STOCK_STAGE__STOCK_STAGE_STORED
#define STAGE_MAINTAINED  MEDHUB__TRACE__V1__STOCK_STAGE__STOCK_STAGE_MAINTAINED
#define STAGE_OUTBOUND    MEDHUB__TRACE__V1__STOCK_STAGE__STOCK_STAGE_OUTBOUND
#define STAGE_IN_TRANSIT  MEDHUB__TRACE__V1__STOCK_STAGE__STOCK_STAGE_IN_TRANSIT
#define STAGE_RETURNED    MEDHUB__TRACE__V1__STOCK_STAGE__STOCK_STAGE_RETURNED
#define STAGE_RECALLED    MEDHUB__TRACE__V1__STOCK_STAGE__STOCK_STAGE_RECALLED

/* recall */
typedef Medhub__Trace__V1__RecallIssued RecallIssued;
typedef Medhub__Trace__V1__RecallExtended RecallExtended;
typedef Medhub__Trace__V1__RecallProgressed RecallProgressed;
typedef Medhub__Trace__V1__RecallMatched RecallMatched;
typedef Medhub__Trace__V1__RecallHoldingChanged RecallHoldingChanged;
typedef Medhub__Trace__V1__RecallAcknowledged RecallAcknowledged;
typedef Medhub__Trace__V1__RecallOverdue RecallOverdue;
typedef Medhub__Trace__V1__RecallClosed RecallClosed;
typedef Medhub__Trace__V1__RecallAdditionRefused RecallAdditionRefused;
typedef Medhub__Trace__V1__RecalledUse RecalledUse;
typedef Medhub__Trace__V1__RecalledLot RecalledLot;
typedef Medhub__Trace__V1__RecallAmounts RecallAmounts;
typedef Medhub__Trace__V1__RecallScope RecallScope;
typedef Medhub__Trace__V1__RecallLevel RecallLevel;
typedef Medhub__Trace__V1__SerialRange SerialRange;
typedef Medhub__Trace__V1__SaleSuspended SaleSuspended;
typedef Medhub__Trace__V1__SaleResumed SaleResumed;
typedef Medhub__Trace__V1__AdverseEventReported AdverseEventReported;
typedef Medhub__Trace__V1__Harm Harm;
typedef Medhub__State__V1__Recall RecallState;
typedef Medhub__State__V1__RecallStatus RecallStatus;
typedef Medhub__State__V1__RecallHolder RecallHolderState;
typedef Medhub__State__V1__RecallPack RecallPack;
typedef Medhub__State__V1__RecalledPart RecalledPart;
typedef Medhub__State__V1__Withheld Withheld;
typedef Medhub__State__V1__WithheldRecall WithheldRecall;
typedef Medhub__State__V1__SaleSuspension SaleSuspension;
typedef Medhub__State__V1__AdverseReport AdverseReportState;
#define RECALL_EXTENDED        (&medhub__trace__v1__recall_extended__descriptor)
#define RECALL_PROGRESSED      (&medhub__trace__v1__recall_progressed__descriptor)
#define RECALL_MATCHED         (&medhub__trace__v1__recall_matched__descriptor)
#define RECALL_HOLDING_CHANGED (&medhub__trace__v1__recall_holding_changed__descriptor)
#define RECALL_OVERDUE         (&medhub__trace__v1__recall_overdue__descriptor)
#define RECALL_ADDITION_REFUSED (&medhub__trace__v1__recall_addition_refused__descriptor)
#define RECALLED_LOT           (&medhub__trace__v1__recalled_lot__descriptor)
#define RECALLED_PART          (&medhub__state__v1__recalled_part__descriptor)
#define RECALLED_AMOUNT        (&medhub__state__v1__recalled_amount__descriptor)
#define RECALLED_USE           (&medhub__trace__v1__recalled_use__descriptor)
#define RECALL_AMOUNTS         (&medhub__trace__v1__recall_amounts__descriptor)
#define RECALL_STATE           (&medhub__state__v1__recall__descriptor)
#define RECALL_HOLDER_STATE    (&medhub__state__v1__recall_holder__descriptor)
#define RECALL_PACK            (&medhub__state__v1__recall_pack__descriptor)
#define RECALL_SCOPE           (&medhub__trace__v1__recall_scope__descriptor)
#define WITHHELD               (&medhub__state__v1__withheld__descriptor)
#define WITHHELD_RECALL        (&medhub__state__v1__withheld_recall__descriptor)
#define SALE_SUSPENSION        (&medhub__state__v1__sale_suspension__descriptor)
#define ADVERSE_REPORT_STATE   (&medhub__state__v1__adverse_report__descriptor)
#define RECALL_STATUS_NONE     MEDHUB__STATE__V1__RECALL_STATUS__RECALL_STATUS_UNSPECIFIED
#define RECALL_MATCHING        MEDHUB__STATE__V1__RECALL_STATUS__RECALL_STATUS_MATCHING
#define RECALL_TELLING         MEDHUB__STATE__V1__RECALL_STATUS__RECALL_STATUS_TELLING
#define RECALL_OPEN            MEDHUB__STATE__V1__RECALL_STATUS__RECALL_STATUS_OPEN
#define RECALL_REMINDING       MEDHUB__STATE__V1__RECALL_STATUS__RECALL_STATUS_REMINDING
#define RECALL_CLOSED          MEDHUB__STATE__V1__RECALL_STATUS__RECALL_STATUS_CLOSED
#define HARM_DEATH             MEDHUB__TRACE__V1__HARM__HARM_DEATH
#define HARM_SERIOUS           MEDHUB__TRACE__V1__HARM__HARM_SERIOUS
#define ALERT_SOLD_AFTER_RECALL MEDHUB__TRACE__V1__ALERT__ALERT_SOLD_AFTER_RECALL

/* catalogue */
typedef Medhub__Catalogue__V1__Item CatalogueItem;
typedef Medhub__Catalogue__V1__ItemChanged ItemChanged;
typedef Medhub__Catalogue__V1__ReleasePublished ReleasePublished;
typedef Medhub__Catalogue__V1__ReleaseItemCounted ReleaseItemCounted;
typedef Medhub__Catalogue__V1__CountedItem CountedItem;
typedef Medhub__State__V1__ReleaseAudience ReleaseAudience;
typedef Medhub__Catalogue__V1__ChangeCount ChangeCount;
typedef Medhub__Catalogue__V1__Change CatalogueChange;
typedef Medhub__Catalogue__V1__Kind CatalogueKind;
typedef Medhub__Catalogue__V1__PaymentLimit PaymentLimit;
typedef Medhub__Catalogue__V1__InstitutionLevel InstitutionLevel;
typedef Medhub__Catalogue__V1__PaymentStandardChanged PaymentStandardChanged;
typedef Medhub__Catalogue__V1__ListingChanged ListingChanged;
typedef Medhub__Catalogue__V1__FormularyChanged FormularyChanged;
typedef Medhub__Catalogue__V1__CodeMapped CodeMapped;
typedef Medhub__Catalogue__V1__FormularyEntry FormularyEntry;
typedef Medhub__Catalogue__V1__Listing Listing;
typedef Medhub__State__V1__CatalogueRow CatalogueRow;
typedef Medhub__State__V1__CatalogueRows CatalogueRows;
typedef Medhub__State__V1__ReleaseTally ReleaseTally;
typedef Medhub__Catalogue__V1__StagedItem StagedItem;
typedef Medhub__Catalogue__V1__ReleaseStaged ReleaseStaged;
typedef Medhub__Catalogue__V1__ReleaseApproved ReleaseApproved;
typedef Medhub__Catalogue__V1__ReleaseWithdrawn ReleaseWithdrawn;
typedef Medhub__Catalogue__V1__ReleaseTakenBack ReleaseTakenBack;
typedef Medhub__Catalogue__V1__ReleaseProgressed ReleaseProgressed;
typedef Medhub__Catalogue__V1__ItemChangeWithdrawn ItemChangeWithdrawn;
typedef Medhub__Catalogue__V1__Applied CatalogueApplied;
typedef Medhub__Catalogue__V1__Overdue CatalogueOverdue;
typedef Medhub__Catalogue__V1__ReleaseRow ReleaseRow;
typedef Medhub__State__V1__Release ReleaseState;
typedef Medhub__State__V1__ReleaseStatus ReleaseStatus;
typedef Medhub__State__V1__ReleasePiece ReleasePiece;
typedef Medhub__State__V1__ReleaseAnswer ReleaseAnswer;
#define ITEM_CHANGED              (&medhub__catalogue__v1__item_changed__descriptor)
#define ITEM_CHANGE_WITHDRAWN     (&medhub__catalogue__v1__item_change_withdrawn__descriptor)
#define RELEASE_PUBLISHED_MESSAGE (&medhub__catalogue__v1__release_published__descriptor)
#define RELEASE_PROGRESSED        (&medhub__catalogue__v1__release_progressed__descriptor)
#define RELEASE_TAKEN_BACK        (&medhub__catalogue__v1__release_taken_back__descriptor)
#define CATALOGUE_OVERDUE_MESSAGE (&medhub__catalogue__v1__overdue__descriptor)
#define RELEASE_ROW               (&medhub__catalogue__v1__release_row__descriptor)
#define RELEASE_STATE             (&medhub__state__v1__release__descriptor)
#define RELEASE_PIECE             (&medhub__state__v1__release_piece__descriptor)
#define RELEASE_ANSWER_ROW        (&medhub__state__v1__release_answer__descriptor)
#define RELEASE_AUDIENCE          (&medhub__state__v1__release_audience__descriptor)
#define RELEASE_NONE              MEDHUB__STATE__V1__RELEASE_STATUS__RELEASE_STATUS_UNSPECIFIED
#define RELEASE_STAGING           MEDHUB__STATE__V1__RELEASE_STATUS__RELEASE_STATUS_STAGING
#define RELEASE_STAGED            MEDHUB__STATE__V1__RELEASE_STATUS__RELEASE_STATUS_STAGED
#define RELEASE_PUBLISHING        MEDHUB__STATE__V1__RELEASE_STATUS__RELEASE_STATUS_PUBLISHING
#define RELEASE_IS_PUBLISHED      MEDHUB__STATE__V1__RELEASE_STATUS__RELEASE_STATUS_PUBLISHED
#define RELEASE_IS_WITHDRAWN      MEDHUB__STATE__V1__RELEASE_STATUS__RELEASE_STATUS_WITHDRAWN
#define RELEASE_TAKING_BACK       MEDHUB__STATE__V1__RELEASE_STATUS__RELEASE_STATUS_TAKING_BACK
#define RELEASE_IS_TAKEN_BACK     MEDHUB__STATE__V1__RELEASE_STATUS__RELEASE_STATUS_TAKEN_BACK
#define CATALOGUE_ITEM            (&medhub__catalogue__v1__item__descriptor)
#define RELEASE_ITEM_COUNTED      (&medhub__catalogue__v1__release_item_counted__descriptor)
#define COUNTED_ITEM              (&medhub__catalogue__v1__counted_item__descriptor)
#define CATALOGUE_CHANGE_COUNT    (&medhub__catalogue__v1__change_count__descriptor)
#define CATALOGUE_ROW             (&medhub__state__v1__catalogue_row__descriptor)
#define CATALOGUE_ROWS            (&medhub__state__v1__catalogue_rows__descriptor)
#define RELEASE_TALLY             (&medhub__state__v1__release_tally__descriptor)
#define CATALOGUE_KIND_ENUM       (&medhub__catalogue__v1__kind__descriptor)
#define CATALOGUE_CHANGE_ENUM     (&medhub__catalogue__v1__change__descriptor)
#define CODE_MAPPED               (&medhub__catalogue__v1__code_mapped__descriptor)
#define CODE_MAP                  (&medhub__catalogue__v1__code_map__descriptor)
#define KIND_ETHNIC_DRUG          MEDHUB__CATALOGUE__V1__KIND__KIND_ETHNIC_DRUG
#define KIND_CONSUMABLE           MEDHUB__CATALOGUE__V1__KIND__KIND_CONSUMABLE
#define KIND_SERVICE_ITEM         MEDHUB__CATALOGUE__V1__KIND__KIND_SERVICE_ITEM
#define KIND_DIAGNOSIS            MEDHUB__CATALOGUE__V1__KIND__KIND_DIAGNOSIS
#define KIND_OPERATION            MEDHUB__CATALOGUE__V1__KIND__KIND_OPERATION
#define KIND_FORMULARY_ITEM       MEDHUB__CATALOGUE__V1__KIND__KIND_FORMULARY_ITEM
#define KIND_DUAL_CHANNEL_DRUG    MEDHUB__CATALOGUE__V1__KIND__KIND_DUAL_CHANNEL_DRUG
#define KIND_PLATFORM_LISTING     MEDHUB__CATALOGUE__V1__KIND__KIND_PLATFORM_LISTING
#define KIND_PAYMENT_STANDARD     MEDHUB__CATALOGUE__V1__KIND__KIND_PAYMENT_STANDARD
#define KIND_CODE_MAP             MEDHUB__CATALOGUE__V1__KIND__KIND_CODE_MAP
#define KIND_PRICE_CEILING        MEDHUB__CATALOGUE__V1__KIND__KIND_PRICE_CEILING
#define KIND_SELF_PAY_RATIO       MEDHUB__CATALOGUE__V1__KIND__KIND_SELF_PAY_RATIO
#define DETAILS_NONE              MEDHUB__CATALOGUE__V1__ITEM__DETAILS__NOT_SET
#define DETAILS_CONSUMABLE        MEDHUB__CATALOGUE__V1__ITEM__DETAILS_CONSUMABLE
#define DETAILS_SERVICE_ITEM      MEDHUB__CATALOGUE__V1__ITEM__DETAILS_SERVICE_ITEM
#define DETAILS_PIECE             MEDHUB__CATALOGUE__V1__ITEM__DETAILS_PIECE
#define DETAILS_CODING            MEDHUB__CATALOGUE__V1__ITEM__DETAILS_CODING
#define DETAILS_FORMULARY         MEDHUB__CATALOGUE__V1__ITEM__DETAILS_FORMULARY
#define DETAILS_LISTING           MEDHUB__CATALOGUE__V1__ITEM__DETAILS_LISTING
#define DETAILS_CODE_MAP          MEDHUB__CATALOGUE__V1__ITEM__DETAILS_CODE_MAP
#define DETAILS_OF_ITEM           MEDHUB__CATALOGUE__V1__ITEM__DETAILS_OF_ITEM
#define DETAILS_DRUG              MEDHUB__CATALOGUE__V1__ITEM__DETAILS_DRUG
#define DETAILS_GRANULE           MEDHUB__CATALOGUE__V1__ITEM__DETAILS_GRANULE
#define DETAILS_ETHNIC_DRUG       MEDHUB__CATALOGUE__V1__ITEM__DETAILS_ETHNIC_DRUG
#define DETAILS_PREPARATION       MEDHUB__CATALOGUE__V1__ITEM__DETAILS_PREPARATION
#define DETAILS_COMMERCIAL_DRUG   MEDHUB__CATALOGUE__V1__ITEM__DETAILS_COMMERCIAL_DRUG
#define PAY_CLASS_UNKNOWN         MEDHUB__CATALOGUE__V1__PAY_CLASS__PAY_CLASS_UNSPECIFIED
#define PAY_CLASS_B               MEDHUB__CATALOGUE__V1__PAY_CLASS__PAY_CLASS_B
#define PAY_CLASS_C               MEDHUB__CATALOGUE__V1__PAY_CLASS__PAY_CLASS_C
#define BASIS_NEGOTIATION         MEDHUB__CATALOGUE__V1__STANDARD_BASIS__STANDARD_BASIS_NEGOTIATION
#define BASIS_RENEWAL             MEDHUB__CATALOGUE__V1__STANDARD_BASIS__STANDARD_BASIS_RENEWAL
#define MAP_SUPERSEDED            MEDHUB__CATALOGUE__V1__MAP_REASON__MAP_REASON_SUPERSEDED
#define MAP_ALIAS                 MEDHUB__CATALOGUE__V1__MAP_REASON__MAP_REASON_ALIAS
#define KIND_WESTERN_DRUG         MEDHUB__CATALOGUE__V1__KIND__KIND_WESTERN_DRUG
#define KIND_PATENT_DRUG          MEDHUB__CATALOGUE__V1__KIND__KIND_PATENT_DRUG
#define KIND_TCM_PIECE            MEDHUB__CATALOGUE__V1__KIND__KIND_TCM_PIECE
#define KIND_TCM_GRANULE          MEDHUB__CATALOGUE__V1__KIND__KIND_TCM_GRANULE
#define KIND_HOSPITAL_PREPARATION MEDHUB__CATALOGUE__V1__KIND__KIND_HOSPITAL_PREPARATION
#define KIND_PAYMENT_LIMIT        MEDHUB__CATALOGUE__V1__KIND__KIND_PAYMENT_LIMIT
#define KIND_COMMERCIAL_DRUG      MEDHUB__CATALOGUE__V1__KIND__KIND_COMMERCIAL_DRUG
#define LEVEL_UNKNOWN             MEDHUB__CATALOGUE__V1__INSTITUTION_LEVEL__INSTITUTION_LEVEL_UNSPECIFIED
#define LEVEL_FIRST               MEDHUB__CATALOGUE__V1__INSTITUTION_LEVEL__INSTITUTION_LEVEL_FIRST
#define LEVEL_SECOND              MEDHUB__CATALOGUE__V1__INSTITUTION_LEVEL__INSTITUTION_LEVEL_SECOND
#define LEVEL_THIRD               MEDHUB__CATALOGUE__V1__INSTITUTION_LEVEL__INSTITUTION_LEVEL_THIRD
#define LIMIT_MALE                MEDHUB__CATALOGUE__V1__LIMIT_SEX__LIMIT_SEX_MALE
#define LIMIT_FEMALE              MEDHUB__CATALOGUE__V1__LIMIT_SEX__LIMIT_SEX_FEMALE
#define LIMIT_CHILDREN            MEDHUB__CATALOGUE__V1__LIMIT_AGE__LIMIT_AGE_CHILDREN
#define LIMIT_WORK_INJURY         MEDHUB__CATALOGUE__V1__LIMIT_INSURANCE__LIMIT_INSURANCE_WORK_INJURY
#define LIMIT_MATERNITY           MEDHUB__CATALOGUE__V1__LIMIT_INSURANCE__LIMIT_INSURANCE_MATERNITY
#define LIMIT_INPATIENT           MEDHUB__CATALOGUE__V1__LIMIT_CARE__LIMIT_CARE_INPATIENT
#define CHANGE_ADDED              MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_ADDED
#define CHANGE_REMOVED            MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_REMOVED
#define CHANGE_SECTION_MOVED      MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_SECTION_MOVED
#define CHANGE_PAYMENT_STANDARD   MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_PAYMENT_STANDARD_CHANGED
#define CHANGE_LIMIT              MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_LIMIT_CHANGED
#define CHANGE_VALIDITY           MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_VALIDITY_CHANGED
#define CHANGE_CATEGORY_MOVED     MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_CATEGORY_MOVED
#define CHANGE_RENAMED            MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_RENAMED
#define CHANGE_OTHER              MEDHUB__CATALOGUE__V1__CHANGE__CHANGE_OTHER

/* person */
typedef Medhub__Person__V1__IdentityChanged PersonIdentityChanged;
typedef Medhub__Person__V1__StatusDecided PersonStatusDecided;
typedef Medhub__Person__V1__QualificationGranted QualificationGranted;
typedef Medhub__Person__V1__QualificationEnded QualificationEnded;
typedef Medhub__Person__V1__RemoteFilingMade RemoteFilingMade;
typedef Medhub__Person__V1__RemoteFilingEnded RemoteFilingEnded;
typedef Medhub__Person__V1__ReferralMade ReferralMade;
typedef Medhub__Person__V1__AccountCredited AccountCredited;
typedef Medhub__Person__V1__AccountSpent AccountSpent;
typedef Medhub__Person__V1__ThresholdWarned ThresholdWarned;
typedef Medhub__Person__V1__Status HelpStatus;
typedef Medhub__Person__V1__Warning BurdenWarning;
typedef Medhub__State__V1__RecognisedStatus RecognisedStatus;
typedef Medhub__State__V1__PersonStatus PersonStatus;
typedef Medhub__State__V1__PersonQualification PersonQualification;
typedef Medhub__State__V1__RemoteFiling RemoteFiling;
typedef Medhub__State__V1__Referral Referral;
typedef Medhub__State__V1__PersonAccount PersonAccount;
typedef Medhub__State__V1__AccountEntry AccountEntry;
typedef Medhub__State__V1__PersonTotals PersonTotals;
#define PERSON_STATUS_DECIDED (&medhub__person__v1__status_decided__descriptor)
#define THRESHOLD_WARNED (&medhub__person__v1__threshold_warned__descriptor)
#define RECOGNISED_STATUS (&medhub__state__v1__recognised_status__descriptor)
#define PERSON_STATUS (&medhub__state__v1__person_status__descriptor)
#define PERSON_QUALIFICATION (&medhub__state__v1__person_qualification__descriptor)
#define REMOTE_FILING (&medhub__state__v1__remote_filing__descriptor)
#define REFERRAL (&medhub__state__v1__referral__descriptor)
#define PERSON_ACCOUNT (&medhub__state__v1__person_account__descriptor)
#define ACCOUNT_ENTRY (&medhub__state__v1__account_entry__descriptor)
#define PERSON_TOTALS (&medhub__state__v1__person_totals__descriptor)
#define HELP_STATUS_ENUM (&medhub__person__v1__status__descriptor)
#define HELP_NONE MEDHUB__PERSON__V1__STATUS__STATUS_UNSPECIFIED
#define HELP_OF_MINIMUM_ALLOWANCE MEDHUB__PERSON__V1__STATUS__STATUS_MINIMUM_ALLOWANCE
#define HELP_OF_EDGE_FAMILY MEDHUB__PERSON__V1__STATUS__STATUS_EDGE_FAMILY
#define HELP_AT_RISK MEDHUB__PERSON__V1__STATUS__STATUS_AT_RISK
#define HELP_OUT_OF_POVERTY MEDHUB__PERSON__V1__STATUS__STATUS_OUT_OF_POVERTY
#define REFERRED_UP MEDHUB__PERSON__V1__DIRECTION__DIRECTION_UP
#define REFERRED_DOWN MEDHUB__PERSON__V1__DIRECTION__DIRECTION_DOWN
#define REFERRED_OUT MEDHUB__PERSON__V1__DIRECTION__DIRECTION_OUT
#define RELATION_SELF MEDHUB__PERSON__V1__RELATION__RELATION_SELF
#define RELATION_CHILD MEDHUB__PERSON__V1__RELATION__RELATION_CHILD
#define PURPOSE_CARE MEDHUB__PERSON__V1__PURPOSE__PURPOSE_CARE
#define PURPOSE_PHARMACY MEDHUB__PERSON__V1__PURPOSE__PURPOSE_PHARMACY
#define PURPOSE_RESIDENT_PREMIUM MEDHUB__PERSON__V1__PURPOSE__PURPOSE_RESIDENT_PREMIUM
#define PURPOSE_LONG_TERM_CARE_PREMIUM MEDHUB__PERSON__V1__PURPOSE__PURPOSE_LONG_TERM_CARE_PREMIUM
#define WARNING_RETURN_TO_POVERTY MEDHUB__PERSON__V1__WARNING__WARNING_RETURN_TO_POVERTY
#define WARNING_INTO_POVERTY MEDHUB__PERSON__V1__WARNING__WARNING_INTO_POVERTY
#define WARNING_LARGE_BURDEN MEDHUB__PERSON__V1__WARNING__WARNING_LARGE_BURDEN

/* adjustment */
typedef Medhub__Adjustment__V1__Applied AdjustmentApplied;
typedef Medhub__Adjustment__V1__FormallyReviewed AdjustmentFormallyReviewed;
typedef Medhub__Adjustment__V1__Publicised AdjustmentPublicised;
typedef Medhub__Adjustment__V1__Rechecked AdjustmentRechecked;
typedef Medhub__Adjustment__V1__Announced AdjustmentAnnounced;
typedef Medhub__Adjustment__V1__ExpertReviewed AdjustmentExpertReviewed;
typedef Medhub__Adjustment__V1__Priced AdjustmentPriced;
typedef Medhub__Adjustment__V1__Selected AdjustmentSelected;
typedef Medhub__Adjustment__V1__Consulted AdjustmentConsulted;
typedef Medhub__Adjustment__V1__Approved AdjustmentApproved;
typedef Medhub__Adjustment__V1__Surveyed AdjustmentSurveyed;
typedef Medhub__Adjustment__V1__Scored AdjustmentScored;
typedef Medhub__Adjustment__V1__Estimated AdjustmentEstimated;
typedef Medhub__Adjustment__V1__Published AdjustmentPublished;
typedef Medhub__Adjustment__V1__Exited AdjustmentExited;
typedef Medhub__Adjustment__V1__Overdue AdjustmentOverdue;
typedef Medhub__Adjustment__V1__Step AdjustmentStep;
typedef Medhub__Adjustment__V1__Panel ExpertPanel;
typedef Medhub__Adjustment__V1__LifeCycle LifeCycle;
typedef Medhub__Adjustment__V1__ExpertList ExpertList;
typedef Medhub__State__V1__Adjustment AdjustmentState;
typedef Medhub__State__V1__AdjustmentStatus AdjustmentStatus;
#define ADJUSTMENT_STATE               (&medhub__state__v1__adjustment__descriptor)
#define ADJUSTMENT_OVERDUE_MESSAGE     (&medhub__adjustment__v1__overdue__descriptor)
#define CATALOGUE_ITEM_CHANGED         (&medhub__catalogue__v1__item_changed__descriptor)
#define LIFE_CYCLE_DRUG                MEDHUB__ADJUSTMENT__V1__LIFE_CYCLE__LIFE_CYCLE_DRUG
#define LIFE_CYCLE_ETHNIC              MEDHUB__ADJUSTMENT__V1__LIFE_CYCLE__LIFE_CYCLE_ETHNIC
#define LIFE_CYCLE_SERVICE_ITEM        MEDHUB__ADJUSTMENT__V1__LIFE_CYCLE__LIFE_CYCLE_SERVICE_ITEM
#define LIFE_CYCLE_CONSUMABLE          MEDHUB__ADJUSTMENT__V1__LIFE_CYCLE__LIFE_CYCLE_CONSUMABLE
#define EXPERT_LIST_DIRECT_ENTRY       MEDHUB__ADJUSTMENT__V1__EXPERT_LIST__EXPERT_LIST_DIRECT_ENTRY
#define EXPERT_LIST_NEGOTIATE_OR_BID   MEDHUB__ADJUSTMENT__V1__EXPERT_LIST__EXPERT_LIST_NEGOTIATE_OR_BID
#define EXPERT_LIST_DIRECT_REMOVAL     MEDHUB__ADJUSTMENT__V1__EXPERT_LIST__EXPERT_LIST_DIRECT_REMOVAL
#define EXPERT_LIST_RENEWAL_BY_RULE    MEDHUB__ADJUSTMENT__V1__EXPERT_LIST__EXPERT_LIST_RENEWAL_BY_RULE
#define EXPERT_LIST_NONE               MEDHUB__ADJUSTMENT__V1__EXPERT_LIST__EXPERT_LIST_NONE
#define REQUEST_ENTRY                  MEDHUB__ADJUSTMENT__V1__REQUEST__REQUEST_ENTRY
#define REQUEST_RENEWAL                MEDHUB__ADJUSTMENT__V1__REQUEST__REQUEST_RENEWAL
#define REQUEST_SCOPE_CHANGE           MEDHUB__ADJUSTMENT__V1__REQUEST__REQUEST_SCOPE_CHANGE
#define GROUND_NEWLY_APPROVED          MEDHUB__ADJUSTMENT__V1__GROUND__GROUND_NEWLY_APPROVED
#define GROUND_MAJOR_INDICATION_CHANGE MEDHUB__ADJUSTMENT__V1__GROUND__GROUND_MAJOR_INDICATION_CHANGE
#define GROUND_UNKNOWN                 MEDHUB__ADJUSTMENT__V1__GROUND__GROUND_UNSPECIFIED
#define EXCLUSION_NONE                 MEDHUB__ADJUSTMENT__V1__EXCLUSION__EXCLUSION_NONE
#define STEP_PASSED                    MEDHUB__ADJUSTMENT__V1__RESULT__RESULT_PASSED
#define STEP_FAILED                    MEDHUB__ADJUSTMENT__V1__RESULT__RESULT_FAILED
#define PRICE_NEGOTIATED               MEDHUB__ADJUSTMENT__V1__PRICE_WAY__PRICE_WAY_NEGOTIATED
#define PRICE_BID                      MEDHUB__ADJUSTMENT__V1__PRICE_WAY__PRICE_WAY_BID
#define PRICE_RENEWED                  MEDHUB__ADJUSTMENT__V1__PRICE_WAY__PRICE_WAY_RENEWED
#define ADJUSTMENT_APPLIED             MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_APPLIED
#define ADJUSTMENT_FORMALLY_REVIEWED   MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_FORMALLY_REVIEWED
#define ADJUSTMENT_PUBLICISED          MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_PUBLICISED
#define ADJUSTMENT_RECHECKED           MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_RECHECKED
#define ADJUSTMENT_ANNOUNCED           MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_ANNOUNCED
#define ADJUSTMENT_LISTED              MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_LISTED
#define ADJUSTMENT_LISTED_FOR_PRICE    MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_LISTED_FOR_PRICE
#define ADJUSTMENT_PRICED              MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_PRICED
#define ADJUSTMENT_SELECTED_ONCE       MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_SELECTED_ONCE
#define ADJUSTMENT_SELECTED_TWICE      MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_SELECTED_TWICE
#define ADJUSTMENT_CONSULTED           MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_CONSULTED
#define ADJUSTMENT_APPROVED            MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_APPROVED
#define ADJUSTMENT_SURVEYED            MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_SURVEYED
#define ADJUSTMENT_SCORED              MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_SCORED
#define ADJUSTMENT_ESTIMATED           MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_ESTIMATED
#define ADJUSTMENT_PUBLISHED           MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_PUBLISHED
#define ADJUSTMENT_REFUSED             MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_REFUSED
#define ADJUSTMENT_EXITED              MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_EXITED
#define ADJUSTMENT_STATUS_NONE         MEDHUB__STATE__V1__ADJUSTMENT_STATUS__ADJUSTMENT_STATUS_UNSPECIFIED

/* registry */
typedef Medhub__Registry__V1__Organisation Organisation;
typedef Medhub__Registry__V1__OrganisationChanged OrganisationChanged;
typedef Medhub__Registry__V1__KeyRotated KeyRotated;
typedef Medhub__Registry__V1__Key RegistryKey;
typedef Medhub__Registry__V1__Licence Licence;
typedef Medhub__Registry__V1__LicenceKind LicenceKind;
typedef Medhub__Registry__V1__LicenceRecorded LicenceRecorded;
typedef Medhub__Registry__V1__LicenceEnded LicenceEnded;
#define LICENCE                  (&medhub__registry__v1__licence__descriptor)
#define LICENCE_MEDICAL_PRACTICE MEDHUB__REGISTRY__V1__LICENCE_KIND__LICENCE_KIND_MEDICAL_PRACTICE
#define LICENCE_DRUG_BUSINESS    MEDHUB__REGISTRY__V1__LICENCE_KIND__LICENCE_KIND_DRUG_BUSINESS
#define LICENCE_SET_UP_FILING    MEDHUB__REGISTRY__V1__LICENCE_KIND__LICENCE_KIND_SET_UP_FILING
#define REGISTRY_KEY       (&medhub__registry__v1__key__descriptor)
#define KEY_ED25519        MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_ED25519
#define KEY_SM2            MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_SM2
#define KEY_X25519         MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_X25519
#define KEY_FOR_ENCRYPTION MEDHUB__REGISTRY__V1__KEY_USE__KEY_USE_ENCRYPTION
typedef Medhub__Registry__V1__State OrganisationState;
typedef Medhub__Registry__V1__OrganisationKind OrganisationKind;
typedef Medhub__State__V1__RegisteredOrganisation RegisteredOrganisation;
typedef Medhub__Registry__V1__Designation Designation;
typedef Medhub__Registry__V1__DesignationListed DesignationListed;
typedef Medhub__Registry__V1__DesignationRemoved DesignationRemoved;
typedef Medhub__Registry__V1__DesignationList DesignationList;
typedef Medhub__State__V1__Designated DesignatedState;
typedef Medhub__Common__V1__Practitioner NamedPractitioner; /* as an event names one */
typedef Medhub__Registry__V1__Practitioner Practitioner;    /* as the register has one */
typedef Medhub__Registry__V1__PractitionerKind PractitionerKind;
typedef Medhub__Registry__V1__PractitionerRegistered PractitionerRegistered;
typedef Medhub__Registry__V1__PractitionerEnded PractitionerEnded;
typedef Medhub__State__V1__RegisteredPractitioner RegisteredPractitioner;
typedef Medhub__State__V1__Staff StaffState;
#define PRACTITIONER                (&medhub__registry__v1__practitioner__descriptor)
#define REGISTERED_PRACTITIONER     (&medhub__state__v1__registered_practitioner__descriptor)
#define STAFF_STATE                 (&medhub__state__v1__staff__descriptor)
#define PRACTITIONER_DOCTOR         MEDHUB__REGISTRY__V1__PRACTITIONER_KIND__PRACTITIONER_KIND_DOCTOR
#define PRACTITIONER_PHARMACIST     MEDHUB__REGISTRY__V1__PRACTITIONER_KIND__PRACTITIONER_KIND_PHARMACIST
#define ORGANISATION                (&medhub__registry__v1__organisation__descriptor)
#define REGISTERED_ORGANISATION     (&medhub__state__v1__registered_organisation__descriptor)
#define DESIGNATION                 (&medhub__registry__v1__designation__descriptor)
#define DESIGNATED_STATE            (&medhub__state__v1__designated__descriptor)
#define LIST_HOSPITAL               MEDHUB__REGISTRY__V1__DESIGNATION_LIST__DESIGNATION_LIST_HOSPITAL
#define LIST_PHARMACY               MEDHUB__REGISTRY__V1__DESIGNATION_LIST__DESIGNATION_LIST_PHARMACY
#define LIST_DOCTOR                 MEDHUB__REGISTRY__V1__DESIGNATION_LIST__DESIGNATION_LIST_DOCTOR
#define LIST_RECOGNITION            MEDHUB__REGISTRY__V1__DESIGNATION_LIST__DESIGNATION_LIST_RECOGNITION
#define ORGANISATION_DISTRIBUTOR    MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_DISTRIBUTOR
#define ORGANISATION_STATE_ENUM     (&medhub__registry__v1__state__descriptor)
#define ORGANISATION_REGULATOR      MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_REGULATOR
#define ORGANISATION_HOSPITAL       MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_HOSPITAL
#define ORGANISATION_PHARMACY       MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_PHARMACY
#define ORGANISATION_REGISTRANT     MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_REGISTRANT
#define ORGANISATION_BUREAU         MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_BUREAU
#define ORGANISATION_HUB_OPERATOR   MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_HUB_OPERATOR
#define ORGANISATION_INSURER_AGENCY MEDHUB__REGISTRY__V1__ORGANISATION_KIND__ORGANISATION_KIND_INSURER_AGENCY
#define STATE_UNSPECIFIED           MEDHUB__REGISTRY__V1__STATE__STATE_UNSPECIFIED
#define STATE_APPLIED               MEDHUB__REGISTRY__V1__STATE__STATE_APPLIED
#define STATE_DESIGNATED            MEDHUB__REGISTRY__V1__STATE__STATE_DESIGNATED
#define STATE_TESTED                MEDHUB__REGISTRY__V1__STATE__STATE_TESTED
#define STATE_LIVE                  MEDHUB__REGISTRY__V1__STATE__STATE_LIVE
#define STATE_SUSPENDED             MEDHUB__REGISTRY__V1__STATE__STATE_SUSPENDED
#define STATE_ENDED                 MEDHUB__REGISTRY__V1__STATE__STATE_ENDED

/* agreements */
typedef Medhub__Registry__V1__AgreementAdvanced AgreementAdvanced;
typedef Medhub__Registry__V1__AgreementFollowed AgreementFollowed;
typedef Medhub__Registry__V1__DeadlineSet DeadlineSet;
typedef Medhub__Registry__V1__DeadlineMissed DeadlineMissed;
typedef Medhub__Registry__V1__ConformanceReport ConformanceReport;
typedef Medhub__Registry__V1__AgreementStep AgreementStep;
typedef Medhub__Registry__V1__AgreementStage AgreementStage;
typedef Medhub__Registry__V1__AgreementCause AgreementCause;
typedef Medhub__State__V1__Agreement AgreementState;
typedef Medhub__State__V1__Agreements AgreementsState;
typedef Medhub__State__V1__AgreementDeadline DeadlineState;
#define AGREEMENT_FOLLOWED                (&medhub__registry__v1__agreement_followed__descriptor)
#define DEADLINE_SET                      (&medhub__registry__v1__deadline_set__descriptor)
#define DEADLINE_MISSED                   (&medhub__registry__v1__deadline_missed__descriptor)
#define AGREEMENT_STATE                   (&medhub__state__v1__agreement__descriptor)
#define AGREEMENTS_STATE                  (&medhub__state__v1__agreements__descriptor)
#define DEADLINE_STATE                    (&medhub__state__v1__agreement_deadline__descriptor)
#define AGREEMENT_STAGE_ENUM              (&medhub__registry__v1__agreement_stage__descriptor)
#define AGREEMENT_STEP_ENUM               (&medhub__registry__v1__agreement_step__descriptor)
#define AGREEMENT_CAUSE_ENUM              (&medhub__registry__v1__agreement_cause__descriptor)

/* policy */
typedef Medhub__Policy__V1__Parameter Parameter;
typedef Medhub__Policy__V1__ParameterKind ParameterKind;
typedef Medhub__Policy__V1__ParameterSet ParameterSet;
typedef Medhub__Policy__V1__CalendarPublished CalendarPublished;
typedef Medhub__State__V1__ParameterRow ParameterRow;
typedef Medhub__State__V1__ParameterRows ParameterRows;
#define PARAMETER         (&medhub__policy__v1__parameter__descriptor)
#define PARAMETER_ROW     (&medhub__state__v1__parameter_row__descriptor)
#define PARAMETER_ROWS    (&medhub__state__v1__parameter_rows__descriptor)
#define PARAMETER_INTEGER MEDHUB__POLICY__V1__PARAMETER_KIND__PARAMETER_KIND_INTEGER
#define PARAMETER_DATE    MEDHUB__POLICY__V1__PARAMETER_KIND__PARAMETER_KIND_DATE
#define PARAMETER_TEXT    MEDHUB__POLICY__V1__PARAMETER_KIND__PARAMETER_KIND_TEXT
#define REGION_MAY_NOTHING MEDHUB__POLICY__V1__REGION_MAY__REGION_MAY_NOTHING
#define REGION_MAY_RAISE   MEDHUB__POLICY__V1__REGION_MAY__REGION_MAY_RAISE
#define REGION_MAY_LOWER   MEDHUB__POLICY__V1__REGION_MAY__REGION_MAY_LOWER

/* Milliseconds of a moment that is there; beyond the years 1 to 9999 it is the end of that span. */
static inline int64_t timestamp_ms(const Timestamp *timestamp)
{
    const int64_t first = -62135596800, last = 253402300799;
    int64_t seconds = timestamp->seconds < first  ? first
                      : timestamp->seconds > last ? last
                                                  : timestamp->seconds;
    return seconds * 1000 + timestamp->nanos / 1000000;
}

/* The local day of a moment; DATE_NONE if it is not given. */
static inline date_t timestamp_day(const Timestamp *timestamp)
{
    return timestamp == NULL ? DATE_NONE : date_in_china(timestamp_ms(timestamp));
}

static inline date_t text_day(const char *text)
{
    return date_parse(bytes_of(text));
}

/* proto3: a text that is not given is "". */
static inline bool is_given(const char *text)
{
    return text[0] != '\0';
}

/* For a field of a message that the hub makes: generated structures have no const, but nobody writes to the
 * text. It must live as long as the event: a constant, a text in its arena or one of its attributes. */
static inline char *lent(const char *text)
{
    return (char *)text;
}

static inline int64_t money_fen(const Money *money)
{
    return money == NULL ? 0 : money->fen;
}

#endif
