-- What became of deliveries to endpoints, from medhub.webhook.outcome. At least once: the same delivery may be told twice.
CREATE TABLE answer (
    place INTEGER PRIMARY KEY, -- sqlite
    place BIGINT PRIMARY KEY, -- postgresql
    input BIGINT NOT NULL,
    delivery BIGINT NOT NULL,
    organisation TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    result BIGINT NOT NULL,
    code TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    settled_ms BIGINT NOT NULL,
    value BYTEA NOT NULL
);
CREATE INDEX answer_input ON answer(input);
CREATE INDEX answer_organisation ON answer(organisation, delivery);
