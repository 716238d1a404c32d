"""Runs commands of Debian's `openstack` or `neutron` client in one process: its start takes longer than its requests.

Reads a list of arguments per line (JSON), answers {"code", "out", "err"} per line. Each command goes through the client's own
main(), with its own parsing, sign-in and requests, exactly as /usr/bin/openstack and /usr/bin/neutron call it.
"""
import contextlib
import io
import json
import logging
import sys

if sys.argv[1] == "openstack":
    from openstackclient.shell import main
else:
    from neutronclient.shell import main

for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(json.loads(line))
        except SystemExit as end:
            code = end.code
        except Exception as error:  # a client that ends with a traceback
            print(repr(error), file=sys.stderr)
            code = 99
    # Each command adds handlers that write to its own streams.
    for handler in logging.getLogger("").handlers[:]:
        logging.getLogger("").removeHandler(handler)
    print(json.dumps({"code": code or 0, "out": out.getvalue(), "err": err.getvalue()}), flush=True)
