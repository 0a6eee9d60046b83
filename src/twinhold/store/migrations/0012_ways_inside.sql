-- What is in a twin is looked for by the id of that twin: ids that begin alike, as those of a
-- building's rooms and points do, lie side by side, where UUIDs of named twins are spread evenly.

CREATE INDEX relationships_inside ON relationships (target_id, target, name, source, source_id);
