import { Button, CloseButton, Divider, Group, List, Paper, Stack, Title, Text as Words } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useText } from '../messages/text.tsx';
import { PlugNote } from '../underneath/plug-note.tsx';
import { AgentsOf } from './agents-of.tsx';
import { DeleteButton } from './delete-button.tsx';
import { WhyItWorks } from './explanation.tsx';
import { Facts, HealthNote, ListLink } from './facts.tsx';
import type { Drawn } from './graph-elements.ts';
import type { Group as Guests } from './grouping.ts';
import { GroupsOf } from './groups-of.tsx';
import type { Joining, OnJoin } from './joining.ts';
import { MakeButtons } from './make-buttons.tsx';
import type { Device, NetworkItem } from './topology.ts';

interface Props {
  readonly drawn: Drawn;
  readonly onClose: () => void;
  readonly onSelect: (id: string) => void;
  readonly onOpenGroup: (id: string) => void;
  readonly onTraceFrom: (portId: string) => void;
  readonly onTraceTo: (address: string) => void;
  /** Where a packet begins is chosen: then it can be said where it goes to. */
  readonly isTracing: boolean;
  readonly onJoin: OnJoin;
}

/** All about what is selected: how it is, what serves it, what it should be beside what it is. */
export function Panel({ drawn, onClose, onSelect, onOpenGroup, onJoin, ...tracing }: Props) {
  const text = useText();
  const { title, content } = (() => {
    if (drawn.kind === 'network') {
      const { network, isExternal } = drawn.item;
      const kind = text(isExternal ? 'topology.external' : 'topology.network');
      return {
        title: `${kind} ${network.name || text('topology.noName')}`,
        content: <OfNetwork item={drawn.item} onJoin={onJoin} />,
      };
    }
    if (drawn.kind === 'group') {
      const content = <OfGroup group={drawn.group} onSelect={onSelect} onOpen={onOpenGroup} />;
      return { title: text('topology.group', { count: drawn.group.guests.length }), content };
    }
    const { device } = drawn;
    const content = <OfDevice key={device.id} {...{ device, onJoin, ...tracing }} />;
    return { title: `${text(`topology.${device.kind}`)} ${device.name}`, content };
  })();
  // The keyboard follows to what was opened, and goes back to where it was.
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | SVGElement | null;
    panel.current?.focus({ preventScroll: true });
    return () => {
      if (before?.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <Paper
      ref={panel}
      tabIndex={-1}
      component="aside"
      withBorder
      p="sm"
      className="topology-panel"
      aria-label={title}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Title order={3} size="h5">
          {title}
        </Title>
        <CloseButton aria-label={text('topology.closePanel')} onClick={onClose} />
      </Group>
      <Stack gap="sm">{content}</Stack>
    </Paper>
  );
}

function OfNetwork({ item, onJoin }: { item: NetworkItem; onJoin: Props['onJoin'] }) {
  const text = useText();
  const { network, subnets, services, health, ports } = item;
  const { id } = network;
  const count = (of: 'dhcp' | 'metadata' | 'load') => services[of].length || null;
  return (
    <>
      <Facts
        rows={[
          ['ID', id],
          [text('topology.status'), <HealthNote key="" health={health} />],
          [text('topology.project'), network.project_id],
          [text('topology.mtu'), network.mtu],
          [text('topology.provider'), network['provider:network_type']],
          [text('topology.physical'), network['provider:physical_network']],
          [text('topology.segment'), network['provider:segmentation_id']],
          [text('topology.shared'), text(network.shared ? 'topology.yes' : 'topology.no')],
          [text('topology.ports'), ports],
          [text('topology.dhcp'), count('dhcp')],
          [text('topology.metadata'), count('metadata')],
          [text('topology.load'), count('load')],
        ]}
      />
      <Part title={text('topology.subnets')}>
        {subnets.length === 0 && <Words size="sm">{text('topology.noSubnets')}</Words>}
        <List size="sm">
          {subnets.map(({ id, name, cidr, gateway_ip, enable_dhcp }) => (
            <List.Item key={id}>
              {[
                `${name} ${cidr}`.trim(),
                ...(gateway_ip ? [text('topology.gateway', { address: gateway_ip })] : []),
                ...(enable_dhcp === false ? [text('topology.dhcpOff')] : []),
              ].join(', ')}
            </List.Item>
          ))}
        </List>
      </Part>
      <Part title={text('topology.agents')}>
        <AgentsOf of={`networks/${id}/dhcp-agents`} />
      </Part>
      <WhyItWorks subject="network" id={id} />
      <MakeButtons make={['subnets', 'ports']} given={{ network_id: id }} />
      <JoinButton joining={{ router: null, network: id }} onJoin={onJoin} />
      <DeleteButton of="networks" row={network} />
      <Group>
        <ListLink of="networks" by="id" value={id}>
          {text('topology.inLists')}
        </ListLink>
        <ListLink of="ports" by="network_id" value={id}>
          {text('topology.portsInLists')}
        </ListLink>
      </Group>
    </>
  );
}

type OfDeviceProps = { device: Device } & Pick<Props, 'onTraceFrom' | 'onTraceTo' | 'isTracing' | 'onJoin'>;

function OfDevice({ device, onTraceFrom, onTraceTo, isTracing, onJoin }: OfDeviceProps) {
  const text = useText();
  const { router, links, hosts, floating, id, device_id } = device;
  const routes = router?.routes ?? [];
  return (
    <>
      <Facts
        rows={[
          ['ID', device_id],
          [text('topology.status'), <HealthNote key="" health={device.health} />],
          [text('topology.project'), device.project_id],
          [text('topology.hosts'), hosts.join(', ')],
          [text('topology.floating'), floating.join(', ')],
          [text('topology.routes'), routes.map(({ destination, nexthop }) => `${destination} → ${nexthop}`).join(', ')],
        ]}
      />
      {router && (
        <>
          <Part title={text('topology.agents')}>
            <AgentsOf of={`routers/${id}/l3-agents`} />
          </Part>
          <JoinButton joining={{ router: id, network: null }} onJoin={onJoin} />
          <WhyItWorks subject="router" id={id} />
          <DeleteButton of="routers" row={router} />
          <ListLink of="routers" by="id" value={id}>
            {text('topology.inLists')}
          </ListLink>
        </>
      )}
      {links.map(({ port, addresses, health }) => (
        <Part key={port.id} title={addresses.join(', ') || port.mac_address}>
          <Facts
            rows={[
              ['ID', port.id],
              [text('topology.status'), <HealthNote key="" health={health} />],
              ['MAC', port.mac_address],
              [text('topology.host'), port['binding:host_id']],
            ]}
          />
          {!router && (
            <Stack gap="xs" mt={4}>
              <PlugNote port={port} />
              <GroupsOf portId={port.id} />
              <WhyItWorks subject="port" id={port.id} />
              <MakeButtons make={['floatingips']} given={{ port_id: port.id }} />
              <Button size="xs" variant="light" onClick={() => onTraceFrom(port.id)}>
                {text('topology.traceFromHere')}
              </Button>
              {isTracing && addresses[0] && (
                <Button size="xs" variant="light" onClick={() => onTraceTo(addresses[0]!)}>
                  {text('topology.traceHere')}
                </Button>
              )}
              <DeleteButton of="ports" row={port} />
            </Stack>
          )}
          <ListLink of="ports" by="id" value={port.id}>
            {text('topology.inLists')}
          </ListLink>
        </Part>
      ))}
    </>
  );
}

/** Names that are listed of a group: more are for the search. */
const LISTED = 60;

function OfGroup({
  group,
  onSelect,
  onOpen,
}: {
  group: Guests;
  onSelect: (id: string) => void;
  onOpen: (id: string) => void;
}) {
  const text = useText();
  const { guests, id } = group;
  return (
    <>
      <Button size="xs" variant="light" onClick={() => onOpen(id)}>
        {text('topology.open')}
      </Button>
      <Stack gap={2} align="flex-start">
        {guests.slice(0, LISTED).map((guest) => (
          <Button key={guest.id} size="compact-xs" variant="subtle" onClick={() => onSelect(guest.id)}>
            {guest.name}&ensp;
            <HealthNote health={guest.health} />
          </Button>
        ))}
      </Stack>
      {guests.length > LISTED && <Words size="sm">{text('topology.more', { count: guests.length - LISTED })}</Words>}
    </>
  );
}

function JoinButton({ joining, onJoin }: { joining: Joining; onJoin: Props['onJoin'] }) {
  const text = useText();
  return (
    <Button size="xs" variant="default" onClick={() => onJoin(joining)}>
      {text('topology.join')}
    </Button>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <Divider label={title} labelPosition="left" />
      {children}
    </div>
  );
}
