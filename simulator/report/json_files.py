"""JSON files that we wrote and somebody may have damaged: read within bounds, and refused with what to do about it."""

from __future__ import annotations

import json
import re
import reprlib
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.domain.plain_files import opened
from simulator.errors import InputError

M = TypeVar("M", bound=BaseModel)

MOST_VALUES: Final = 600_000
"""Values in one file; each that is wrong costs some hundred bytes to tell of."""
_MOST_TOLD: Final = 20
"""Faults told of one file."""
_LONGEST: Final = 200
"""Letters of a fault, in which keys of the file may stand."""


class Part(BaseModel):
    """Part of a file of which more may be written than is read."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, use_attribute_docstrings=True)


Finite = Annotated[float, Field(allow_inf_nan=False)]
"""A number; JSON has no others, Python's reader does."""


Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f\ufffe\uffff]*$")]
"""A word that goes into a table or figure as it is, without control characters."""


def read_json(path: Path, most: int, what: str, advice: str) -> Any:
    """Return what a file says.

    Parameters
    ----------
    path
        The file.
    most
        Its longest length, bytes.
    what
        What it should be, such as ``a manifest``.
    advice
        What to do where it is not.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    InputError
        If it cannot be read, is longer, no JSON or of too many values.
    """
    try:
        with opened(path) as file:
            raw = file.read(most + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}; {advice}") from None
    if len(raw) > most:
        raise InputError(f"{path}: longer than {most:,} bytes, so not {what}; {advice}")
    if sum(map(raw.count, (b"{", b"[", b","))) > MOST_VALUES:
        raise InputError(f"{path}: more than {MOST_VALUES:,} values, so not {what}; {advice}")
    try:
        document = json.loads(raw.decode("utf-8"))
        if re.search(rb"\\u[dD][89a-fA-F]", raw):
            json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a character cannot be written again
    except (ValueError, RecursionError) as error:
        told = f"not JSON, cut or changed ({error})" if not isinstance(error, RecursionError) else "nested too deeply"
        raise InputError(f"{path}: not {what}: {shortened(told)}; {advice}") from None
    return document


def checked(model: type[M], document: Any, path: Path, schema: str, advice: str) -> M:
    """Return a document as a model of the schema named, checked field by field.

    Raises
    ------
    InputError
        If it is of another schema, or fields are wrong: each is named.
    """
    known = document.get("schema") if isinstance(document, dict) else None
    if known != schema:
        raise InputError(f"{path}: schema is {reprlib.repr(known)}, and this version reads {schema!r}; {advice}")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InputError(f"{path}: {_told(error)}; {advice}") from None


def _told(error: ValidationError) -> str:
    if error.error_count() > MOST_VALUES // 100:
        return f"{error.error_count():,} fields are wrong"
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    texts = [f"{'.'.join(map(str, item['loc']))}: {item['msg'][:1].lower()}{item['msg'][1:]}" for item in faults]
    more = [f"and {len(texts) - _MOST_TOLD:,} more"] if len(texts) > _MOST_TOLD else []
    return "; ".join([*map(shortened, texts[:_MOST_TOLD]), *more])


def shortened(text: str) -> str:
    """Return a text as a message can carry it."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
