"""Files made to do harm, and a program that feeds them to readers and tells what that took.

``python -m tests.fuzz.corpus`` prints one JSON line: seconds of processor time, peak memory, what was read.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SUITE = Path(__file__).parent / "yaml_test_suite.jsonl"


def yaml_cases() -> Iterator[tuple[str, dict[str, object]]]:
    """The cases of the YAML test suite."""
    for line in SUITE.read_text("utf-8").splitlines():
        case = json.loads(line)
        yield case["id"], case


def texts() -> Iterator[tuple[str, bytes]]:
    """Hostile scenarios and tables."""
    yield "nothing", b""
    yield "zero bytes", b"name: a\0b\n" * 100
    yield "only zero bytes", b"\0" * 1_000_000
    yield "a line of 10 MB", b"name: " + b"x" * 10_000_000
    yield "a line of nearly the limit", b"name: " + b"x" * 1_999_000
    yield "commas of nearly the limit", b"," * 3_999_000
    yield "quotes of nearly the limit", b'"' * 3_999_000
    yield "an open quote", b'commodity,"' + b"x" * 3_000_000
    yield "deep flow", b"name: " + b"[" * 1_000_000
    yield "deep maps", b"{a: " * 400_000
    yield "deep blocks", b"".join(b" " * level + b"a:\n" for level in range(1500))
    yield "many keys", b"".join(b"k%d: 1\n" % number for number in range(150_000))
    yield "equal keys", b"a: 1\n" * 200_000
    yield "many documents", b"---\n" * 300_000
    bomb = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    bomb += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    yield "an alias bomb", "\n".join(bomb).encode()
    yield "keys by alias", b"a: &a b\n*a : c\n"
    yield "an alias of itself", b"a: &a [*a]\n"
    yield "python tags", b"name: !!python/object/apply:os.system ['true']\n"
    yield "a long number", b"name: a\nreview_days: " + b"9" * 1_000_000
    yield "a long exponent", b"name: a\nreview_days: 1e" + b"9" * 100_000
    yield "surrogates", "name: \ud800".encode("utf-8", "surrogatepass")
    yield "utf-16", "name: a\n".encode("utf-16")
    yield "control characters", bytes(range(1, 32)) * 1000
    yield "many errors", b"name: a\nevents:\n" + b"  - {type: export_bann, x: 1}\n" * 30_000
    yield "many small parts", b'{"": [' + b'{"":0},' * 500_000 + b"0]}"
    schemas = ("manifest/2", "sweep.point/1", "batch/1", "explain/1")
    for schema in schemas:
        yield (
            f"many faults of {schema}",
            b"".join(
                [b'{"schema": "simulator.%b", "x": [' % schema.encode(), *([b'"",'] * 400_000), b"0]"]
                + [
                    b', "%b": [%b0]' % (name, b'"",' * 60_000)
                    for name in (b"runs", b"commodities", b"measures", b"contributions")
                ]
                + [b"}"]
            ),
        )
    yield "a name of markup", b"name: <script>alert(1)</script>\n"
    yield "up the tree", b"name: a\nextends: ../../../../../../etc/passwd\n"
    yield "a device", b"name: a\nextends: /dev/zero\n"
    yield "itself", b"name: a\nextends: fuzzed.yaml\n"


def archives() -> Iterator[tuple[str, bytes]]:
    """Hostile npz files."""

    def made(*members: tuple[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", packing) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return buffer.getvalue()

    def npy(array: object) -> bytes:
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=True)
        return buffer.getvalue()

    numbers = ("replications.npy", npy(np.arange(64)))
    yield "no archive", b"PK" + b"\0" * 1000
    yield "empty archive", made()
    yield "pickles", made(numbers, ("gallium/lots.npy", npy(np.array([{}], dtype=object))))
    yield "a packed bomb", made(("x.npy", b"\0" * 200_000_000), packing=zipfile.ZIP_DEFLATED)
    yield "a path out", made(("../../../x.npy", npy([1.0])), numbers)
    yield "an absolute path", made(("/etc/x.npy", npy([1.0])), numbers)
    yield "many members", made(*((f"{number}.npy", b"") for number in range(30_000)))
    yield "words for replications", made(("replications.npy", npy(["a", "b"])))
    yield "a table for replications", made(("replications.npy", npy(np.zeros((2, 2), dtype=int))))
    yield "no replications", made(("replications.npy", npy(np.zeros(0, dtype=int))))
    yield "a huge claim", made(numbers, ("x.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, "
                                                   b"'shape': (1000000000000,), }".ljust(118) + b"\n"))  # fmt: skip
    yield "code for a header", made(numbers, ("x.npy", b"\x93NUMPY\x01\x00\x20\x00__import__('os').getcwd()".ljust(42)))
    yield "a negative shape", made(numbers, ("x.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, "
                                                      b"'shape': (-1,), }".ljust(118) + b"\n"))  # fmt: skip


def main() -> None:
    from tests.fuzz.targets import TARGETS

    TARGETS["scenario"](b"name: a\n")
    TARGETS["own_rows"](b"")
    slowest, longest = "", 0.0
    count = 0
    feed = [(name, content) for name, content in texts()]
    for target in TARGETS:
        if target == "shard":
            continue
        for name, content in feed:
            began = time.process_time()
            TARGETS[target](content)
            took = time.process_time() - began
            if took > 1.0:
                sys.stderr.write(f"{target}: {name}: {took:.1f} s\n")
            if took > longest:
                slowest, longest = f"{target}: {name}", took
            count += 1
    for _, content in archives():
        TARGETS["shard"](content)
        count += 1
    for _, case in yaml_cases():
        TARGETS["scenario"](str(case["yaml"]).encode("utf-8", "surrogatepass"))
        count += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    told = {"files": count, "slowest": slowest, "slowest_s": round(longest, 2), "peak_bytes": peak}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
