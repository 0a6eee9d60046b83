-- Indexes on attributes of descriptions, kept only for the accounts and attributes that are searched.

CREATE TABLE attribute_indexes (
    owner {uuid} NOT NULL,
    name {text} NOT NULL,
    ready {boolean} NOT NULL,
    since {bigint} NOT NULL,
    built {uuid} NOT NULL,
    PRIMARY KEY (owner, name)
) {strict};

CREATE TABLE twin_attributes (
    uuid {uuid} NOT NULL,
    name {text} NOT NULL,
    owner {uuid} NOT NULL,
    value {binary_text},
    PRIMARY KEY (uuid, name)
) {rowless};

CREATE INDEX twin_attributes_by_value ON twin_attributes (owner, name, value, uuid);

CREATE VIEW searched_twins AS
SELECT uuid, owner, creator, created, updated, issuer, terminated, description,
    CASE WHEN terminated IS NULL THEN 'alive' ELSE 'terminated' END AS status,
    CAST(uuid AS text) AS uuid_text,
    CAST(owner AS text) AS owner_text,
    CAST(creator AS text) AS creator_text
FROM twins;
