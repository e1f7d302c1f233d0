#!/usr/bin/env python3
"""Derives the compact service models of the sandbox from botocore's.

    pip install botocore
    python3 crates/fleet-sandbox/models/derive.py

Kept are only facts of the wire: operations, HTTP bindings, shapes with their constraints, error
codes and statuses. Texts are left out. Every operation of a service keeps its route, so that one
the sandbox lacks can be named in the answer; shapes are kept for all of them.
"""
import gzip
import json
import pathlib

import botocore

SERVICES = {
    "cloudwatch": "cloudwatch/2010-08-01",
    "iam": "iam/2010-05-08",
    "iot": "iot/2015-05-28",
    "lambda": "lambda/2015-03-31",
    "logs": "logs/2014-03-28",
    "sns": "sns/2010-03-31",
    "sts": "sts/2011-06-15",
    "tagging": "resourcegroupstaggingapi/2017-01-26",
}
# Services whose every operation would be far more than the sandbox offers: shapes only for these.
ONLY = {
    "iam": ["Role", "Polic", "InstanceProfilesForRole"],
    "iot": ["Audit", "Certificate", "CustomMetric", "Dimension", "Endpoint", "Indexing", "Logging", "Mitigation", "Polic",
            "Principal", "RegistrationCode", "RoleAlias", "SecurityProfile", "Tag", "Thing", "TopicRule", "Violation"],
    "lambda": ["Function", "Permission", "GetPolicy", "Tag", "Invoke"],
    "logs": ["LogGroup", "LogStream", "LogEvents", "Retention", "Tag", "KmsKey", "MetricFilter"],
    "cloudwatch": ["Alarm", "Dashboard", "Tag", "MetricData", "ListMetrics", "MetricStatistics"],
}


def shape(s):
    out = {"type": s["type"]}
    for key in ("min", "max", "pattern", "enum", "timestampFormat", "flattened"):
        if key in s:
            out[key] = s[key]
    if s["type"] == "structure":
        out["members"] = {name: member(m) for name, m in s["members"].items()}
        for key in ("required", "payload"):
            if s.get(key):
                out[key] = s[key]
        if s.get("union"):
            out["union"] = True
        if s.get("exception"):
            error = s.get("error", {})
            out["error"] = {"code": error.get("code"), "status": error.get("httpStatusCode")}
    for key in ("member", "key", "value"):
        if key in s:
            out[key] = member(s[key])
    return out


def member(m):
    return {k: m[k] for k in ("shape", "location", "locationName", "timestampFormat", "streaming") if k in m}


def derive(name, folder):
    root = pathlib.Path(botocore.__file__).parent / "data" / folder / "service-2.json.gz"
    source = json.loads(gzip.decompress(root.read_bytes()))
    meta = source["metadata"]
    operations, wanted = {}, []
    for op, o in source["operations"].items():
        entry = {"http": o["http"]}
        if name not in ONLY or any(part.lower() in op.lower() for part in ONLY[name]):
            entry["errors"] = [e["shape"] for e in o.get("errors", [])]
            for side in ("input", "output"):
                if side in o:
                    entry[side] = o[side]["shape"]
                    wanted.append(o[side]["shape"])
            if "resultWrapper" in o.get("output", {}):
                entry["resultWrapper"] = o["output"]["resultWrapper"]
            wanted += entry["errors"]
        operations[op] = entry
    shapes = {}
    while wanted:
        current = wanted.pop()
        if current in shapes:
            continue
        shapes[current] = shape(source["shapes"][current])
        parts = [*shapes[current].get("members", {}).values()]
        parts += [shapes[current][k] for k in ("member", "key", "value") if k in shapes[current]]
        wanted += [p["shape"] for p in parts]
    model = {
        "protocols": meta.get("protocols", [meta["protocol"]]),
        "version": meta["apiVersion"],
        "target": meta.get("targetPrefix"),
        "jsonVersion": meta.get("jsonVersion"),
        "xmlNamespace": meta.get("xmlNamespace"),
        "operations": operations,
        "shapes": {k: shapes[k] for k in sorted(shapes)},
    }
    lines = json.dumps({k: v for k, v in model.items() if v is not None and k not in ("operations", "shapes")})[:-1]
    tables = []
    for table in ("operations", "shapes"):
        rows = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in model[table].items())
        tables.append(f'"{table}": {{\n{rows}\n}}')
    out = pathlib.Path(__file__).parent / f"{name}.json"
    out.write_text(lines + ",\n" + ",\n".join(tables) + "}\n")
    print(out.name, out.stat().st_size, len(operations), len(shapes))


for service, folder in SERVICES.items():
    derive(service, folder)
