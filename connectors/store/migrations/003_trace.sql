-- Items and lots: what the questions of trace_questions.h are asked of. All of it is made from medhub.fact.trace.
-- product, serial: an item; of a logistic unit (SSCC) both are its number. serial '': so many of a lot, without identity.
-- A scan that a pack hands on to what lies in it is not written again: the pack's own scan counts for its contents.
-- step: medhub.trace.v1.Step. at_ms: when it was scanned, not when it arrived; place decides between equals.

-- Every scan. An item's way is in trace_scan_serial; a lot's quantities lie together by holder.
CREATE TABLE trace_scan (
    product TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    holder TEXT NOT NULL,         -- who has it; of what is sent who sent it
    at_ms BIGINT NOT NULL,
    place BIGINT NOT NULL,
    step BIGINT NOT NULL,
    counterparty TEXT NOT NULL,   -- from whom or to whom
    parent_product TEXT NOT NULL, -- what it was packed into or taken out of
    parent_serial TEXT NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    region TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (product, lot, serial, holder, at_ms, place)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX trace_scan_serial ON trace_scan(product, serial, at_ms) WHERE serial <> '';
CREATE INDEX trace_scan_parent ON trace_scan(parent_product, parent_serial, at_ms) WHERE parent_serial <> '';

-- The last scan that moved each item, whatever the order in which they arrived.
CREATE TABLE trace_item (
    product TEXT NOT NULL,
    serial TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    place BIGINT NOT NULL,
    step BIGINT NOT NULL,
    holder TEXT NOT NULL,
    counterparty TEXT NOT NULL,
    parent_product TEXT NOT NULL, -- what it lies in; '' if it lies in nothing
    parent_serial TEXT NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    lot TEXT NOT NULL,
    PRIMARY KEY (product, serial)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX trace_item_parent ON trace_item(parent_product, parent_serial) WHERE parent_serial <> '';
CREATE INDEX trace_item_sent ON trace_item(at_ms) WHERE step IN (5, 12);

-- The last that is known of what one sent another of a lot without serials: sent, or received.
CREATE TABLE trace_shipment (
    product TEXT NOT NULL,
    lot TEXT NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    place BIGINT NOT NULL,
    step BIGINT NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    PRIMARY KEY (product, lot, sender, receiver)
)
WITHOUT ROWID -- sqlite
;
CREATE INDEX trace_shipment_open ON trace_shipment(at_ms) WHERE step IN (5, 12);

-- Which items a lot has: a scan that does not say the lot takes none out of it.
CREATE TABLE trace_member (
    product TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    PRIMARY KEY (product, lot, serial)
)
WITHOUT ROWID -- sqlite
;

-- On whom or for whom it was used, charged, settled or sold. Persons are pseudonyms.
CREATE TABLE trace_use (
    product TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    place BIGINT NOT NULL,
    step BIGINT NOT NULL,
    holder TEXT NOT NULL,
    person TEXT NOT NULL,
    settlement TEXT NOT NULL,
    quantity_e4 BIGINT NOT NULL,
    region TEXT NOT NULL,
    PRIMARY KEY (product, lot, serial, at_ms, place)
)
WITHOUT ROWID -- sqlite
;

-- Whose product it is: who registered it or put codes on it.
CREATE TABLE trace_product (
    product TEXT NOT NULL,
    organisation TEXT NOT NULL,
    PRIMARY KEY (product, organisation)
)
WITHOUT ROWID -- sqlite
;

-- What is there already is read again: rows that are the same stay as they are.
DELETE FROM position WHERE topic = 'medhub.fact.trace';
