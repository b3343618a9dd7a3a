"""What the formats of others ask for, as checks that say what is wrong: the Trace Event Format, SARIF 2.1.0, JUnit XML."""

import glob
import os
import re
import xml.etree.ElementTree as ElementTree

# --- Trace Event Format: the document of that name, "Trace Event Format", of the Chromium project --------------------------------

REQUIRED = {
    "M": {"name", "pid", "args"},
    "X": {"name", "cat", "ts", "dur", "pid", "tid"},
    "i": {"name", "cat", "ts", "pid", "tid", "s"},
    "C": {"name", "ts", "pid", "args"},
    "b": {"name", "cat", "id", "ts", "pid", "tid"},
    "n": {"name", "cat", "id", "ts", "pid", "tid"},
    "e": {"name", "cat", "id", "ts", "pid", "tid"},
}
METADATA = {"process_name": "name", "process_labels": "labels", "process_sort_index": "sort_index", "thread_name": "name",
            "thread_sort_index": "sort_index"}


def check_trace(trace):
    """All phases have their fields, time goes on, what begins ends, tracks have names. Returns the events that are not metadata."""
    assert set(trace) <= {"traceEvents", "displayTimeUnit", "otherData"}, set(trace)
    assert trace["displayTimeUnit"] in ("ms", "ns")
    named, used, open_slices, last = set(), set(), {}, {}
    for event in trace["traceEvents"]:
        phase = event["ph"]
        assert phase in REQUIRED, phase
        assert REQUIRED[phase] <= set(event), (REQUIRED[phase] - set(event), event)
        assert isinstance(event["pid"], int) and isinstance(event.get("tid", 0), int), event
        assert isinstance(event["name"], str) and isinstance(event.get("args", {}), dict), event
        track = (event["pid"], event["tid"])
        if phase == "M":
            assert list(event["args"]) == [METADATA[event["name"]]], event
            if event["name"] in ("process_name", "thread_name"):
                named.add((event["name"], event["pid"], event["tid"] if event["name"] == "thread_name" else None))
            continue
        assert isinstance(event["ts"], (int, float)) and event["ts"] >= last.get(event["pid"], 0), event
        last[event["pid"]] = event["ts"]
        used.add(track)
        if phase == "i":
            assert event["s"] in ("g", "p", "t"), event
        elif phase == "C":
            assert event["args"] and all(isinstance(value, (int, float)) for value in event["args"].values()), event
        elif phase in "bne":
            check_slice(open_slices, event)
    assert not open_slices, f"never ended: {open_slices}"
    for process, track in used:
        assert ("process_name", process, None) in named and ("thread_name", process, track) in named, (process, track)
    return [event for event in trace["traceEvents"] if event["ph"] != "M"]


def check_slice(open_slices, event):
    key = event["cat"], event["id"]
    if event["ph"] == "b":
        assert key not in open_slices, event
        open_slices[key] = event["name"]
        return
    assert key in open_slices, event
    if event["ph"] == "e":
        assert open_slices.pop(key) == event["name"], event


# --- SARIF 2.1.0 -------------------------------------------------------------------------------------------------------------------

# Go's types of the object model, made from the public JSON schema: a Debian package, golang-github-haya14busa-go-sarif-dev.
GO_TYPES = "/usr/share/gocode/src/github.com/haya14busa/go-sarif/sarif/sarif.go"
# GitHub's limits: "SARIF support for code scanning".
MOST = {"results": 25000, "rules": 25000, "locations": 1000, "steps": 10000, "tags": 20, "name": 255, "description": 1024}


def go_types(text):
    """{struct: {property: (type, must be there)}}, {enumeration: values}"""
    structs, values = {}, {}
    for name, body in re.findall(r"^type (\w+) struct \{\n(.*?)^\}", text, re.M | re.S):
        structs[name] = {}
        for kind, key, optional in re.findall(r'^\t\w+\s+(\S+)\s+`json:"([^",]+)(,omitempty)?"`', body, re.M):
            structs[name][key] = (kind, not optional)
    for name in re.findall(r"^type (\w+) string$", text, re.M):
        values[name] = set(re.findall(rf'^\t\w+ {name} = "([^"]*)"', text, re.M))
    return structs, values


class Schema:
    """Holds a value to the types: no property that is none, all that must be there, each of its kind."""

    def __init__(self, text):
        self.structs, self.values = go_types(text)

    def check(self, value, kind, path="$"):
        kind = kind.lstrip("*")
        if kind.startswith("[]"):
            assert isinstance(value, list), f"{path} is no array"
            for i, item in enumerate(value):
                self.check(item, kind[2:], f"{path}[{i}]")
        elif kind.startswith("map[string]"):
            assert isinstance(value, dict), f"{path} is no object"
            for key, item in value.items():
                self.check(item, kind[len("map[string]"):], f"{path}.{key}")
        elif kind == "PropertyBag":
            assert isinstance(value, dict), f"{path} is no property bag"
        elif kind in self.structs:
            self.check_object(value, kind, path)
        elif kind in self.values:
            assert value in self.values[kind], f"{path} is {value}, and not one of {self.values[kind]}"
        else:
            wanted = {"string": str, "int64": int, "float64": (int, float), "bool": bool, "interface{}": object}[kind]
            assert isinstance(value, wanted) and (kind == "bool" or not isinstance(value, bool)), f"{path} is no {kind}: {value}"

    def check_object(self, value, kind, path):
        fields = self.structs[kind]
        assert isinstance(value, dict), f"{path} is no object"
        assert set(value) <= set(fields), f"{path} has {set(value) - set(fields)}, which {kind} has not"
        for key, (field, must) in fields.items():
            assert key in value or not must, f"{path} has no {key}"
            if key in value:
                self.check(value[key], field, f"{path}.{key}")


def sarif_schema():
    if not os.path.exists(GO_TYPES):
        return None
    with open(GO_TYPES, encoding="utf-8") as file:
        schema = Schema(file.read())
    assert len(schema.structs) > 40 and schema.structs["Result"]["message"][1], "these are not the types of SARIF"
    return schema


def check_uri(uri):
    assert re.fullmatch(r"([a-z]+://)?([A-Za-z0-9._~/!$&'()*+,;=@-]|%[0-9A-F]{2})+", uri), uri


def check_location(location, must_be_shown):
    physical = location.get("physicalLocation")
    assert physical or not must_be_shown, location
    if not physical:
        return
    artifact = physical["artifactLocation"]
    check_uri(artifact["uri"])
    assert ("uriBaseId" in artifact) == (not artifact["uri"].startswith("file:///")), artifact
    assert physical.get("region", {}).get("startLine", 1) >= 1, physical


def check_text(message, limit=None):
    assert message["text"] and len(message["text"]) <= (limit or 1 << 20), message


def check_rule(rule):
    for key in ("shortDescription", "fullDescription"):
        check_text(rule[key], MOST["description"])
    check_text(rule["help"])
    check_text({"text": rule["help"]["markdown"]})
    assert len(rule["name"]) <= MOST["name"] and re.fullmatch(r"\w+", rule["name"]), rule["name"]
    check_uri(rule["helpUri"])
    assert len(rule["properties"]["tags"]) <= MOST["tags"]
    assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")


def check_result(result, rules):
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"], result["ruleId"]
    check_text(result["message"])
    assert 1 <= len(result["locations"]) <= MOST["locations"]
    for location in result["locations"] + result.get("relatedLocations", []):
        check_location(location, True)
    for stack in result.get("stacks", []):
        for frame in stack["frames"]:
            check_location(frame["location"], False)
    steps = [step for flow in result.get("codeFlows", []) for thread in flow["threadFlows"] for step in thread["locations"]]
    assert len(steps) <= MOST["steps"]
    for step in steps:
        check_location(step["location"], True)
        check_text(step["location"]["message"])
    for value in result["partialFingerprints"].values():
        assert re.fullmatch(r"[0-9a-f]{16}:[1-9][0-9]*", value), value


def check_sarif(sarif):
    """Held to the public schema's types, and to what GitHub asks for. Returns the one run."""
    assert list(sarif)[0] == "version" and sarif["version"] == "2.1.0"
    schema = sarif_schema()
    if schema:
        schema.check(sarif, "Sarif")
    run, = sarif["runs"]
    rules = run["tool"]["driver"]["rules"]
    ids = [rule["id"] for rule in rules]
    assert len(ids) == len(set(ids)) <= MOST["rules"]
    assert len(run["results"]) <= MOST["results"]
    for base in run["originalUriBaseIds"].values():
        assert base["uri"].startswith("file:///") and base["uri"].endswith("/"), base
    for rule in rules:
        if "help" in rule:
            check_rule(rule)
    for result in run["results"]:
        check_result(result, rules)
    prints = [result["partialFingerprints"]["dmakitFinding/v1"] for result in run["results"]]
    assert len(prints) == len(set(prints)), prints
    return run


# --- JUnit XML: Jenkins' junit-10.xsd; file and line of a test case are what GitLab and GitHub's actions read -----------------------

ATTRIBUTES = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set()),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, set()),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname", "time"}, {"file", "line"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
INSIDE = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*(system-out )?",
    "properties": r"(property )*",
    "testcase": r"((failure )|(error )|(skipped ))?(system-out )?",
}


def check_junit(text):
    """Elements, attributes and their order; counts that agree. Returns the root."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        must, may = ATTRIBUTES[element.tag]
        assert must <= set(element.attrib) <= must | may, (element.tag, element.attrib)
        inside = "".join(child.tag + " " for child in element)
        assert re.fullmatch(INSIDE.get(element.tag, ""), inside), (element.tag, inside)
        if "time" in element.attrib:
            assert re.fullmatch(r"\d+\.\d+", element.get("time")), element.attrib
    for suite in root:
        names = [(case.get("classname"), case.get("name")) for case in suite.iter("testcase")]
        assert len(names) == len(set(names)), names
        for key, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(key)) == len(list(suite.iter(tag))), (suite.get("name"), key)
    for key in ("tests", "failures", "errors"):
        assert int(root.get(key)) == sum(int(suite.get(key)) for suite in root), key
    return root


def leftovers(directory):
    """What a file that was not finished would be called."""
    return glob.glob(os.path.join(directory, "*.??????"))
