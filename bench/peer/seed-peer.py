#!/usr/bin/python3
"""Rows straight in the peer's MariaDB: by its API ten thousand ports take half an hour. For benchmarks only.

  seed-peer.py ports NETWORK SUBNET N    clones one real port of the network N times
  seed-peer.py groups GROUP N            clones a security group, with its rules, N times
  seed-peer.py remove-ports NETWORK      all ports of the network
  seed-peer.py remove-groups NAME        all groups whose names begin so

Every table row that hangs on the template is copied with a new id (and address, and MAC), so that listing reads what it
would read for what was made through the API."""
import ipaddress, sys, uuid
import pymysql

db = pymysql.connect(host="127.0.0.1", port=33306, user="neutron", password="peerdb", database="neutron", cursorclass=pymysql.cursors.DictCursor)
c = db.cursor()


def rows(sql, *values):
    c.execute(sql, values)
    return c.fetchall()


def insert(table, data):
    cols = list(data[0])
    c.executemany(f"insert into `{table}` ({','.join('`' + x + '`' for x in cols)}) values ({','.join(['%s'] * len(cols))})", [[d[x] for x in cols] for d in data])


def standard(id):
    return rows("select * from standardattributes where id=%s", id)[0]


def insert_standards(data):
    """Inserts standard attributes and returns their ids: one statement, so that they follow each other, whoever else inserts."""
    cols = [col for col in data[0] if col != "id"]
    marks = ",".join(["(" + ",".join(["%s"] * len(cols)) + ")"] * len(data))
    c.execute(f"insert into standardattributes ({','.join('`' + x + '`' for x in cols)}) values {marks}", [d[x] for d in data for x in cols])
    return range(c.lastrowid, c.lastrowid + len(data))


def ports(net, sub, n):
    found = rows("select * from ports where network_id=%s limit 1", net)
    if not found:
        sys.exit("make one port on the network first")
    port = found[0]
    cidr = ipaddress.ip_network(rows("select cidr from subnets where id=%s", sub)[0]["cidr"])
    used = {r["ip_address"] for r in rows("select ip_address from ipallocations where subnet_id=%s", sub)}
    ipam = rows("select id from ipamsubnets where neutron_subnet_id=%s", sub)[0]["id"]
    refs = rows("select table_name as t, column_name as col from information_schema.key_column_usage where table_schema='neutron' and referenced_table_name='ports' and referenced_column_name='id'")
    hanging = {}
    for ref in refs:
        got = rows(f"select * from `{ref['t']}` where `{ref['col']}`=%s", port["id"])
        if got and ref["t"] != "ipallocations":
            hanging[(ref["t"], ref["col"])] = got
    std = standard(port["standard_attr_id"])
    ips = (str(h) for h in cidr.hosts() if str(h) not in used and int(h) & 255 not in (0, 1, 255))
    for done in range(0, n, 1000):
        P, A, M, R = [], [], [], {key: [] for key in hanging}
        some = range(done, min(done + 1000, n))
        for x, sid in zip(some, insert_standards([std for _ in some])):
            pid = str(uuid.uuid4()); ip = next(ips)
            P.append(dict(port, id=pid, standard_attr_id=sid, name=f"seed-{x}", mac_address="fa:17:%02x:%02x:%02x:%02x" % (x >> 24 & 255, x >> 16 & 255, x >> 8 & 255, x & 255)))
            A.append({"port_id": pid, "ip_address": ip, "subnet_id": sub, "network_id": net})
            M.append({"ip_address": ip, "status": "ALLOCATED", "ipam_subnet_id": ipam})
            for (t, col), got in hanging.items():
                R[(t, col)] += [dict(g, **{col: pid}) for g in got]
        insert("ports", P); insert("ipallocations", A); insert("ipamallocations", M)
        for (t, _), d in R.items():
            insert(t, d)
    c.execute("update quotausages set dirty=1 where resource='port'")


def groups(group, n):
    template = rows("select * from securitygroups where id=%s", group)[0]
    std = standard(template["standard_attr_id"])
    rules = [(rule, standard(rule["standard_attr_id"])) for rule in rows("select * from securitygrouprules where security_group_id=%s", group)]
    for done in range(0, n, 100):
        G, R = [], []
        some = range(done, min(done + 100, n))
        ids = iter(insert_standards([each for _ in some for each in [std, *(of_rule for _, of_rule in rules)]]))
        for x in some:
            gid = str(uuid.uuid4())
            G.append(dict(template, id=gid, standard_attr_id=next(ids), name=f"{template['name']}-seed-{x}"))
            for rule, _ in rules:
                R.append(dict(rule, id=str(uuid.uuid4()), standard_attr_id=next(ids), security_group_id=gid))
        insert("securitygroups", G); insert("securitygrouprules", R)
    c.execute("update quotausages set dirty=1 where resource like 'security_group%%'")


def remove_ports(net):
    c.execute("delete from ipamallocations where (ipam_subnet_id, ip_address) in (select s.id, a.ip_address from ipallocations a join ipamsubnets s on s.neutron_subnet_id=a.subnet_id where a.network_id=%s)", [net])
    # The rest goes with the port, and the port with its standard attributes.
    c.execute("delete from standardattributes where id in (select standard_attr_id from ports where network_id=%s)", [net])
    c.execute("update quotausages set dirty=1 where resource='port'")


def remove_groups(name):
    mine = "select id from securitygroups where name like %s"
    c.execute(f"delete from standardattributes where id in (select standard_attr_id from securitygrouprules where security_group_id in ({mine}))", [name + "%"])
    c.execute("delete from standardattributes where id in (select standard_attr_id from securitygroups where name like %s)", [name + "%"])
    c.execute("update quotausages set dirty=1 where resource like 'security_group%%'")


verb, *rest = sys.argv[1:] or ["help"]
if verb == "ports":
    ports(rest[0], rest[1], int(rest[2]))
elif verb == "groups":
    groups(rest[0], int(rest[1]))
elif verb == "remove-ports":
    remove_ports(rest[0])
elif verb == "remove-groups":
    remove_groups(rest[0])
else:
    sys.exit(__doc__)
db.commit()
