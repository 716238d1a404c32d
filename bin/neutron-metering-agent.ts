import { meteringAgentOptions, meteringOptions } from '../src/agent/metering/options.ts';
import { commonOptions } from '../src/config/options/common.ts';
import { notificationOptions } from '../src/rpc/notifications/options.ts';
import { runHostAgent } from './frame/host-agent.ts';
import { syncFigures } from './frame/metrics.ts';
import { openNotifications } from './frame/notifications.ts';

const about = `usage: neutron-metering-agent [options]

Counts the traffic of metering labels in the routers of this host, beside neutron-l3-agent, and tells of it by
notifications (l3.meter). Needs root. Where no --config-file is given it reads neutron.conf and metering_agent.ini in
/etc/neutron.`;

await runHostAgent({
  name: 'neutron-metering-agent',
  about,
  groups: [meteringOptions, meteringAgentOptions, notificationOptions],
  load: () => import('../src/agent/metering/agent.ts'),
  async make({ MeteringAgent }, { linux, transport, undo }, { config, logger, service }) {
    const notifications = await openNotifications('metering', { config, logger, program: 'neutron-metering-agent' });
    if (notifications) undo.defer(() => notifications.close());
    return new MeteringAgent({
      host: config.get(commonOptions).host,
      options: config.get(meteringOptions),
      agentOptions: config.get(meteringAgentOptions),
      transport,
      linux,
      logger,
      notices: notifications?.notices ?? null,
      onSetUp: service.ready,
    });
  },
  figures(figures, agent) {
    const read = () => agent.statistics;
    syncFigures(figures, read);
    const gauge = (name: string, help: string, value: () => number) =>
      figures.gauge(`neutrino_metering_${name}`, help, [], value);
    gauge('routers', 'Routers on this host that have labels.', () => read().routers);
    gauge('labels', 'Labels that are counted in them.', () => read().labels);
    gauge('failing', 'Routers whose chains could not be looked at or made the last time.', () => read().failing);
    const counter = (name: string, help: string, value: () => number) =>
      figures.counter(`neutrino_metering_${name}_total`, help, [], value);
    counter('packets', 'Packets that were counted, of all labels.', () => read().packets);
    counter('bytes', 'Bytes that were counted, of all labels.', () => read().bytes);
  },
});
