import { meteringAgentOptions, meteringOptions } from '../src/agent/metering/options.ts';
import { commonOptions } from '../src/config/options/common.ts';
import { notificationOptions } from '../src/rpc/notifications/options.ts';
import { connectAgent } from './frame/agent.ts';
import { openNotifications } from './frame/notifications.ts';
import { runProgram } from './frame/program.ts';

const about = `usage: neutron-metering-agent [options]

Counts the traffic of metering labels in the routers of this host, beside neutron-l3-agent, and tells of it by
notifications (l3.meter). Needs root. Where no --config-file is given it reads neutron.conf and metering_agent.ini in
/etc/neutron.`;

await runProgram({
  name: 'neutron-metering-agent',
  about,
  groups: [meteringOptions, meteringAgentOptions, notificationOptions],
  needs: ['queue'],
  root: true,
  service: true,
  async start(parts) {
    const { config, logger, service } = parts;
    const [{ MeteringAgent }, { openHost }] = await Promise.all([
      import('../src/agent/metering/agent.ts'),
      import('../src/linux/host.ts'),
    ]);
    await using undo = new AsyncDisposableStack();
    const linux = await openHost({ logger });
    undo.defer(() => linux.close());
    const transport = await connectAgent('neutron-metering-agent', parts);
    undo.defer(() => transport.close());
    const notifications = await openNotifications('metering', { config, logger, program: 'neutron-metering-agent' });
    if (notifications) undo.defer(() => notifications.close());
    const agent = new MeteringAgent({
      host: config.get(commonOptions).host,
      options: config.get(meteringOptions),
      agentOptions: config.get(meteringAgentOptions),
      transport,
      linux,
      logger,
      notices: notifications?.notices ?? null,
    });
    service.describe(() => agent.status);
    undo.defer(() => agent.close());
    // With or without its server: the queue may be a while in coming.
    service.ready();
    await agent.start();
    const started = undo.move();
    return { close: () => started.disposeAsync() };
  },
});
