"""Coverage-guided fuzzing with atheris: ``python -m tests.fuzz.harness TARGET [-max_total_time=600 ...]``.

Atheris is no requirement of ours; install it into an environment of its own beside the package.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    import atheris

    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    with atheris.instrument_imports(include=["simulator", "yaml"]):
        from tests.fuzz.targets import TARGETS, scratch, seeds
    if name not in TARGETS:
        raise SystemExit(f"name a target: {', '.join(TARGETS)}")
    corpus = scratch() / "corpus"
    corpus.mkdir()
    seed = seeds()[name]
    (corpus / "seed").write_bytes(seed)
    if name == "scenario":
        for path in (Path(__file__).parents[2] / "scenarios").glob("*.yaml"):
            (corpus / path.name).write_bytes(path.read_bytes())
    # Never shorter than the seed, which would be cut.
    most = max(1 << 16, 2 * len(seed))
    atheris.Setup([*sys.argv, f"-max_len={most}", "-timeout=20", "-rss_limit_mb=512", str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
