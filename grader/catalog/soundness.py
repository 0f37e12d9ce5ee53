"""What an author may have written wrongly beside the specification, where no grade says so before it is too late."""

from __future__ import annotations

import json
from pathlib import Path

from grader.catalog.files import read_text
from grader.catalog.kata import Kata, read_manifest
from grader.errors import BadKata
from grader.text import did_you_mean


def require_schemas(kata: Kata) -> None:
    """Raises BadKata for a file of schemas/ by which no value could be checked: a grade reads it when it is used."""
    from jsonschema import Draft202012Validator  # slow to import, and not needed to grade
    from jsonschema.exceptions import SchemaError

    for file in sorted(kata.schemas.glob("*.json")):
        try:
            Draft202012Validator.check_schema(json.loads(read_text(file)))
        except (OSError, ValueError, RecursionError, SchemaError) as error:
            why = error.message if isinstance(error, SchemaError) else str(error)
            raise BadKata(f"{kata.name}/schemas/{file.name} is not a JSON Schema: {why}") from None


def unknown_keys(kata: Kata) -> list[str]:
    """A sentence for each key of kata.toml that nothing reads: it may be a misspelt one. Raises BadKata."""
    schema = json.loads(Path(__file__).with_name("kata.schema.json").read_text("utf-8"))
    known = list(schema["properties"])
    unknown = [key for key in read_manifest(kata.folder) if key not in known]
    return [f"{kata.name}/kata.toml: {key!r} means nothing here.{did_you_mean(key, known)}" for key in unknown]
