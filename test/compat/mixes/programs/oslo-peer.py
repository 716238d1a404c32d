"""A program on the queue by the real oslo.messaging: serves some methods, and calls what it is told to.

Arguments: transport URL, topic, server name. Says `{"ready": true}` when it serves. Then each line of stdin is an order and
gets one line: {"id", "result"} or {"id", "error": {"class", "type", "message"}}; each call that it serves by cast is a line
{"heard": ...}.
"""
import json
import sys
import threading
import time

import oslo_messaging
from neutron_lib import exceptions
from oslo_config import cfg

url, topic, server = sys.argv[1:]
lock = threading.Lock()


def say(what):
    with lock:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


class Device:
    target = oslo_messaging.Target(version="1.3")

    def echo(self, context, **args):
        return {"args": args, "request_id": context.get("request_id"), "by": server}

    def note(self, context, **args):
        say({"heard": args})

    def fail(self, context, how, text):
        if how == "neutron":
            raise exceptions.NetworkNotFound(net_id=text)
        if how == "builtin":
            raise ValueError(text)
        raise type("Odd", (Exception,), {})(text)

    def slow(self, context, seconds):
        time.sleep(seconds)
        return "at last"


class Later:
    target = oslo_messaging.Target(version="1.7")

    def newer(self, context):
        return "newer"


class Apart:
    target = oslo_messaging.Target(namespace="apart", version="1.0")

    def hidden(self, context):
        return "hidden"


cfg.CONF([], project="mixes", default_config_files=[], default_config_dirs=[])
oslo_messaging.set_transport_defaults("neutron")
modules = ["neutron_lib.exceptions", "oslo_messaging.exceptions"]
transport = oslo_messaging.get_rpc_transport(cfg.CONF, url, allowed_remote_exmods=modules)
serving = oslo_messaging.get_rpc_server(
    transport,
    oslo_messaging.Target(topic=topic, server=server),
    [Device(), Later(), Apart()],
    executor="threading",
)
serving.start()
say({"ready": True})


def run(order):
    target = {key: order[key] for key in ("topic", "server", "version", "namespace", "fanout") if key in order}
    client = oslo_messaging.get_rpc_client(
        transport, oslo_messaging.Target(**target), timeout=order.get("timeout", 20)
    )
    context = {"request_id": order.get("request_id"), "is_admin": True}
    try:
        method = client.cast if order.get("cast") else client.call
        say({"id": order["id"], "result": method(context, order["method"], **order.get("args", {}))})
    except Exception as error:
        kind = getattr(error, "exc_type", None) or type(error).__name__
        text = getattr(error, "value", None) or str(error)
        say({"id": order["id"], "error": {"class": type(error).__name__, "type": kind, "message": text}})


for line in sys.stdin:
    threading.Thread(target=run, args=(json.loads(line),), daemon=True).start()
serving.stop()
