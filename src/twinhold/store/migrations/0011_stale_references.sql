-- What a change has made stale is looked for by the twin that has changed.

DROP INDEX stale_ledger_references;

CREATE INDEX stale_ledger_references ON ledger_references (source) WHERE stale;
