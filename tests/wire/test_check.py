"""The checker finds every class of violation, in requests and responses of every protocol.

    cd tests/wire && python -m unittest

Each case takes a valid exchange, breaks one thing, and states the one violation
that has to be found: nothing less, and nothing beside it.
"""

import base64
import contextlib
import copy
import io
import json
import unittest

import cbor2

import check
import decode_rest
import exchange
import model
import pattern
import sample
from cases import DELETE, INPUTS, OUTPUTS
from problems import Problems
from sample import CBOR, record

def changed(value, path, new):
    """A copy of `value` with what is at `path` replaced or deleted."""
    value = copy.deepcopy(value)
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    inner = value
    for part in way:
        inner = inner[part]
    if new is DELETE:
        del inner[last]
    else:
        inner[last] = new
    return value


def violations(given, allow_refused=False):
    """[(JSON path, rule)] found in a record."""
    problems = Problems()
    check.check(exchange.Exchange(given), problems, allow_refused)
    return [(path, rule) for path, rule, _ in problems.found]


def answered(service, operation, status, headers, body):
    """The sample's request, answered as given."""
    given = record(service, operation)
    given.update(status=status, response_headers=headers, response_body=sample.encoded(body))
    return given


class Samples(unittest.TestCase):
    def test_valid_exchanges_have_no_violation_and_mean_what_botocore_reads(self):
        for (service, operation), (_, _, output) in sample.SAMPLES.items():
            with self.subTest(f"{service}:{operation}"):
                given = record(service, operation)
                self.assertEqual(violations(given), [])
                self.assertEqual(sample.parsed(given), output or {})


class Constraints(unittest.TestCase):
    def test_each_broken_input_is_found(self):
        for service, operation, path, new, place, rule in INPUTS:
            with self.subTest(f"{service}:{operation} {path} = {str(new)[:20]}"):
                given = changed(sample.SAMPLES[service, operation][1], path, new)
                self.assertEqual(violations(record(service, operation, given=given)), [(place, rule)])

    def test_each_broken_output_is_found(self):
        for service, operation, path, new, place, rule in OUTPUTS:
            with self.subTest(f"{service}:{operation} {path} = {str(new)[:20]}"):
                output = changed(sample.SAMPLES[service, operation][2], path, new)
                self.assertEqual(violations(record(service, operation, output=output)), [(place, rule)])

    def test_a_cbor_request_with_a_wrong_type_or_an_unknown_member_is_found(self):
        # botocore cannot be made to write these.
        for name, value, rule in [("Period", "300", "type"), ("Colour", "red", "unknown"), ("Unit", None, "null")]:
            given = record("cloudwatch", "PutMetricAlarm")
            body = {**cbor2.loads(base64.b64decode(given["request_body"])), name: value}
            given["request_body"] = sample.encoded(cbor2.dumps(body))
            self.assertEqual(violations(given), [(f"request.{name}", rule)])


class Bindings(unittest.TestCase):
    def test_a_member_in_the_wrong_place_is_unknown_there_and_missing_where_it_belongs(self):
        given = record("iot", "AttachThingPrincipal")
        principal = given["request_headers"].pop("x-amzn-principal")
        given["uri"] += f"?principal={principal}"
        self.assertEqual(violations(given), [("request.principal", "unknown"), ("request.principal", "required")])

        given = record("iot", "UpdateSecurityProfile")
        given["request_body"] = sample.encoded(b'{"expectedVersion": 3}')
        self.assertEqual(violations(given), [("request.expectedVersion", "unknown")])

        given = record("iam", "ListPolicies")
        given["request_body"] = sample.encoded(b"Action=ListPolicies&Version=2010-05-08&scope=Local")
        self.assertEqual(violations(given), [("request.scope", "unknown")])

    def test_a_form_list_with_a_gap_or_a_wrong_member_name_is_found(self):
        for find, put, expected in [
            (b"Tags.member.2", b"Tags.member.3", ["query", "unknown"]),
            (b"Tags.member.", b"Tags.", ["unknown"]),
            (b"Tags.member.", b"Tags.entry.", ["unknown"]),
        ]:
            given = record("iam", "CreateRole")
            body = base64.b64decode(given["request_body"]).replace(find, put)
            given["request_body"] = sample.encoded(body)
            self.assertEqual(sorted({rule for _, rule in violations(given)}), expected)

    def test_prefix_headers_are_gathered(self):
        # None of the services here has them; the trait is read all the same.
        owner = model.service("iot")
        texts = model.Shape(
            owner, "Texts", {"type": "map", "key": {"shape": "String"}, "value": {"shape": "String"}}
        )

        class Given:
            raw = {}

            def members(self):
                return {"metadata": (texts, {"location": "headers", "locationName": "X-Meta-"})}

        value = {}
        decode_rest._headers(Given(), {"x-meta-a": "1", "x-other": "2"}, "request", value, Problems())
        self.assertEqual(value, {"metadata": {"a": "1"}})

    def test_the_recorded_operation_must_be_the_one_requested(self):
        for service, operation in sample.SAMPLES:
            given = record(service, operation)
            given["operation"] = "Other"
            self.assertEqual(violations(given), [("operation", "operation")])

    def test_a_literal_path_wins_over_a_label(self):
        iot = model.service("iot")
        for method, path, expected in [
            ("GET", "/things/a%2Fb", "DescribeThing"),
            ("GET", "/things/a/jobs", "ListJobExecutionsForThing"),
            ("PUT", "/things/a/jobs/%24next", None),
            ("GET", "/destinations/arn:a/b", "GetTopicRuleDestination"),
        ]:
            given = {**record("iot", "AttachThingPrincipal"), "method": method, "uri": path}
            found = iot.operation_of(exchange.Exchange(given), "rest-json")
            self.assertEqual(found and found.name, expected, path)


class Envelopes(unittest.TestCase):
    def test_status_content_type_and_protocol_header(self):
        for (service, operation), (protocol, _, output) in sample.SAMPLES.items():
            given = record(service, operation)
            if operation != "Invoke":  # its status and media type are the function's
                self.assertEqual(violations({**given, "status": 204}), [("response", "status")])
            if protocol == CBOR:
                headers = {"Content-Type": "application/cbor"}
                self.assertEqual(violations({**given, "response_headers": headers}), [("response", "protocol")])
            if output and operation != "Invoke":
                headers = {**given["response_headers"], "Content-Type": "text/plain"}
                self.assertEqual(violations({**given, "response_headers": headers}), [("response", "content-type")])

    def test_a_body_that_cannot_be_read(self):
        for service, operation, rule in [
            ("iot", "UpdateSecurityProfile", "json"),
            ("logs", "DescribeLogGroups", "json"),
            ("iam", "CreateRole", "xml"),
            ("cloudwatch", "DescribeAlarms", "cbor"),
        ]:
            given = record(service, operation)
            given["response_body"] = sample.encoded(b'{"a')
            self.assertEqual(violations(given), [("response", rule)])

    def test_each_flaw_of_form_is_found(self):
        for service, operation, part, find, put, expected in [
            ("iam", "CreateRole", "response_body", b"iam.amazonaws.com", b"sts.amazonaws.com", ["xml"]),
            ("iam", "CreateRole", "response_body", b"<Role>", b'<Role xmlns="other">', ["xml"]),
            ("iam", "CreateRole", "response_body", b"<RequestId>1</RequestId>", b"", ["xml"]),
            ("iam", "CreateRole", "request_body", b"2010-05-08", b"2011-06-15", ["query"]),
            ("iam", "CreateRole", "request_body", b"Path=", b"RoleName=x&Path=", ["query"]),
            ("logs", "CreateLogGroup", "request_body", b"{", b'{"logGroupName": "x", ', ["json"]),
            ("cloudwatch", "DescribeAlarms", "request_body", b"\x6aMaxRecords", b"\x6aAlarmNames", ["cbor"]),
        ]:
            given = record(service, operation)
            body = base64.b64decode(given[part])
            self.assertIn(find, body)
            given[part] = sample.encoded(body.replace(find, put, 1))
            self.assertEqual(sorted({rule for _, rule in violations(given)}), expected, (operation, put))

    def test_a_request_with_the_wrong_content_type_is_found(self):
        for service, operation in [("iot", "UpdateSecurityProfile"), ("iam", "CreateRole"), ("logs", "CreateLogGroup")]:
            given = record(service, operation)
            given["request_headers"]["Content-Type"] = "text/plain"
            self.assertEqual(violations(given), [("request", "content-type")])

    def test_a_query_member_given_twice_is_found(self):
        given = record("iot", "UpdateSecurityProfile")
        given["uri"] += "&expectedVersion=4"
        self.assertEqual(violations(given), [("request.expectedVersion", "binding")])

    def test_a_union_has_exactly_one_member(self):
        both = {"WallClockWindow": {"Timezone": "UTC"}, "SlidingWindow": {}}
        for window, expected in [(both, [("request.EvaluationWindow", "union")]), ({"SlidingWindow": {}}, [])]:
            given = changed(sample.SAMPLES["cloudwatch", "PutMetricAlarm"][1], "EvaluationWindow", window)
            self.assertEqual(violations(record("cloudwatch", "PutMetricAlarm", given=given)), expected)

    def test_a_closed_connection_has_no_answer_to_check(self):
        given = record("iot", "UpdateSecurityProfile")
        given.update(status=0, response_headers={}, response_body="")
        self.assertEqual(violations(given), [])


def _json_error(**members):
    return json.dumps(members).encode()


def _xml_error(code, kind="Sender", service="iam", extra=""):
    namespace = model.service(service).metadata["xmlNamespace"]
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{code}</Code>'
        f"<Message>m</Message>{extra}</Error><RequestId>1</RequestId></ErrorResponse>"
    ).encode()


def _cbor_error(code):
    return cbor2.dumps({"__type": f"com.amazonaws.cloudwatch#{code}", "message": "m"})


JSON = {"Content-Type": "application/json"}
JSON11 = {"Content-Type": "application/x-amz-json-1.1"}
XML = {"Content-Type": "text/xml"}
CBOR_HEADERS = {"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
LIMIT_HEADERS = {**CBOR_HEADERS, "x-amzn-query-error": "LimitExceeded;Sender"}
LIMIT = ("cloudwatch", "PutMetricAlarm", 400, LIMIT_HEADERS, _cbor_error("LimitExceededFault"))


class Errors(unittest.TestCase):
    def test_declared_and_common_errors_are_valid(self):
        missing = {**JSON, "x-amzn-ErrorType": "ResourceNotFoundException:http://internal/"}
        for case in [
            ("iot", "UpdateSecurityProfile", 404, missing, _json_error(message="m")),
            ("iot", "UpdateSecurityProfile", 403, {**JSON, "x-amzn-ErrorType": "AccessDeniedException"}, b""),
            ("logs", "CreateLogGroup", 400, JSON11, _json_error(__type="LimitExceededException", message="m")),
            ("logs", "CreateLogGroup", 400, JSON11, _json_error(__type="a.b#ThrottlingException", message="m")),
            ("iam", "CreateRole", 409, XML, _xml_error("EntityAlreadyExists")),
            ("iam", "CreateRole", 403, XML, _xml_error("AccessDenied")),
            LIMIT,
        ]:
            self.assertEqual(violations(answered(*case)), [], case)

    def test_each_broken_error_is_found(self):
        gone = {**JSON, "x-amzn-ErrorType": "ResourceNotFoundException"}
        denied = {**JSON, "x-amzn-ErrorType": "AccessDeniedException"}
        for rule, case in [
            ("error", ("iot", "UpdateSecurityProfile", 400, {**JSON, "x-amzn-ErrorType": "OutOfPaper"}, b"")),
            ("error", ("iot", "UpdateSecurityProfile", 404, JSON, _json_error(__type="ResourceNotFoundException"))),
            ("status", ("iot", "UpdateSecurityProfile", 400, gone, _json_error(message="m"))),
            ("error", ("iot", "UpdateSecurityProfile", 404, gone, _json_error(__type="ThrottlingException"))),
            ("status", ("iot", "UpdateSecurityProfile", 404, denied, b"")),
            # The code of the query protocol where CBOR wants the shape's name.
            ("error", (*LIMIT[:4], _cbor_error("LimitExceeded"))),
            ("unknown", ("iot", "UpdateSecurityProfile", 404, gone, _json_error(Message="m"))),
            ("error", ("logs", "CreateLogGroup", 400, JSON11, _json_error(__type="OutOfPaper"))),
            ("status", ("logs", "CreateLogGroup", 404, JSON11, _json_error(__type="LimitExceededException"))),
            ("error", ("iam", "CreateRole", 409, XML, _xml_error("OutOfPaper"))),
            # The shape's name where the query protocol wants the code, and the blame.
            ("error", ("iam", "CreateRole", 409, XML, _xml_error("EntityAlreadyExistsException"))),
            ("error", ("iam", "CreateRole", 409, XML, _xml_error("EntityAlreadyExists", kind="Receiver"))),
            ("status", ("iam", "CreateRole", 400, XML, _xml_error("EntityAlreadyExists"))),
            ("xml", ("iam", "CreateRole", 409, XML, _xml_error("EntityAlreadyExists", service="sts"))),
            ("unknown", ("iam", "CreateRole", 409, XML, _xml_error("EntityAlreadyExists", extra="<A>1</A>"))),
            ("error", (*LIMIT[:4], _cbor_error("OutOfPaper"))),
            ("error", (*LIMIT[:4], cbor2.dumps({"__type": "LimitExceededFault"}))),
            # botocore's requests ask for the header that keeps old clients working.
            ("error", (*LIMIT[:3], CBOR_HEADERS, LIMIT[4])),
            ("content-type", ("iam", "CreateRole", 403, JSON, _xml_error("AccessDenied"))),
        ]:
            self.assertEqual([found for _, found in violations(answered(*case))], [rule], case)

    def test_an_error_without_a_code_is_found(self):
        case = ("logs", "CreateLogGroup", 400, JSON11, b"")
        self.assertEqual(violations(answered(*case)), [("response.__type", "error"), ("response", "error")])

    def test_a_refused_request_may_be_invalid_if_that_is_allowed(self):
        given = record("logs", "CreateLogGroup", given={"logGroupName": "a b"}, status=400)
        given["response_headers"] = JSON11
        given["response_body"] = sample.encoded(_json_error(__type="InvalidParameterException"))
        self.assertEqual(violations(given), [("request.logGroupName", "pattern")])
        self.assertEqual(violations(given, allow_refused=True), [])
        accepted = record("logs", "CreateLogGroup", given={"logGroupName": "a b"})
        self.assertEqual(violations(accepted, allow_refused=True), [("request.logGroupName", "pattern")])


class Patterns(unittest.TestCase):
    def test_javas_meaning_is_kept(self):
        for java, matching, other in [
            (r"[a-zA-Z0-9:_-]+", ["a:_-"], ["a b", "", "a\n"]),
            (r"[\w-_]*", ["a-_"], ["é", "!"]),
            (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", ["é ٣", "a-b"], ["a!", "\t"]),
            (r"[\p{Graph}\x20]*", ["a ~!]\\^"], ["é", "\t"]),
            (r"[^\p{C}]*", ["é ~"], ["\t", "\u200b"]),
            (r"[\p{Upper}\p{Digit}_]+", ["A_9"], ["a", "É"]),
            (r"[\s\S]*", ["a\n\x00é\U0001f600"], []),
            (r"[\W]+", ["é -[^`{"], ["a", "_", "0"]),
            (r"\d{2}", ["12"], ["٣٣"]),
            (r".+", ["é"], ["\r", "\u2028"]),
            (r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", ["a1"], ["12"]),
        ]:
            for text in matching:
                self.assertTrue(pattern.compiled(java).fullmatch(text), (java, text))
            for text in other:
                self.assertFalse(pattern.compiled(java).fullmatch(text), (java, text))

    def test_what_cannot_be_translated_is_reported(self):
        unknown = [r"[a-z&&[^b]]", r"[a[b]]", r"\p{IsLatin}", r"(?i)a", r"\Qa\E", r"\x{1F600}", r"[\P{Alpha}]", "a\\"]
        for java in unknown:
            with self.assertRaises(pattern.Untranslatable, msg=java):
                pattern.compiled(java)
        shape = model.service("logs").shape("LogGroupName")
        original = shape.raw["pattern"]
        shape.raw["pattern"] = "(?i)x"
        try:
            found = violations(record("logs", "CreateLogGroup"))
        finally:
            shape.raw["pattern"] = original
        self.assertEqual(found, [("request.logGroupName", "pattern-untranslatable")])

    def test_every_pattern_of_the_models_can_be_translated(self):
        for name in set(model.SERVICES.values()):
            for raw in model.service(name)._raw_shapes.values():
                if "pattern" in raw:
                    pattern.compiled(raw["pattern"])


class Command(unittest.TestCase):
    def run_on(self, *lines):
        out = io.StringIO()
        return check.run([io.StringIO("\n".join(lines))], out), out.getvalue()

    def test_exit_codes_lines_and_counts(self):
        good = record("logs", "CreateLogGroup")
        bad = record("logs", "CreateLogGroup", given={"logGroupName": "a b"})
        self.assertEqual(self.run_on(""), (2, "0 exchanges of 0 operations checked, 0 violations\n"))
        self.assertEqual(
            self.run_on(json.dumps(good), "", json.dumps(record("iam", "CreateRole"))),
            (0, "2 exchanges of 2 operations checked, 0 violations\n"),
        )
        code, text = self.run_on(json.dumps(good), json.dumps(bad))
        self.assertEqual(code, 1)
        self.assertIn("#2 logs:CreateLogGroup request.logGroupName pattern: 'a b'", text)
        self.assertIn("2 exchanges of 1 operations checked, 1 violations", text)

    def test_a_file_that_cannot_be_read_is_not_all_well(self):
        with contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(check.main(["no-such-file.jsonl"]), 2)
        self.assertIn("no-such-file.jsonl", err.getvalue())

    def test_a_line_that_is_no_exchange_is_a_violation(self):
        good = record("logs", "CreateLogGroup")
        del good["uri"]
        for line in ["{", "[]", json.dumps(good), json.dumps({**good, "uri": "/", "request_body": "%"})]:
            code, text = self.run_on(line)
            self.assertEqual(code, 1, line)
            self.assertIn("#1 line 1 - record:", text)

    def test_the_sandbox_recorders_spelling_is_read_too(self):
        given = record("logs", "CreateLogGroup")
        camel = {
            "".join(part.title() if index else part for index, part in enumerate(name.split("_"))): value
            for name, value in given.items()
        }
        camel["requestHeaders"] = list(given["request_headers"].items())
        self.assertEqual(self.run_on(json.dumps(camel))[0], 0)


if __name__ == "__main__":
    unittest.main()
