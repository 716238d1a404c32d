import type { Resource } from './client.ts';
import type { CommandParts, CommandSource } from './command-source.ts';
import type { Session } from './commands.ts';
import { CliError } from './errors.ts';
import { findId, referredId, withReferredIds } from './lookup.ts';
import { nounFor } from './nouns.ts';
import { addListOptions, collect } from './options.ts';

/** What stands for an interface on the command line: a subnet, or a port. */
const INTERFACE = 'SUBNET|subnet=SUBNET|port=PORT';

/** What the old client has of routers and floating IPs besides list, show, create, update and delete. */
export function routerCommands(): CommandSource[] {
  return [
    {
      name: 'router-interface-add',
      description: 'add a subnet, or a port, to a router',
      example: 'neutron router-interface-add router1 lan',
      complete: interfaces('add'),
    },
    {
      name: 'router-interface-delete',
      description: 'take a subnet, or a port, from a router',
      complete: interfaces('remove'),
    },
    {
      name: 'router-gateway-set',
      description: 'give a router its way outside',
      example: 'neutron router-gateway-set router1 public --fixed-ip ip_address=172.24.4.9',
      complete: completeGatewaySet,
    },
    { name: 'router-gateway-clear', description: 'take its way outside from a router', complete: completeGatewayClear },
    { name: 'router-port-list', description: 'list ports of a router', complete: completePortList },
    {
      name: 'floatingip-associate',
      description: 'lead a floating IP to a port',
      example: 'neutron floatingip-associate 172.24.4.12 web',
      complete: completeAssociate,
    },
    {
      name: 'floatingip-disassociate',
      description: 'lead a floating IP nowhere again',
      complete: completeDisassociate,
    },
  ];
}

type Work = (session: Session, operands: readonly string[], options: Options) => Promise<void>;

// biome-ignore lint/suspicious/noExplicitAny: options of the command, as commander has them
type Options = any;

function completeWith({ command, run }: CommandParts, names: readonly string[], work: Work): void {
  command
    .usage(`${names.join(' ')} [options]`)
    .allowExcessArguments()
    .action(() =>
      run(async (session) => {
        const { exactly } = await import('./commands.ts');
        await work(session, exactly(command.args, names), command.opts());
      }),
    );
}

function interfaces(what: 'add' | 'remove'): CommandSource['complete'] {
  return (parts) =>
    completeWith(parts, ['ROUTER', INTERFACE], async ({ client, print }, [router = '', text = '']) => {
      const { kind, name } = interfaceOf(text);
      const routerId = await findId(client, nounFor('routers'), router);
      const body = { [`${kind}_id`]: await findId(client, nounFor(`${kind}s`), name) };
      const answer = await client.put(`routers/${encodeURIComponent(routerId)}/${what}_router_interface`, body);
      print(
        what === 'add'
          ? `Added interface ${answer.port_id} to router ${router}.\n`
          : `Removed interface from router ${router}.\n`,
      );
    });
}

/** @throws CliError for `network=…` */
function interfaceOf(text: string): { kind: 'subnet' | 'port'; name: string } {
  const [, kind = 'subnet', name = text] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (kind !== 'subnet' && kind !== 'port') {
    throw new CliError(`'${text}' names neither a subnet nor a port: give SUBNET, subnet=SUBNET or port=PORT`);
  }
  return { kind, name };
}

function completeGatewaySet(parts: CommandParts): void {
  parts.command
    .option('--disable-snat', 'packets keep the addresses of their senders')
    .option('--enable-snat', 'packets get the address of the gateway')
    .option(
      '--fixed-ip <subnet_id=SUBNET,ip_address=ADDRESS>',
      'address, subnet or both of the gateway (repeatable)',
      collect,
    )
    .option('--qos-policy <POLICY>', 'QoS policy of the gateway');
  completeWith(parts, ['ROUTER', 'EXTERNAL-NETWORK'], async ({ client, print }, [router = '', network = ''], given) => {
    const { toObject } = await import('./arguments.ts');
    const { disableSnat, enableSnat, fixedIp = [], qosPolicy } = given;
    if (disableSnat && enableSnat) throw new CliError('--enable-snat and --disable-snat exclude each other');
    const fixedIps = [];
    for (const one of fixedIp) fixedIps.push(await withReferredIds(client, toObject('--fixed-ip', one)));
    const id = await findId(client, nounFor('routers'), router);
    await changeRouter(client, id, {
      external_gateway_info: {
        network_id: await findId(client, nounFor('networks'), network),
        ...(disableSnat && { enable_snat: false }),
        ...(enableSnat && { enable_snat: true }),
        ...(fixedIps.length > 0 && { external_fixed_ips: fixedIps }),
        ...(qosPolicy !== undefined && {
          qos_policy_id: await referredId(client, nounFor('policies'), qosPolicy),
        }),
      },
    });
    print(`Set gateway for router ${router}\n`);
  });
}

function completeGatewayClear(parts: CommandParts): void {
  completeWith(parts, ['ROUTER'], async ({ client, print }, [router = '']) => {
    const id = await findId(client, nounFor('routers'), router);
    await changeRouter(client, id, { external_gateway_info: {} });
    print(`Removed gateway from router ${router}\n`);
  });
}

async function changeRouter(client: Session['client'], id: string, router: Resource): Promise<void> {
  await client.put(`routers/${encodeURIComponent(id)}`, { router });
}

function completePortList({ command, run }: CommandParts): void {
  addListOptions(command, 'ROUTER [options] [--ATTRIBUTE VALUE …]');
  command
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() =>
      run(async (session) => {
        const { exactly } = await import('./commands.ts');
        const { splitArguments } = await import('./arguments.ts');
        const { printList } = await import('./list-command.ts');
        const { operands, extras } = splitArguments(command.args);
        const [router = ''] = exactly(operands, ['ROUTER']);
        const ports = nounFor('ports');
        const of = { device_id: await findId(session.client, nounFor('routers'), router) };
        await printList(session, ports, ports.path, { ...of, ...extras }, command.opts());
      }),
    );
}

function completeAssociate(parts: CommandParts): void {
  parts.command.option('--fixed-ip-address <ADDRESS>', 'the one of the addresses of the port that is meant');
  completeWith(parts, ['FLOATINGIP', 'PORT'], async ({ client, print }, [floating = '', port = ''], given) => {
    const id = await findId(client, nounFor('floatingips'), floating);
    const changes = {
      port_id: await findId(client, nounFor('ports'), port),
      ...(given.fixedIpAddress !== undefined && { fixed_ip_address: given.fixedIpAddress }),
    };
    await client.put(`floatingips/${encodeURIComponent(id)}`, { floatingip: changes });
    print(`Associated floating IP ${floating}\n`);
  });
}

function completeDisassociate(parts: CommandParts): void {
  completeWith(parts, ['FLOATINGIP'], async ({ client, print }, [floating = '']) => {
    const id = await findId(client, nounFor('floatingips'), floating);
    await client.put(`floatingips/${encodeURIComponent(id)}`, { floatingip: { port_id: null } });
    print(`Disassociated floating IP ${floating}\n`);
  });
}
