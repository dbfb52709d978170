-- Recalls: made from medhub.fact.trace like the tables of items. A recall is its number and the product that it is of; the same
-- number lies with several products where it was extended to related ones. place decides between an earlier and a later row.

-- As it was issued.
CREATE TABLE recall (
    recall TEXT NOT NULL,
    product TEXT NOT NULL,
    issuer TEXT NOT NULL,
    registrant TEXT NOT NULL,
    level BIGINT NOT NULL,        -- medhub.trace.v1.RecallLevel
    region TEXT NOT NULL,
    reason TEXT NOT NULL,
    issued_ms BIGINT NOT NULL,
    PRIMARY KEY (recall, product)
)
WITHOUT ROWID -- sqlite
;

-- How far it has come, and where its units are.
CREATE TABLE recall_progress (
    recall TEXT NOT NULL,
    product TEXT NOT NULL,
    place BIGINT NOT NULL,
    stage TEXT NOT NULL,          -- matching, telling, reminding; open; closed
    rows BIGINT NOT NULL,         -- of the product that were looked at
    undetermined BIGINT NOT NULL,
    held_e4 BIGINT NOT NULL,
    on_the_way_e4 BIGINT NOT NULL,
    delivered_e4 BIGINT NOT NULL,
    used_e4 BIGINT NOT NULL,
    destroyed_e4 BIGINT NOT NULL,
    returned_e4 BIGINT NOT NULL,
    PRIMARY KEY (recall, product)
)
WITHOUT ROWID -- sqlite
;

-- What a holder has of it.
CREATE TABLE recall_holding (
    recall TEXT NOT NULL,
    product TEXT NOT NULL,
    holder TEXT NOT NULL,
    place BIGINT NOT NULL,
    held_e4 BIGINT NOT NULL,
    on_the_way_e4 BIGINT NOT NULL,
    delivered_e4 BIGINT NOT NULL,
    used_e4 BIGINT NOT NULL,
    destroyed_e4 BIGINT NOT NULL,
    returned_e4 BIGINT NOT NULL,
    PRIMARY KEY (recall, product, holder)
)
WITHOUT ROWID -- sqlite
;

-- What was said to a holder and by it.
CREATE TABLE recall_answer (
    recall TEXT NOT NULL,
    product TEXT NOT NULL,
    holder TEXT NOT NULL,
    kind BIGINT NOT NULL,         -- 1 told, 2 acknowledged, 3 reminded
    place BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,        -- until when to answer; when it did; until when it should have
    number BIGINT NOT NULL,       -- nothing; what it counted, in ten-thousandths; which reminder
    PRIMARY KEY (recall, product, holder, kind)
)
WITHOUT ROWID -- sqlite
;
