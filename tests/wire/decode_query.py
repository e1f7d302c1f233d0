"""Decodes awsQuery: requests are form fields, responses XML."""

import re
import xml.etree.ElementTree as ElementTree

import decode_json
from problems import BROKEN, brief, entry, item, member

_ENVELOPE = ("Action", "Version")


def decode_request(operation, exchange, problems):
    """The input from the form. Every field has to be used by some member."""
    fields = {}
    for name, text in exchange.form():
        if name in fields:
            problems.add(f"request.{name}", "query", "is given twice")
        fields[name] = text
    for name in _ENVELOPE:
        if name not in fields:
            problems.add(f"request.{name}", "required", "is missing from the form")
        fields.pop(name, None)
    unused = set(fields)
    value = {}
    if operation.input is not None:
        value = _form_structure(operation.input, fields, "", "request", unused, problems)
    for name in sorted(unused):
        problems.add(f"request.{name}", "unknown", f"is no field of {operation.name}")
    return value if operation.input is not None else None


def _form(shape, traits, fields, key, path, unused, problems):
    """The value under the field prefix `key`, or None if there is none."""
    if not any(name == key or name.startswith(key + ".") for name in fields):
        return None
    if shape.type == "structure":
        return _form_structure(shape, fields, key + ".", path, unused, problems)
    if shape.type == "list":
        return _form_list(shape, fields, key, path, unused, problems)
    if shape.type == "map":
        return _form_map(shape, fields, key, path, unused, problems)
    if key not in fields:
        return problems.broken(path, "type", f"holds fields below {key}, but is a {shape.type}")
    unused.discard(key)
    return text_leaf(shape, traits, fields[key], path, problems)


def _form_structure(shape, fields, prefix, path, unused, problems):
    value = {}
    for name, (inner, traits) in shape.members().items():
        key = prefix + traits.get("locationName", name)
        found = _form(inner, traits, fields, key, member(path, name), unused, problems)
        if found is not None:
            value[name] = found
    return value


def _form_list(shape, fields, key, path, unused, problems):
    # An empty list is the bare field with no text (`Tags=`).
    if key in fields and fields[key] == "":
        unused.discard(key)
        return []
    inner, traits = shape.part("member")
    if not shape.raw.get("flattened"):
        key += "." + traits.get("locationName", "member")
    count = _count(fields, key, path, problems)
    return [
        _form(inner, traits, fields, f"{key}.{index + 1}", item(path, index), unused, problems)
        for index in range(count)
    ]


def _form_map(shape, fields, key, path, unused, problems):
    if key in fields and fields[key] == "":
        unused.discard(key)
        return {}
    keys, key_traits = shape.part("key")
    values, value_traits = shape.part("value")
    if not shape.raw.get("flattened"):
        key += ".entry"
    found = {}
    for index in range(_count(fields, key, path, problems)):
        prefix = f"{key}.{index + 1}."
        place = item(path, index)
        name = _form(
            keys, key_traits, fields, prefix + key_traits.get("locationName", "key"), place, unused, problems
        )
        if not isinstance(name, str):
            problems.add(place, "query", "has no key")
            continue
        if name in found:
            problems.add(entry(path, name), "query", "is given twice")
        element = _form(
            values,
            value_traits,
            fields,
            prefix + value_traits.get("locationName", "value"),
            entry(path, name),
            unused,
            problems,
        )
        found[name] = problems.broken(entry(path, name), "query", "has no value") if element is None else element
    return found


def _count(fields, key, path, problems):
    """How many numbered entries there are below `key`; they run from 1 without a gap."""
    pattern = re.compile(re.escape(key) + r"\.([1-9]\d*)(\.|$)")
    numbers = {int(found[1]) for found in map(pattern.match, fields) if found}
    if numbers != set(range(1, len(numbers) + 1)):
        problems.add(path, "query", f"is numbered {sorted(numbers)}, not from 1 without a gap")
        return 0
    return len(numbers)


def text_leaf(shape, traits, text, path, problems, timestamp="iso8601"):
    """A leaf written as text: in a form, an XML element, a header or a URI."""
    wire = text
    if shape.type == "boolean":
        wire = {"true": True, "false": False}.get(text, text)
    elif shape.type in ("integer", "long"):
        wire = int(text) if re.fullmatch(r"-?(0|[1-9]\d*)", text) else text
    elif shape.type in ("float", "double"):
        # Decimal as XML Schema writes it; float() would also take "1_000" or "nan".
        wire = float(text) if re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text) else text
    elif shape.type == "timestamp":
        traits = {"timestampFormat": shape.raw.get("timestampFormat", timestamp), **traits}
        if traits["timestampFormat"] == "unixTimestamp":
            wire = float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text
    elif shape.type in ("structure", "list", "map"):
        return problems.broken(path, "type", f"{brief(text)} is not a {shape.type}")
    return decode_json.decode(shape, wire, path, problems, decode_json.JsonLeaves(), traits)


def parse(exchange, problems):
    """The root element of a response, its namespace stripped off but checked."""
    try:
        root = ElementTree.fromstring(exchange.response_body)
    except ElementTree.ParseError as cause:
        problems.add("response", "xml", f"is not XML: {cause}")
        return None, None
    namespace, _, _ = root.tag.rpartition("}")
    for element in root.iter():
        outer, _, name = element.tag.rpartition("}")
        if outer != namespace:
            problems.add("response", "xml", f"<{name}> is in another namespace than the root")
        element.tag = name
    return root, namespace.lstrip("{")


def decode_response(operation, exchange, problems, namespace):
    """The output from `<OperationResponse><OperationResult>`."""
    root, given = parse(exchange, problems)
    if root is None:
        return BROKEN
    if root.tag != f"{operation.name}Response":
        return problems.broken("response", "xml", f"<{root.tag}> is not <{operation.name}Response>")
    if given != namespace:
        problems.add("response", "xml", f"has the namespace {given!r}, not {namespace!r}")
    if root.find("ResponseMetadata/RequestId") is None:
        problems.add("response", "xml", "has no ResponseMetadata with a RequestId")
    wrapper = operation.result_wrapper
    for child in root:
        if child.tag not in ("ResponseMetadata", wrapper):
            problems.add(member("response", child.tag), "unknown", "is no element of this response")
    if operation.output is None:
        return None
    result = root.find(wrapper) if wrapper else root
    if result is None:
        if operation.output.members():
            return problems.broken("response", "xml", f"has no <{wrapper}>")
        return {}
    return xml_structure(operation.output, list(result), "response", problems)


def xml_structure(shape, children, path, problems):
    """A structure from elements; a flattened list is the same element several times."""
    value = {}
    unknown = {child.tag for child in children}
    for name, (inner, traits) in shape.members().items():
        tag = traits.get("locationName", name)
        found = [child for child in children if child.tag == tag]
        unknown.discard(tag)
        if not found:
            continue
        place = member(path, name)
        if inner.raw.get("flattened"):
            value[name] = _xml_many(inner, found, place, problems)
            continue
        if len(found) > 1:
            problems.add(place, "xml", f"occurs {len(found)} times")
        value[name] = _xml(inner, traits, found[0], place, problems)
    for tag in sorted(unknown):
        problems.add(member(path, tag), "unknown", f"is no member of {shape.name}")
    return value


def _xml(shape, traits, element, path, problems):
    if shape.type == "structure":
        return xml_structure(shape, list(element), path, problems)
    if shape.type in ("list", "map"):
        name = shape.part("member")[1].get("locationName", "member") if shape.type == "list" else "entry"
        for child in element:
            if child.tag != name:
                problems.add(member(path, child.tag), "unknown", f"is not <{name}>")
        return _xml_many(shape, element.findall(name), path, problems)
    if len(element):
        return problems.broken(path, "type", f"has elements inside, but is a {shape.type}")
    return text_leaf(shape, traits, element.text or "", path, problems)


def _xml_many(shape, elements, path, problems):
    if shape.type == "list":
        inner, traits = shape.part("member")
        return [_xml(inner, traits, element, item(path, index), problems) for index, element in enumerate(elements)]
    keys, key_traits = shape.part("key")
    values, value_traits = shape.part("value")
    found = {}
    for index, element in enumerate(elements):
        key = element.find(key_traits.get("locationName", "key"))
        inner = element.find(value_traits.get("locationName", "value"))
        if key is None or inner is None:
            problems.add(item(path, index), "xml", "has no key or no value")
            continue
        name = _xml(keys, key_traits, key, item(path, index), problems)
        found[name] = _xml(values, value_traits, inner, entry(path, name), problems)
    return found
