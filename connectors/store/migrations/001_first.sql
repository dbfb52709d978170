-- The read model. Everything in it is made from Kafka and can be made again (medhub connector store --rebuild).
-- place, input: where a record lies and which submission it belongs to; see connectors/store/place.h.
-- A line that ends with the name of a database in a comment is for that one only.

CREATE TABLE topic (
    number BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- How far each partition is applied: written in the same transaction as the rows.
CREATE TABLE position (
    topic TEXT NOT NULL,
    partition BIGINT NOT NULL,
    first_offset BIGINT NOT NULL,   -- rows of older records have been deleted
    next_offset BIGINT NOT NULL,    -- everything below is applied
    last_record_ms BIGINT NOT NULL, -- 0: none
    caught_up_ms BIGINT NOT NULL,   -- complete up to then
    lost BIGINT NOT NULL,           -- records that Kafka had dropped before they were read
    PRIMARY KEY (topic, partition)
);

CREATE TABLE fact (
    place INTEGER PRIMARY KEY, -- sqlite
    place BIGINT PRIMARY KEY, -- postgresql
    input BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    version BIGINT NOT NULL,
    decided_ms BIGINT NOT NULL,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    subject TEXT NOT NULL,
    trace TEXT NOT NULL, -- id in traceparent
    key TEXT NOT NULL,
    value BYTEA NOT NULL
);
CREATE INDEX fact_input ON fact(input);

CREATE TABLE receipt (
    place INTEGER PRIMARY KEY, -- sqlite
    place BIGINT PRIMARY KEY, -- postgresql
    input BIGINT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    outcome BIGINT NOT NULL,
    code TEXT NOT NULL,
    fact_topic TEXT NOT NULL,
    version BIGINT NOT NULL,
    submitted_ms BIGINT NOT NULL,
    decided_ms BIGINT NOT NULL,
    value BYTEA NOT NULL
);
CREATE INDEX receipt_input ON receipt(input);
CREATE INDEX receipt_event ON receipt(id, source);

CREATE TABLE delivery (
    place INTEGER PRIMARY KEY, -- sqlite
    place BIGINT PRIMARY KEY, -- postgresql
    input BIGINT NOT NULL,
    idx BIGINT NOT NULL,
    version BIGINT NOT NULL,
    decided_ms BIGINT NOT NULL,
    delivered_ms BIGINT NOT NULL,
    visibility BIGINT NOT NULL,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    subject TEXT NOT NULL,
    value BYTEA NOT NULL
);
CREATE INDEX delivery_input ON delivery(input);

-- What a follower reads: the deliveries of one recipient in order. type: a hash of the event's type.
CREATE TABLE recipient (
    recipient TEXT NOT NULL,
    place BIGINT NOT NULL,
    type BIGINT NOT NULL,
    PRIMARY KEY (recipient, place)
)
WITHOUT ROWID -- sqlite
;

CREATE TABLE parked (
    place INTEGER PRIMARY KEY, -- sqlite
    place BIGINT PRIMARY KEY, -- postgresql
    input BIGINT NOT NULL,
    decided_ms BIGINT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    trace TEXT NOT NULL,
    code TEXT NOT NULL,
    key BYTEA NOT NULL,
    value BYTEA NOT NULL
);
CREATE INDEX parked_input ON parked(input);

-- What people search by, in order of time. kind: enum search_kind; at_ms: when the submission was decided.
CREATE TABLE business_key (
    key TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    input BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    PRIMARY KEY (key, at_ms, input, kind)
)
WITHOUT ROWID -- sqlite
;

-- Records that could not be read: kept as they are, so that nothing is silent.
CREATE TABLE unread (
    place INTEGER PRIMARY KEY, -- sqlite
    place BIGINT PRIMARY KEY, -- postgresql
    seen_ms BIGINT NOT NULL,
    code TEXT NOT NULL,
    key BYTEA NOT NULL,
    value BYTEA NOT NULL
);
