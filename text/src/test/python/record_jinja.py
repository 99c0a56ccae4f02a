"""Records what Python's Jinja2 makes of the templates in resources/jinja/recorded.jsonl.

Each line holds a template and its variables; this fills in "expected", or "error" with the type of the exception.
Add a line without either, and run:  python3 record_jinja.py ../resources/jinja/recorded.jsonl   (needs jinja2 3.1.6)
"""

import datetime
import json
import sys
import warnings

import jinja2.exceptions
import jinja2.ext
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    """The generation blocks of transformers, without its bookkeeping."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def strftime_now(pattern):
    return datetime.datetime(2025, 3, 9, 17, 4, 5).strftime(pattern)


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)


def record(case):
    case.pop("expected", None)
    case.pop("error", None)
    try:
        case["expected"] = environment.from_string(case["template"]).render(case["variables"])
    except Exception as e:
        case["error"] = type(e).__name__
    return case


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = [record(json.loads(line)) for line in file]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        for case in cases:
            file.write(json.dumps(case, ensure_ascii=False) + "\n")
