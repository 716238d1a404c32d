import { createHash, randomBytes } from 'node:crypto';
import { type GuestAnswer, type GuestRequest, jsonAnswer, statusAnswer, textAnswer } from './answer.ts';
import { addressesOf, type Guest, localIpv4 } from './guest.ts';
import { networkData } from './network-data.ts';

/**
 * Metadata without Nova: what can be said from a guest's ports alone, in the two layouts that cloud-init (and cirros) read.
 * There are no users' keys and no user data here, because nobody gave any.
 */
const ec2Versions = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
  'latest',
];
const openstackVersions = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
  '2020-10-14',
  'latest',
];

/** Size of `random_seed` as Nova gives it, which feeds the guest's entropy pool. */
const SEED_BYTES = 512;

/** A page, or a folder of pages whose listing is the names, folders with `/`. */
type Tree = { readonly [name: string]: Tree | (() => GuestAnswer) };

export function answerFromPorts({ method, url }: GuestRequest, guest: Guest): GuestAnswer {
  if (method !== 'GET' && method !== 'HEAD') return statusAnswer(405);
  const names = (url.split('?', 1)[0] ?? '').split('/').filter((name) => name !== '');
  let here: Tree | (() => GuestAnswer) | undefined = root(guest);
  for (const name of names) {
    here = typeof here === 'object' && Object.hasOwn(here, name) ? here[name] : undefined;
    if (here === undefined) return statusAnswer(404);
  }
  return typeof here === 'function' ? here() : listing(here as Tree, names);
}

/** The root lists the EC2 versions alone, and `openstack` its versions without slashes: that is how Nova answers. */
function listing(tree: Tree, names: string[]): GuestAnswer {
  if (names.length === 0) return textAnswer(ec2Versions.join('\n'));
  if (names.length === 1 && names[0] === 'openstack') return textAnswer(openstackVersions.join('\n'));
  const lines = Object.entries(tree).map(([name, below]) => (typeof below === 'function' ? name : `${name}/`));
  return textAnswer(lines.join('\n'));
}

function root(guest: Guest): Tree {
  const ec2: Tree = { 'meta-data': ec2Pages(guest) };
  const openstack: Tree = {
    'meta_data.json': () => jsonAnswer(metaData(guest)),
    'network_data.json': () => jsonAnswer(networkData(guest)),
    'vendor_data.json': () => jsonAnswer({}),
    'vendor_data2.json': () => jsonAnswer({}),
  };
  return {
    ...Object.fromEntries(ec2Versions.map((version) => [version, ec2])),
    openstack: Object.fromEntries(openstackVersions.map((version) => [version, openstack])),
  };
}

function metaData(guest: Guest): Record<string, unknown> {
  return {
    uuid: guest.instanceId,
    name: guest.name,
    hostname: guest.name,
    project_id: guest.projectId,
    launch_index: 0,
    availability_zone: 'nova',
    devices: [],
    random_seed: randomBytes(SEED_BYTES).toString('base64'),
  };
}

function ec2Pages(guest: Guest): Tree {
  const page = (text: string) => () => textAnswer(text);
  const { port, network } = guest.cards[0];
  const address = localIpv4(guest);
  const digest = createHash('sha256').update(guest.instanceId).digest('hex');
  return {
    'ami-launch-index': page('0'),
    hostname: page(guest.name),
    'instance-action': page('none'),
    'instance-id': page(guest.instanceId),
    'local-hostname': page(guest.name),
    ...(address ? { 'local-ipv4': page(address) } : {}),
    mac: page(port.mac_address),
    ...(network ? { mtu: page(String(network.mtu)) } : {}),
    network: {
      interfaces: {
        macs: Object.fromEntries(guest.cards.map((card, i) => [card.port.mac_address, cardPages(card, i)])),
      },
    },
    placement: { 'availability-zone': page('nova') },
    'public-hostname': page(guest.name),
    'reservation-id': page(`r-${digest.slice(0, 8)}`),
  };
}

function cardPages(card: Guest['cards'][0], index: number): Tree {
  const page = (text: string) => () => textAnswer(text);
  const addresses = addressesOf(card);
  const of = (version: 4 | 6) => addresses.filter(({ subnet }) => subnet.ip_version === version);
  const list = (name: string, lines: string[]): Tree => (lines.length > 0 ? { [name]: page(lines.join('\n')) } : {});
  const first = of(4)[0];
  return {
    'device-number': page(String(index)),
    'interface-id': page(card.port.id),
    ...list(
      'ipv6s',
      of(6).map(({ address }) => address),
    ),
    ...list(
      'local-ipv4s',
      of(4).map(({ address }) => address),
    ),
    mac: page(card.port.mac_address),
    ...(first ? { 'subnet-id': page(first.subnet.id), 'subnet-ipv4-cidr-block': page(first.subnet.cidr) } : {}),
  };
}
