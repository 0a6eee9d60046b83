-- Ledgers: what an account keeps about a twin. A ledger is one row: it is read whole, and written
-- whole within its 64 kB. With a rowid, one of 20 entries lies in one page of SQLite, which makes a
-- read and an update a fifth cheaper. The stamp is the time of the last change, and always grows.

CREATE TABLE ledgers (
    twin {uuid} NOT NULL,
    account {uuid} NOT NULL,
    entries {text} NOT NULL,
    includes {boolean} NOT NULL,
    stamp {bigint} NOT NULL,
    PRIMARY KEY (twin, account)
) {strict};

CREATE TABLE ledger_history (
    twin {uuid} NOT NULL,
    account {uuid} NOT NULL,
    entry {binary_text} NOT NULL,
    number {bigint} NOT NULL,
    changed {bigint} NOT NULL,
    value {text} NOT NULL,
    PRIMARY KEY (twin, account, entry, number)
) {rowless};

CREATE TABLE ledger_references (
    twin {uuid} NOT NULL,
    account {uuid} NOT NULL,
    entry {binary_text} NOT NULL,
    source {uuid} NOT NULL,
    source_account {uuid} NOT NULL,
    source_entry {binary_text} NOT NULL,
    maker {uuid} NOT NULL,
    stale {boolean} NOT NULL,
    PRIMARY KEY (twin, account, entry)
) {rowless};

CREATE INDEX ledger_references_back ON ledger_references (source, source_account, source_entry);

CREATE INDEX stale_ledger_references ON ledger_references (twin) WHERE stale;

-- What SQL sees of the owner's ledger: where it includes values of others, the text is one that no
-- engine reads, so that such a twin is left to the rule itself.

DROP VIEW searched_twins;

CREATE VIEW searched_twins AS
SELECT twins.*,
    CASE WHEN terminated IS NULL THEN 'alive' ELSE 'terminated' END AS status,
    CAST(uuid AS text) AS uuid_text,
    CAST(owner AS text) AS owner_text,
    CAST(creator AS text) AS creator_text,
    CASE WHEN ledgers.includes THEN '\u0000' ELSE ledgers.entries END AS own_ledger
FROM twins LEFT JOIN ledgers ON ledgers.twin = twins.uuid AND ledgers.account = twins.owner;
