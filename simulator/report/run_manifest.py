"""What the manifest of a run directory says, checked field by field when it is read."""

from __future__ import annotations

import re
import reprlib
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.errors import InputError
from simulator.report.json_files import checked, read_json

MANIFEST_SCHEMA: Final = "simulator.manifest/2"
MANIFEST: Final = "manifest.json"
FAILURES: Final = "failures.jsonl"
MAX_MANIFEST_BYTES: Final = 16 * 1024 * 1024
"""A manifest holds one scenario and a list of files; anything longer is not one."""
RESTORE: Final = "restore it from a copy, or run the scenario again with another --out"
"""What to do about a file from which a run cannot be made whole."""
_SHA256: Final = r"^[0-9a-f]{64}$"
_OUR_FILES: Final = (
    r"^(shards/\d{5}\.npz|own_data/[a-z0-9_]+\.csv|kpis\.csv|scenario\.resolved\.json|summary\.json"
    r"|failures\.jsonl)$"
)
"""Names inside a run directory; none leads out of it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class KeptFile(_Part):
    """One file of a run directory."""

    bytes: int = Field(ge=0)
    """Length."""
    sha256: str = Field(pattern=_SHA256)
    """Digest of what it holds."""


class KeptScenario(_Part):
    """The scenario, whole: nothing else is needed to simulate it again but the catalogue and the user's own rows."""

    name: str
    """Its name."""
    sha256: str = Field(pattern=_SHA256)
    """Digest of the document as sorted JSON."""
    document: dict[str, Any]
    """The resolved, validated scenario with every default filled in."""


class OwnTable(_Part):
    """How many rows of the user's were laid over one table."""

    file: str
    """Name of the CSV file."""
    replaced: int
    """Rows in the place of shipped ones."""
    added: int
    """Further rows."""


class OwnRows(_Part):
    """The user's own rows; they lie in ``own_data/``."""

    sha256: str = Field(pattern=_SHA256)
    """Digest of what they say."""
    tables: list[OwnTable]
    """Each table with own rows."""


class KeptData(_Part):
    """The facts a run rests on."""

    sha256: str = Field(pattern=_SHA256)
    """Digest of all tables."""
    own: OwnRows | None = None
    """The user's own rows, where there are any."""


class Seed(_Part):
    """Where the random numbers came from."""

    root: int = Field(ge=0)
    """Root seed."""
    scheme: str
    """Name of the way random numbers are made."""


class Replications(_Part):
    """How many random futures."""

    requested: int = Field(ge=1)
    """Asked for."""
    completed: int = Field(ge=0)
    """Finished and kept; 0 while the run is under way."""
    failed: list[int] = Field(default_factory=list)
    """Those that came to nothing; ``failures.jsonl`` says why."""


class Tool(_Part):
    """The program."""

    name: Literal["oresight"]
    """Distribution."""
    version: str
    """Its version."""
    code_sha256: str | None = None
    """Digest of its text and tables, where the run was kept by a version that says."""


class Environment(_Part):
    """What bytes may depend on."""

    python: str
    """Version of Python."""
    system: str
    """Operating system."""
    machine: str
    """Processor architecture."""
    libraries: dict[str, str]
    """Versions of the libraries that compute."""
    cpu_features: list[str]
    """Processor features that NumPy found."""


class Execution(_Part):
    """What differs between equal runs."""

    created_utc: str
    """When the run was kept."""
    jobs: int = Field(ge=1)
    """Worker processes."""
    wall_s: float = Field(ge=0)
    """Duration, seconds."""


class Manifest(_Part):
    """Everything about a run but its numbers."""

    manifest_schema: Literal["simulator.manifest/2"] = Field(alias="schema")
    """Version of this layout."""
    run_id: str = Field(pattern=_SHA256)
    """Digest of everything the results follow from."""
    status: Literal["running", "complete", "partial"]
    """Whether every replication asked for is there; ``running`` until the run ends, or for ever if it was killed."""
    tool: Tool
    """The program that made it."""
    scenario: KeptScenario
    """What was simulated."""
    focal: str
    """Buyer whose independence was judged."""
    data: KeptData
    """On which facts."""
    commodities: list[str] = Field(min_length=1)
    """Commodities simulated."""
    seed: Seed
    """On which random numbers."""
    replications: Replications
    """In how many futures."""
    files: dict[str, KeptFile]
    """Every other file of the folder by its name in it."""
    environment: Environment
    """On what machine, as far as bytes depend on it."""
    execution: Execution
    """When, and in what time."""

    @property
    def shards(self) -> list[str]:
        """Names of the shard files, in replication order."""
        return sorted(name for name in self.files if name.startswith("shards/"))


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of a run directory.

    Raises
    ------
    InputError
        If there is none, or it is not one of this version.
    """
    path = folder / MANIFEST
    try:
        if not folder.exists():
            raise InputError(f"{folder}: there is no such run directory")
        document = read_json(path, MAX_MANIFEST_BYTES, "a manifest", RESTORE)
    except FileNotFoundError:
        raise InputError(
            f"{path}: not found; a run directory is what `simulator run SCENARIO --out DIR` leaves inside DIR"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}; {RESTORE}") from None
    known = document.get("schema") if isinstance(document, dict) else None
    advice = RESTORE if known in (None, MANIFEST_SCHEMA) else "simulate it again"
    manifest = checked(Manifest, document, path, MANIFEST_SCHEMA, advice)
    foreign = [name for name in manifest.files if not re.match(_OUR_FILES, name)]
    if foreign:
        raise InputError(f"{path}: files: {reprlib.repr(foreign[0])} is not a file of a run directory; {RESTORE}")
    if not manifest.shards and manifest.status != "running":
        raise InputError(f"{path}: files: no shards are listed; {RESTORE}")
    return manifest
