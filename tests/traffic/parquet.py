"""Parquet there and back with libraries written by others.

    parquet.py PROGRAM

What fleetctl writes, DuckDB and pyarrow read as it was; what they write in the many ways they can, fleetctl reads as it
was. What it cannot read is refused with a message that says why.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import duckdb
import pyarrow
import pyarrow.parquet

program = sys.argv[1]
folder = pathlib.Path(tempfile.mkdtemp())
SCENARIO = """
start: 2026-01-05T08:00:00Z
duration: 6h
classes:
  sensor:
    count: 40
    messages: { every: 60s, topic: "f/${thing}/é" }
    session: 1h
    reports: { every: 5m, bytesOut: { min: 100, max: 900 }, tcpPorts: [22], custom: { level: { min: 1, max: 9 } } }
episodes: [{ kind: credential-stuffing, at: 1h, for: 2h, devices: { names: [sensor-7] } }]
"""
OTHERS = """\
{"timestamp":1767600000001,"type":"subscribe","clientId":"c","thing":"t","status":"failed","topic":"a/#"}
{"timestamp":1767600000002,"type":"value","thing":"t","metric":"x","value":{"number":-0.5},"version":3,\
"dimension":{"name":"d","operator":"NOT_IN"}}
"""
TEXTS = "type clientId thing status sourceIp topic metrics metric value dimension".split()


def fleetctl(*arguments):
    return subprocess.run([program, "traffic", *map(str, arguments)], capture_output=True, text=True)


def lines_of(name):
    """The file as NDJSON, in strict mode."""
    ran = fleetctl("convert", "--strict", "--traffic", folder / name)
    assert ran.returncode == 0, f"{name}: {ran.stderr}"
    return ran.stdout


def same(name):
    assert lines_of(name) == lines, f"{name} is read with other events than it was written with"
    print(f"ok   {name}")


def refused(name, expected):
    ran = fleetctl("convert", "--traffic", folder / name)
    assert ran.returncode == 1 and expected in ran.stderr, f"{name}: {ran.returncode} {ran.stderr}"
    print(f"ok   {name} is refused: {expected}")


(folder / "scenario.yaml").write_text(SCENARIO)
(folder / "lines.ndjson").write_text(fleetctl("generate", folder / "scenario.yaml").stdout + OTHERS)
ran = fleetctl("convert", "--traffic", folder / "lines.ndjson", "--out", folder / "ours.parquet")
assert ran.returncode == 0, ran.stderr
lines = (folder / "lines.ndjson").read_text()
events = [json.loads(line) for line in lines.splitlines()]

# Written here, read there.
table = pyarrow.parquet.read_table(folder / "ours.parquet")
for row, event in zip(table.to_pylist(), events, strict=True):
    found = {name: cell for name, cell in row.items() if cell is not None}
    found["timestamp"] = round(found["timestamp"].timestamp() * 1000)
    for name in ("metrics", "value", "dimension"):
        if name in found:
            found[name] = json.loads(found[name])
    assert found == event, f"{found} is not {event}"
print("ok   pyarrow reads ours")
counted = duckdb.sql(f"""
    SELECT count(*), count(*) FILTER (type = 'connect' AND status = 'refused'), sum(bytes)::BIGINT,
           max(epoch_ms(timestamp))::BIGINT, sum((metrics->'aws:all-bytes-out'->>'count')::BIGINT)::BIGINT
    FROM '{folder}/ours.parquet'""").fetchall()[0]
expected = (
    len(events),
    sum(event["type"] == "connect" and event.get("status") == "refused" for event in events),
    sum(event.get("bytes", 0) for event in events),
    max(event["timestamp"] for event in events),
    sum(event["metrics"]["aws:all-bytes-out"]["count"] for event in events if event["type"] == "report"),
)
assert counted == expected, f"DuckDB counts {counted}, not {expected}"
print("ok   DuckDB reads ours")

# Written there, read here: DuckDB, from our lines and from our table.
typed = ", ".join(f"{name}: '{'JSON' if name in ('metrics', 'value', 'dimension') else 'VARCHAR'}'" for name in TEXTS)
read = f"read_json('{folder}/lines.ndjson', columns = {{timestamp: 'BIGINT', {typed}, bytes: 'BIGINT', version: 'BIGINT'}})"
for name, rows, options in [
    ("duckdb-lines", read, "COMPRESSION snappy"),
    ("duckdb-small-groups", read, "COMPRESSION zstd, ROW_GROUP_SIZE 2048"),
    ("duckdb-gzip", read, "COMPRESSION gzip"),
    ("duckdb-plain", read, "COMPRESSION uncompressed"),
    ("duckdb-table", f"'{folder}/ours.parquet'", "COMPRESSION zstd"),
]:
    duckdb.execute(f"COPY (SELECT * FROM {rows}) TO '{folder}/{name}.parquet' (FORMAT parquet, {options})")
    same(f"{name}.parquet")

# pyarrow, with its many types and pages.
for name, options in {
    "pyarrow-snappy": {},
    "pyarrow-no-dictionary": {"use_dictionary": False, "compression": "gzip"},
    "pyarrow-v2-pages": {"data_page_version": "2.0", "compression": "zstd", "data_page_size": 4096},
    "pyarrow-plain": {"compression": "none", "row_group_size": 777, "write_page_index": True},
    "pyarrow-int96": {"use_deprecated_int96_timestamps": True},
    "pyarrow-micros": {"coerce_timestamps": "us"},
}.items():
    pyarrow.parquet.write_table(table, folder / f"{name}.parquet", **options)
    same(f"{name}.parquet")


def cast(**types):
    fields = [pyarrow.field(field.name, types.get(field.name, field.type)) for field in table.schema]
    return table.cast(pyarrow.schema(fields))


text = dict.fromkeys(TEXTS, pyarrow.large_string()) | dict.fromkeys(("metric", "topic"), pyarrow.binary())
words = dict.fromkeys(("type", "status"), pyarrow.dictionary(pyarrow.int32(), pyarrow.string()))
for name, other in {
    "types-numbers": cast(timestamp=pyarrow.timestamp("ns"), bytes=pyarrow.float64(), version=pyarrow.int32()),
    "types-texts": cast(timestamp=pyarrow.int64(), bytes=pyarrow.uint32(), **text),
    "types-words": cast(**words),
    "columns-in-another-order": table.select(list(reversed(table.column_names))),
}.items():
    pyarrow.parquet.write_table(other, folder / f"{name}.parquet")
    same(f"{name}.parquet")

# What is left out is null; a column of nulls alone has no type.
few = pyarrow.table({"timestamp": [1767600000000], "type": ["disconnect"], "thing": ["t"], "topic": [None]})
pyarrow.parquet.write_table(few, folder / "few.parquet")
assert lines_of("few.parquet") == '{"timestamp":1767600000000,"type":"disconnect","clientId":"t","thing":"t"}\n'
print("ok   few.parquet")

for name, other, expected, options in [
    ("nested", few.append_column("metrics", [[{"x": 1}]]), "`metrics` is nested", {}),
    ("unknown", few.append_column("Topic", [["x"]]), "`Topic` is not one of", {}),
    ("nameless", few.drop(["thing"]), "`clientId` and `thing` are missing", {}),
    ("mistyped", few.drop(["thing"]).append_column("thing", [[5]]), "`thing` has the type INT64", {}),
    ("lz4", few, "is not read; write it with zstd", {"compression": "lz4"}),
    ("deltas", few, "DELTA_BINARY_PACKED is not read", {"use_dictionary": False,
                                                        "column_encoding": {"timestamp": "DELTA_BINARY_PACKED"}}),
]:
    pyarrow.parquet.write_table(other, folder / f"{name}.parquet", **options)
    refused(f"{name}.parquet", expected)
whole = (folder / "ours.parquet").read_bytes()
(folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])
refused("cut.parquet", "does not end in `PAR1`")
