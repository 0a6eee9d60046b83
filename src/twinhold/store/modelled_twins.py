"""Statements about the model face of twins."""

from twinhold.store.statement import Statement
from twinhold.store.twins import FACTS

SELECT = Statement(
    f"""SELECT {FACTS}, {{document}}, {{generation}} FROM twins
    WHERE uuid IN (CAST(:named AS {{uuid}}), CAST(:given AS {{uuid}}))"""
)
"""The `Facts` of the twin of a name, and of the twin whose UUID is given instead of one."""

SELECT_FOR_UPDATE = Statement(f"{SELECT.text} ORDER BY uuid {{for_update}}")
"""Like `SELECT`; no other transaction changes them before this one ends."""

SELECT_SOME = Statement(
    f"""SELECT {FACTS}, {{document}}, {{generation}} FROM twins
    WHERE uuid IN (
        SELECT CAST(value AS {{uuid}}) FROM {{json_texts}}(CAST(:uuids AS {{json}}))
    )"""
)
"""The `Facts` of some twins."""

SELECT_SOME_FOR_UPDATE = Statement(f"{SELECT_SOME.text} ORDER BY uuid {{for_update}}")
"""Like `SELECT_SOME`; no other transaction changes them before this one ends."""

INSERT = Statement(
    """INSERT INTO twins
        (uuid, owner, creator, created, updated, id, model, contents, external_id)
    VALUES (:uuid, :owner, :owner, :now, :now, :id, :model, :contents, :external_id)
    ON CONFLICT (uuid) DO NOTHING
    RETURNING {document}, {generation}"""
)
"""A new twin; no row when somebody else was quicker."""

INSERT_SOME = Statement(
    """INSERT INTO twins
        (uuid, owner, creator, created, updated, id, model, contents, external_id)
    SELECT CAST(value ->> 0 AS {uuid}), CAST(:owner AS {uuid}), CAST(:owner AS {uuid}),
        CAST(:now AS {bigint}), CAST(:now AS {bigint}), value ->> 1, value ->> 2, value ->> 3,
        value ->> 4
    FROM {json_items}(CAST(:rows AS {json})) WHERE TRUE
    ON CONFLICT (uuid) DO NOTHING"""
)
"""Many new twins: each row its UUID and its face; those that are there already stay as they are.

Answers nothing: on SQLite each row of an answer is a step, and steps wait for other threads."""

SELECT_OF_OTHER_TIMES = Statement(
    """SELECT uuid FROM twins
    WHERE {beside_others} AND created <> :now
        AND uuid IN (SELECT CAST(value AS {uuid}) FROM {json_texts}(CAST(:uuids AS {json})))"""
)
"""Those of some twins that were not made now: somebody was quicker."""

UPDATE_SOME = Statement(
    """UPDATE twins SET id = v.id, model = v.model, contents = v.contents,
        external_id = v.external_id, updated = CAST(:now AS {bigint})
    FROM (
        SELECT CAST(value ->> 0 AS {uuid}) AS key, value ->> 1 AS id, value ->> 2 AS model,
            value ->> 3 AS contents, value ->> 4 AS external_id
        FROM {json_items}(CAST(:rows AS {json}))
    ) AS v
    WHERE twins.uuid = v.key"""
)
"""Like `UPDATE` for many twins: each row its UUID and its face."""

UPDATE_CONTENTS = Statement(
    """UPDATE twins SET contents = :contents, updated = :now WHERE uuid = :uuid
    RETURNING {document}, {generation}"""
)
"""For a twin whose id, model and external id stay: names no column of an index, so that none is
written again."""

REPLACE_CONTENTS = Statement(
    f"""UPDATE twins SET contents = :contents, updated = :now
    WHERE owner = :owner AND uuid = :uuid AND terminated IS NULL AND id = :id AND model = :model
        AND external_id IS NOT DISTINCT FROM :external_id
    RETURNING {FACTS}, {{document}}, {{generation}}"""
)
"""Like `UPDATE_CONTENTS`, without a look at the twin before: no row when there is more to change,
or it may not be changed. Answers its `Facts` as they are now."""

UPDATE = Statement(
    """UPDATE twins SET id = :id, model = :model, contents = :contents, updated = :now,
        external_id = :external_id
    WHERE uuid = :uuid
    RETURNING {document}, {generation}"""
)

DELETE = Statement("DELETE FROM twins WHERE uuid = :uuid")
