import { until } from '../../test/support/wait.ts';
import { type Command, readLog, untilQuiet, writes } from './agent-log.ts';
import { PROBED_BY_GROUP } from './groups.ts';
import { PROBE_PORTS, type Probes } from './probes.ts';
import type { Served } from './start.ts';

/** A change of groups that was made several times, and what the agent ran for one of them. */
export interface ChangeFigures {
  /** From the request's first byte until a packet passes at all probed guests. */
  readonly ms: readonly number[];
  /** Commands that change the host, of one change: the words, and the lines of the input. */
  readonly writes: readonly string[];
}

const TIMES = 10;

/** A rule comes to a group that all ports of the host have. @returns times until a packet passes */
export async function addRules(served: Served, probes: Probes, times = TIMES): Promise<ChangeFigures> {
  const { ground, ports, host } = served;
  const { api } = ground.site;
  const [group] = ground.groups.ids;
  let last: readonly string[] = [];
  const ms: number[] = [];
  for (let at = 0; at < times; at++) {
    const udp = PROBED_BY_GROUP + 1 + at;
    if (udp > PROBE_PORTS.to) throw new Error('no port is left to probe');
    const since = Date.now();
    const rule = {
      security_group_id: group,
      direction: 'ingress',
      protocol: 'udp',
      port_range_min: udp,
      port_range_max: udp,
    };
    ms.push(
      await probes.timeTo(udp, () => api.expect('POST', '/v2.0/security-group-rules', { security_group_rule: rule })),
    );
    const chains = async () => {
      const saved = await host.read(['iptables-save', '-t', 'filter']);
      return saved.match(new RegExp(`--dport ${udp} `, 'g'))?.length ?? 0;
    };
    await until(`the rule stands in ${ports.length} chains`, async () => (await chains()) >= ports.length, {
      timeoutMs: 30_000,
      everyMs: 200,
    });
    await untilQuiet(served.agent.log);
    last = written(readLog(served.agent.log(), since).commands);
  }
  return { ms, writes: last };
}

/** A port with the station's address joins the remote group, and leaves it again. */
export async function joinMembers(served: Served, probes: Probes, times = TIMES): Promise<ChangeFigures> {
  const { ground, host } = served;
  const { api } = ground.site;
  const ms: number[] = [];
  let last: readonly string[] = [];
  for (let at = 0; at < times; at++) {
    const since = Date.now();
    let id = '';
    const join = async () => {
      const port = await api.create('port', {
        network_id: ground.network.id,
        fixed_ips: [{ ip_address: probes.address }],
        security_groups: [ground.groups.remote],
      });
      id = port.id;
    };
    ms.push(await probes.timeTo(PROBED_BY_GROUP, join));
    await untilQuiet(served.agent.log);
    last = written(readLog(served.agent.log(), since).commands);
    await api.remove('port', id);
    const isMember = async () => (await host.read(['ipset', 'save'])).includes(` ${probes.address}\n`);
    await until('the member is gone', async () => !(await isMember()), { timeoutMs: 30_000, everyMs: 20 });
    await untilQuiet(served.agent.log);
  }
  return { ms, writes: last };
}

function written(commands: readonly Command[]): string[] {
  return commands.filter(writes).map(({ argv, stdin, ms }) => {
    const lines = stdin === '' ? 0 : stdin.split('\n').filter(Boolean).length;
    return `${argv.join(' ')} (${lines} lines, ${ms.toFixed(0)} ms)`;
  });
}
