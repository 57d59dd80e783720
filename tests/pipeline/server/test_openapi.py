from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from avel.pipeline.server.openapi import ALWAYS
from avel.pipeline.server.routes import ROUTES, described
from avel.pipeline.server.schemas import SCHEMAS


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_route_is_described() -> None:
    paths: Any = described()["paths"]
    assert {(path, method.upper()) for path, by in paths.items() for method in by} == {
        (route.path, route.method) for route in ROUTES
    }


def test_every_reference_leads_somewhere() -> None:
    for reference in references(described()):
        assert reference.removeprefix("#/components/schemas/") in SCHEMAS


def test_schemas_are_schemas() -> None:
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def test_names_of_operations_are_told_apart() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_what_an_operation_says() -> None:
    document: Any = described()
    found = document["paths"]["/api/uploads/{id}"]["patch"]
    assert {each["name"] for each in found["parameters"]} == {"id", "Upload-Offset"}
    assert {"200", "201", "409", "413", "507", *map(str, ALWAYS)} <= set(found["responses"])
    assert list(found["requestBody"]["content"]) == ["application/octet-stream"]
    assert found["responses"]["409"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Error"
    }
