/**
 * The DHCP agent as a program inside an emulated host, on a bus that a test serves (`dhcp-stand.ts`). Its one argument is
 * JSON. Prints its log, one JSON object a line; with `dryRun` the plan instead.
 */
import { DhcpAgent } from '../../src/agent/dhcp/agent.ts';
import { dhcpAgentOptions, dhcpOptions } from '../../src/agent/dhcp/options.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { openHost } from '../../src/linux/host.ts';
import { connectLocalBus } from '../../src/rpc/local/connect.ts';

const { socketPath, host, statePath, options, agentOptions, dryRun } = JSON.parse(process.argv[2]!);
const log = (level: string) => (fields: object, message: string) =>
  console.log(JSON.stringify({ level, message, ...fields }));
const logger = { debug() {}, info: log('info'), warn: log('warn'), error: log('error') };
const linux = await openHost({ logger });
const transport = connectLocalBus({ socketPath, logger, program: 'neutron-dhcp-agent' });
const agent = new DhcpAgent({
  host,
  statePath,
  options: defaultValues(dhcpOptions, {
    dhcp_confs: `${statePath}/dhcp`,
    external_pids: `${statePath}/external/pids`,
    metadata_proxy_socket: `${statePath}/metadata_proxy`,
    ...options,
  }),
  agentOptions: defaultValues(dhcpAgentOptions, { check_child_processes_interval: 4, ...agentOptions }),
  transport,
  linux,
  logger,
});
if (dryRun) {
  console.log(`plan: ${JSON.stringify(await agent.dryRun())}`);
  await transport.close();
  await linux.close();
} else {
  process.on('SIGTERM', async () => {
    await agent.close();
    await transport.close();
    await linux.close();
    process.exit(0);
  });
  await agent.start();
  await agent.firstSync;
  console.log('synchronized');
}
