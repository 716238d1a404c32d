#!/usr/bin/python3
"""Notifications of a real Neutron server: requests, and what each of them made it publish.
  notification-capture.py [--url http://127.0.0.1:39696] [--out notification-captures]
Needs a server with `PEER_NOTIFICATIONS=messagingv2 peer-up server` and the agents of `fake-agents.sh add`.
Each step: who asked (admin, demo), method, path and body as templates ({name} stands for what an earlier answer said),
status, what it saved from the answer, and the messages: event type, publisher, priority, payload. `wire` is the first message whole:
exchange, routing key, properties, envelope, and the message in it.
Tokens are not written.
"""
import argparse, json, os, time
import kombu
import peerlib as L

HERE = os.path.dirname(os.path.abspath(__file__))
ap = argparse.ArgumentParser(); ap.add_argument("--url", default="http://127.0.0.1:39696"); ap.add_argument("--out", default=os.path.join(HERE, "notification-captures"))
o = ap.parse_args()
os.makedirs(o.out, exist_ok=True)
settings = dict(l.strip().split("=", 1) for l in open(f"{L.PEER}/settings"))
who = {"admin": L.Api(o.url, f"{L.PEER}/openrc"), "demo": L.Api(o.url, f"{L.PEER}/openrc-demo")}
known = {"admin_project": who["admin"].project, "demo_project": who["demo"].project, "nowhere": "11111111-2222-3333-4444-555555555555"}

broker = kombu.Connection(settings["RABBIT_URL"].replace("rabbit:", "amqp:"))
broker.connect()
channel = broker.channel()


def filled(value):
    if isinstance(value, str):
        for name, text in known.items():
            value = value.replace("{" + name + "}", text)
        return value
    if isinstance(value, list):
        return [filled(v) for v in value]
    if isinstance(value, dict):
        return {k: filled(v) for k, v in value.items()}
    return value


def messages():
    got, quiet = [], 0
    while quiet < 3:
        m = None
        try:
            m = channel.basic_get("notifications.info", no_ack=True)
        except Exception:
            pass
        if m is None:
            quiet += 1
            time.sleep(0.1)
            continue
        quiet = 0
        outer = json.loads(m.body)
        inner = json.loads(outer["oslo.message"])
        if inner.get("_context_auth_token"):
            inner["_context_auth_token"] = "(a token)"
        got.append({"routing_key": m.delivery_info["routing_key"], "exchange": m.delivery_info["exchange"], "properties": m.properties,
                    "body": {**outer, "oslo.message": "(JSON string; decoded in message)"}, "message": inner})
    return got


steps = []
messages()


def step(user, method, path, body=None, **save):
    st, _, _, rb = who[user].raw(method, filled("/v2.0/" + path), filled(body) if body is not None else None)
    answer = json.loads(rb) if rb else None
    if save and st > 299:
        raise SystemExit(f"{method} {path}: {st} {rb!r}")
    for name, place in save.items():
        value = answer
        for key in place.split("."):
            value = value[int(key) if key.isdigit() else key]
        known[name] = value
    s = {"as": user, "method": method, "path": path, "body": body, "save": save, "status": st, "notifications": messages()}
    steps.append(s)
    print(user, method, path, st, [n["message"]["event_type"] for n in s["notifications"]], flush=True)


step("demo", "POST", "networks", {"network": {"name": "net"}}, network="network.id")
step("demo", "POST", "subnets", {"subnet": {"network_id": "{network}", "ip_version": 4, "cidr": "10.9.0.0/24"}}, subnet="subnet.id")
step("demo", "POST", "ports", {"port": {"network_id": "{network}", "name": "one"}}, port="port.id")
step("demo", "PUT", "ports/{port}", {"port": {"name": "other"}})
step("demo", "POST", "ports", {"ports": [{"network_id": "{network}", "name": "two"}, {"network_id": "{network}"}]}, port2="ports.0.id", port3="ports.1.id")
step("demo", "POST", "networks", {"networks": [{"name": "a"}, {"name": "b"}]}, neta="networks.0.id", netb="networks.1.id")
step("demo", "PUT", "networks/{network}", {"network": {"description": "x"}})
step("demo", "PUT", "subnets/{subnet}", {"subnet": {"dns_nameservers": ["10.9.0.1"]}})
step("demo", "GET", "networks/{network}")
step("demo", "PUT", "networks/{network}/tags", {"tags": ["red", "blue"]})
step("demo", "PUT", "networks/{network}/tags/green")
step("demo", "DELETE", "networks/{network}/tags/red")
step("demo", "DELETE", "networks/{network}/tags")
step("demo", "POST", "security-groups", {"security_group": {"name": "sg"}}, group="security_group.id")
step("demo", "PUT", "security-groups/{group}", {"security_group": {"description": "d"}})
step("demo", "POST", "security-group-rules", {"security_group_rule": {"security_group_id": "{group}", "direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}}, rule="security_group_rule.id")
step("demo", "DELETE", "security-group-rules/{rule}")
step("demo", "PUT", "security-groups/{group}/tags", {"tags": ["x"]})
step("demo", "DELETE", "security-groups/{group}")
step("demo", "POST", "address-groups", {"address_group": {"name": "ag", "addresses": ["10.0.0.0/8"]}}, addresses="address_group.id")
step("demo", "PUT", "address-groups/{addresses}/add_addresses", {"addresses": ["192.168.0.0/24"]})
step("demo", "PUT", "address-groups/{addresses}", {"address_group": {"name": "ag2"}})
step("demo", "DELETE", "address-groups/{addresses}")
step("demo", "POST", "address-scopes", {"address_scope": {"name": "as", "ip_version": 4}}, scope="address_scope.id")
step("demo", "PUT", "address-scopes/{scope}", {"address_scope": {"name": "as2"}})
step("demo", "POST", "subnetpools", {"subnetpool": {"name": "pool", "prefixes": ["10.20.0.0/16"], "address_scope_id": "{scope}"}}, pool="subnetpool.id")
step("demo", "PUT", "subnetpools/{pool}", {"subnetpool": {"default_prefixlen": 26}})
step("demo", "PUT", "subnetpools/{pool}/add_prefixes", {"prefixes": ["10.21.0.0/16"]})
step("demo", "DELETE", "subnetpools/{pool}")
step("demo", "DELETE", "address-scopes/{scope}")
step("demo", "POST", "rbac-policies", {"rbac_policy": {"object_type": "network", "object_id": "{neta}", "action": "access_as_shared", "target_tenant": "{admin_project}"}}, policy="rbac_policy.id")
step("demo", "PUT", "rbac-policies/{policy}", {"rbac_policy": {"target_tenant": "somebody"}})
step("demo", "DELETE", "rbac-policies/{policy}")
step("admin", "PUT", "quotas/{demo_project}", {"quota": {"network": 12}})
step("admin", "DELETE", "quotas/{demo_project}")
step("admin", "POST", "networks", {"network": {"name": "v", "provider:network_type": "vlan", "provider:physical_network": "physnet1", "provider:segmentation_id": 150}}, vlan="network.id")
step("admin", "POST", "segments", {"segment": {"network_id": "{vlan}", "network_type": "flat", "physical_network": "physnet9"}}, segment="segment.id")
step("admin", "PUT", "segments/{segment}", {"segment": {"name": "s"}})
step("admin", "DELETE", "segments/{segment}")
step("demo", "DELETE", "networks/{vlan}")
step("admin", "DELETE", "networks/{vlan}")
step("admin", "POST", "service_profiles", {"service_profile": {"metainfo": "{}", "description": "p"}}, profile="service_profile.id")
step("admin", "POST", "flavors", {"flavor": {"name": "f", "service_type": "FLAVORS"}}, flavor="flavor.id")
step("admin", "POST", "flavors/{flavor}/service_profiles", {"service_profile": {"id": "{profile}"}})
step("admin", "DELETE", "flavors/{flavor}/service_profiles/{profile}")
step("admin", "GET", "agents?binary=neutron-dhcp-agent", dhcp="agents.0.id")
step("admin", "PUT", "agents/{dhcp}", {"agent": {"description": "seen"}})
step("admin", "DELETE", "agents/{dhcp}/dhcp-networks/{network}")
step("admin", "POST", "agents/{dhcp}/dhcp-networks", {"network_id": "{network}"})
step("admin", "PUT", "ports/{port}", {"port": {"binding:host_id": "bench-host", "device_owner": "compute:nova", "device_id": "vm"}})
# Refused: for what is not there, by policy, by the quota, by the tables.
step("demo", "POST", "ports", {"port": {"network_id": "{nowhere}"}})
step("demo", "PUT", "networks/{nowhere}", {"network": {"name": "x"}})
step("demo", "DELETE", "ports/{nowhere}")
step("demo", "POST", "networks", {"network": {"shared": True}})
step("demo", "POST", "networks", {"network": {"bogus": 1}})
step("demo", "PUT", "networks/{network}", {"network": {"id": "x"}})
step("demo", "DELETE", "subnets/{subnet}")
step("admin", "PUT", "quotas/{demo_project}", {"quota": {"network": 0}})
step("demo", "POST", "networks", {"network": {"name": "too many"}})
step("admin", "DELETE", "quotas/{demo_project}")
for name in ("port", "port2", "port3"):
    step("demo", "DELETE", "ports/{" + name + "}")
step("demo", "DELETE", "subnets/{subnet}")
for name in ("network", "neta", "netb"):
    step("demo", "DELETE", "networks/{" + name + "}")
step("admin", "DELETE", "flavors/{flavor}")
step("admin", "DELETE", "service_profiles/{profile}")
step("admin", "DELETE", "agents/{dhcp}")

whole = [n for s in steps for n in s["notifications"]]
for s in steps:
    s["notifications"] = [{k: n["message"][k] for k in ("event_type", "publisher_id", "priority", "payload")} for n in s["notifications"]]
with open(f"{o.out}/requests.json", "w") as f:
    f.write('{"known":' + json.dumps({k: known[k] for k in ("admin_project", "demo_project", "nowhere")}) + ',\n"wire":' + json.dumps(whole[0]) + ',\n"steps":[\n')
    f.write(",\n".join(json.dumps(s, separators=(",", ":")) for s in steps))
    f.write("\n]}\n")
