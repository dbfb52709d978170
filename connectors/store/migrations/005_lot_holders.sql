-- Who holds a lot, and what nobody received, are read from an index alone: a regulator's recall asks for tens of thousands of rows.
-- trace_item.lot: the lot that any of its scans named (of several the greatest), no longer only that of the last.
-- trace_item.receiver: to whom it is on its way; '' if it is with its holder.

ALTER TABLE trace_item ADD COLUMN receiver TEXT NOT NULL DEFAULT '';
UPDATE trace_item SET receiver = counterparty WHERE step IN (5, 12);
UPDATE trace_item SET lot = COALESCE((SELECT max(s.lot COLLATE "C") -- postgresql
UPDATE trace_item SET lot = COALESCE((SELECT max(s.lot) -- sqlite
    FROM trace_scan s WHERE s.product = trace_item.product AND s.serial = trace_item.serial AND s.serial <> ''
    AND s.step NOT IN (9, 10, 14)), lot);

-- What is used, sold or destroyed (8, 11, 13) is nobody's any more.
CREATE INDEX trace_item_lot ON trace_item(product, lot, parent_serial, holder, receiver, at_ms, quantity_e4, step, parent_product)
    WHERE lot <> '' AND step NOT IN (8, 11, 13);
DROP INDEX trace_item_sent;
CREATE INDEX trace_item_sent ON trace_item(at_ms, product, serial, step, holder, counterparty, lot, quantity_e4) WHERE step IN (5, 12);
DROP INDEX trace_shipment_open;
CREATE INDEX trace_shipment_open ON trace_shipment(at_ms, product, lot, sender, receiver, quantity_e4, step) WHERE step IN (5, 12);
