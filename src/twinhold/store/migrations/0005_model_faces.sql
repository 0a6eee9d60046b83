-- The model face of twins: the id under which model dialects know a twin, its model and contents.
-- Twins without one pay nothing: the indexes leave them out.

ALTER TABLE twins ADD COLUMN id {binary_text};

ALTER TABLE twins ADD COLUMN model {binary_text};

ALTER TABLE twins ADD COLUMN contents {text};

CREATE INDEX twins_by_id ON twins (owner, id) WHERE id IS NOT NULL;

CREATE INDEX twins_by_model ON twins (owner, model, id) WHERE id IS NOT NULL;

DROP VIEW searched_twins;

CREATE VIEW searched_twins AS
SELECT uuid, owner, creator, created, updated, issuer, terminated, description,
    id, model, contents,
    CASE WHEN terminated IS NULL THEN 'alive' ELSE 'terminated' END AS status,
    CAST(uuid AS text) AS uuid_text,
    CAST(owner AS text) AS owner_text,
    CAST(creator AS text) AS creator_text
FROM twins;

CREATE TABLE relationships (
    source {uuid} NOT NULL,
    relationship {binary_text} NOT NULL,
    name {binary_text} NOT NULL,
    target {uuid} NOT NULL,
    source_id {binary_text} NOT NULL,
    target_id {text} NOT NULL,
    properties {text},
    changed {bigint} NOT NULL,
    PRIMARY KEY (source, relationship)
) {rowless};

CREATE INDEX relationships_back ON relationships (target, name, source, source_id);
