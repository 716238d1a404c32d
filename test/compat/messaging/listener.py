"""OpenStack's own listener of notifications (oslo.messaging, Debian's package): prints each as one line of JSON.

  listener.py URL DURABLE    says `ready` when it listens; ends with its input
"""
import json
import sys

import oslo_messaging
from oslo_config import cfg


class Endpoint:
    def info(self, ctxt, publisher_id, event_type, payload, metadata):
        told = {"ctxt": ctxt, "publisher_id": publisher_id, "event_type": event_type, "payload": payload, "metadata": metadata}
        print(json.dumps(told), flush=True)


conf = cfg.ConfigOpts()
conf([])
transport = oslo_messaging.get_notification_transport(conf, url=sys.argv[1])
conf.set_override("amqp_durable_queues", sys.argv[2] == "durable", group="oslo_messaging_rabbit")
targets = [oslo_messaging.Target(exchange="neutron", topic="notifications")]
listener = oslo_messaging.get_notification_listener(transport, targets, [Endpoint()], executor="threading")
# In the order in which they come: several threads would call side by side.
conf.set_override("executor_thread_pool_size", 1)
listener.start()
print("ready", flush=True)
sys.stdin.read()
listener.stop()
listener.wait()
