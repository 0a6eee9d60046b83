-- Identities: names that accounts give to twins, unique per twin and account.

CREATE TABLE identities (
    twin {uuid} NOT NULL,
    account {uuid} NOT NULL,
    identity {binary_text} NOT NULL,
    validity {bigint},
    visibility {text},
    attached {bigint} NOT NULL,
    changed {bigint} NOT NULL,
    PRIMARY KEY (twin, account, identity)
) {rowless};

CREATE INDEX identities_by_name ON identities (identity, account, twin, validity);
