-- A page of a large family of models walks the ids and keeps those of its models, so that only the
-- twins that are wanted are read; their UUIDs say where these are.

DROP INDEX twins_by_id;

CREATE INDEX twins_by_id ON twins (owner, id, model, uuid) WHERE id IS NOT NULL;
