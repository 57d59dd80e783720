"""What goes over the line, as JSON Schema: the OpenAPI document and the checks read the same."""

from typing import Any

from avel.pipeline.formats.choice import NAMES
from avel.pipeline.server.jobs import LOCALIZE, STATES, TEACH

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": (1 << 53) - 1}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 1_000}
LABEL: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
SECONDS: Schema = {"type": "number", "minimum": 0, "maximum": 1_000_000}
TIME: Schema = {"type": "string", "format": "date-time"}
FORMAT: Schema = {"type": "string", "enum": list(NAMES)}
ONE: Schema = {"type": "string", "enum": ["1"]}
STATE: Schema = {"type": "string", "enum": list(STATES)}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(properties: Schema, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    whole: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**whole, "required": required} if required else whole


def _list(of: Schema, most: int | None = None) -> Schema:
    return {"type": "array", "items": of, **({} if most is None else {"maxItems": most})}


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


# What a request says: read by `checks` too, which follows no references.

NEW_UPLOAD = _object({"name": NAME, "bytes": {**COUNT, "minimum": 1}})
AGAIN = _object({"model": NAME}, optional=("model",))
EDIT = _object({"label": LABEL, "onset": SECONDS, "offset": SECONDS})
SAVE = _object({"revision": COUNT, "events": _list(EDIT, 10_000)})
NOTHING = _object({})
CHOICE = _object({"name": NAME})

# What an answer says.

SCHEMAS: dict[str, Schema] = {
    "Error": _object({"error": _object({"reason": TEXT, "message": TEXT})}),
    "Upload": _object({"id": ID, "name": TEXT, "bytes": COUNT, "received": COUNT}),
    "Video": _object(
        {
            **{"id": ID, "name": TEXT, "bytes": COUNT, "seconds": NUMBER, "state": STATE},
            **{"job": ID, "events": COUNT, "summary": TEXT, "corrected": FLAG},
            "untaught": FLAG,
            **{"model": _or_null(TEXT), "added": TIME, "before": _or_null(_named("Before"))},
        }
    ),
    "Before": _object({"model": TEXT, "summary": TEXT, "changed": FLAG}),
    "Job": _object(
        {
            **{"id": ID, "kind": {"type": "string", "enum": [LOCALIZE, TEACH]}},
            **{"video": _or_null(ID), "state": STATE},
            "progress": _object({"stage": TEXT, "done": NUMBER, "total": NUMBER, "unit": TEXT}),
            "attempts": COUNT,
            "error": _or_null(_object({"reason": TEXT, "message": TEXT})),
            "note": TEXT,
            **{"model": TEXT, "added": TIME, "started": _or_null(TIME), "ended": _or_null(TIME)},
        }
    ),
    "OneUpload": _object(
        {"upload": _named("Upload"), "video": _named("Video"), "job": _named("Job")},
        optional=("video", "job"),
    ),
    "OneVideo": _object({"video": _named("Video"), "job": _named("Job")}, optional=("job",)),
    "Videos": _object({"videos": _list(_named("Video")), "model": TEXT, "sequence": COUNT}),
    "OneJob": _object({"job": _named("Job")}),
    "Jobs": _object({"jobs": _list(_named("Job"))}),
    "Event": _object(
        {
            **{"id": TEXT, "label": TEXT, "onset": NUMBER, "offset": NUMBER},
            **{"score": _or_null(NUMBER), "by": {"type": "string", "enum": ["model", "person"]}},
        }
    ),
    "Corrections": _object(
        {"revision": COUNT, "events": _list(_named("Event")), "corrected": FLAG}
    ),
    "Labels": _object({"labels": _list(TEXT)}),
    "Models": _object(
        {
            "models": _list(_object({"name": TEXT, "made": TIME, "events": _list(TEXT)})),
            "current": TEXT,
        }
    ),
    "Health": _object(
        {
            "status": TEXT,
            "jobs": COUNT,
            "workers": _list(_object({"device": TEXT, "state": TEXT})),
        }
    ),
    "Result": {"type": "object", "required": ["schema", "file", "status", "events"]},
    "Document": {"type": "object"},
}
