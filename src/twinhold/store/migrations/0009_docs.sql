-- Docs: files attached to twins. A blob is a file's bytes, kept once however many docs and uploads
-- have them; `refs` counts those. What is in the blob store and in no blob is loose: an upload under
-- way, or what has to be deleted.

CREATE TABLE docs (
    twin {uuid} NOT NULL,
    account {uuid} NOT NULL,
    name {binary_text} NOT NULL,
    digest {text} NOT NULL,
    size {bigint} NOT NULL,
    status {text} NOT NULL,
    storage_class {text} NOT NULL,
    description {text},
    created {bigint} NOT NULL,
    updated {bigint} NOT NULL,
    PRIMARY KEY (twin, account, name)
) {rowless};

CREATE TABLE uploads (
    uuid {uuid} PRIMARY KEY,
    account {uuid} NOT NULL,
    token {bytes} NOT NULL,
    validity {bigint} NOT NULL,
    digest {text},
    size {bigint}
) {strict};

CREATE INDEX uploads_by_end ON uploads (validity);

CREATE TABLE blobs (
    digest {text} PRIMARY KEY,
    place {text} NOT NULL,
    size {bigint} NOT NULL,
    refs {bigint} NOT NULL
) {strict};

CREATE INDEX unneeded_blobs ON blobs (digest) WHERE refs = 0;

CREATE TABLE loose_blobs (
    place {text} PRIMARY KEY,
    expires {bigint} NOT NULL,
    doomed {boolean} NOT NULL
) {strict};

CREATE INDEX loose_blobs_by_end ON loose_blobs (expires);
