-- Values of twins over time, side by side for each twin, so that a range costs the range.

CREATE TABLE time_series (
    twin {uuid} NOT NULL,
    source_time {bigint} NOT NULL,
    enqueued {bigint} NOT NULL,
    scalar {text} NOT NULL,
    properties {text},
    connector {text} NOT NULL,
    external {text},
    PRIMARY KEY (twin, source_time)
) {rowless};

-- The name of a twin outside of the registry, which values may come under.
-- Other twins than those that have values pay nothing: the index leaves them out.

ALTER TABLE twins ADD COLUMN external_id {binary_text};

CREATE INDEX twins_by_external_id ON twins (owner, external_id) WHERE external_id IS NOT NULL;

DROP VIEW searched_twins;

CREATE VIEW searched_twins AS
SELECT uuid, owner, creator, created, updated, issuer, terminated, description,
    id, model, contents, external_id,
    CASE WHEN terminated IS NULL THEN 'alive' ELSE 'terminated' END AS status,
    CAST(uuid AS text) AS uuid_text,
    CAST(owner AS text) AS owner_text,
    CAST(creator AS text) AS creator_text
FROM twins;
