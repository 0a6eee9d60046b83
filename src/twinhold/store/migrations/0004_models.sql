-- Models of accounts. What a model was compiled to is kept once for all accounts with the same.
-- Models are small: on a distributed database these are reference tables.

CREATE TABLE model_contents (
    digest {text} PRIMARY KEY,
    document {text} NOT NULL,
    compiled {bytes} NOT NULL,
    display_name {text} NOT NULL,
    description {text} NOT NULL
) {strict};

CREATE TABLE models (
    account {uuid} NOT NULL,
    dtmi {binary_text} NOT NULL,
    fingerprint {text} NOT NULL,
    content {text} NOT NULL,
    uploaded {bigint} NOT NULL,
    PRIMARY KEY (account, dtmi)
) {rowless};

CREATE INDEX models_of_content ON models (content);

CREATE TABLE model_edges (
    account {uuid} NOT NULL,
    dtmi {binary_text} NOT NULL,
    depends_on {binary_text} NOT NULL,
    kind {text} NOT NULL,
    PRIMARY KEY (account, dtmi, depends_on, kind)
) {rowless};

CREATE INDEX model_edges_back ON model_edges (account, depends_on, dtmi);

CREATE TABLE model_ancestors (
    account {uuid} NOT NULL,
    ancestor {binary_text} NOT NULL,
    dtmi {binary_text} NOT NULL,
    PRIMARY KEY (account, ancestor, dtmi)
) {rowless};
