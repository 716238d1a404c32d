"""Reads versioned objects (JSON: a list of {"object", "versions"}) as a real agent does, and writes what the real code makes of
them: each as it came back ("newest"), and in the versions asked for by number ("older")."""
import json
import sys

from neutron import objects
from neutron.objects import base

objects.register_objects()


def primitive(obj, version=None):
    made = obj.obj_to_primitive(target_version=version) if version else obj.obj_to_primitive()
    # Sets and addresses, as the real server's messages have them.
    return json.loads(json.dumps(made, default=str))


answers = []
for asked in json.load(sys.stdin):
    obj = base.NeutronObject.clean_obj_from_primitive(asked["object"])
    older = {version: primitive(obj, version) for version in asked["versions"]}
    answers.append({"newest": primitive(obj), "older": older})
print(json.dumps(answers))
