"""Reads a subunit stream, writes one line of JSON per result: {"id", "status", "reason"}; reason of a failure is its traceback."""
import json
import sys

import subunit
import testtools


def text_of(test, *names):
    for name, content in test["details"].items():
        if content.content_type.type == "text" and name.startswith(names):
            return content.as_text().strip()
    return ""


def on_test(test):
    if test["id"] is None or test["status"] == "exists" or test["id"].startswith("process-returncode"):
        return
    reason = text_of(test, "reason", "traceback")
    print(json.dumps({"id": test["id"], "status": test["status"], "reason": reason}), flush=True)


stream = testtools.StreamToDict(on_test)
stream.startTestRun()
subunit.ByteStreamToStreamResult(sys.stdin.buffer, non_subunit_name="stdout").run(stream)
stream.stopTestRun()
