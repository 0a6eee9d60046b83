-- Access between accounts: PINs, offers of ownership, and how often access has changed.

{generation_table};

{first_generation};

ALTER TABLE accounts ADD COLUMN resource_access_log {text};

CREATE TABLE pins (
    holder {uuid} PRIMARY KEY,
    account {uuid} NOT NULL,
    digest {bytes} NOT NULL,
    validity {bigint},
    expires {bigint} NOT NULL,
    wrong {bigint} NOT NULL
) {strict};

CREATE INDEX pins_of_account ON pins (account);

CREATE TABLE transfers (
    twin {uuid} PRIMARY KEY,
    uuid {uuid} NOT NULL UNIQUE,
    owner {uuid} NOT NULL,
    recipient {uuid} NOT NULL,
    validity {bigint} NOT NULL
) {strict};
