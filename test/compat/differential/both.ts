import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { HttpAnswer, Json } from '../../support/api.ts';
import { extensionAt, withoutAbsent } from '../attributes.ts';
import { compare, type Difference } from '../differences.ts';
import { Renaming } from '../renaming.ts';
import { objectsIn, type Server, Side } from './side.ts';
import { tolerated } from './tolerated.ts';

/** One request to both servers. `<name>` and `<name.attribute>` in it stand for what an earlier step was answered there. */
export interface Step {
  /** Keeps the object of the answer under this name. */
  as?: string;
  method: string;
  path: string;
  /** An object is sent as JSON; text as it is. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** The real server and ours, asked the same. One per scenario: what was learnt and made goes with it. */
export class Both implements AsyncDisposable {
  readonly #real: Side;
  readonly #ours: Side;
  readonly #extensions: ReadonlySet<string>;
  readonly #renaming = new Renaming();
  readonly differences: string[] = [];
  #before: [number, number] = [0, 0];

  constructor({ real, ours, extensions }: { real: Server; ours: Server; extensions: readonly string[] }) {
    this.#real = new Side(real);
    this.#ours = new Side(ours);
    this.#extensions = new Set(extensions);
  }

  /** Sends a step to both and notes what differs. Returns both statuses. */
  async step(step: Step): Promise<{ real: number; ours: number }> {
    this.#before = [this.#real.made, this.#ours.made];
    // What uses an attribute of an extension that ours does not list waits for it.
    if (!isDeepStrictEqual(withoutAbsent(step.body, this.#extensions), step.body)) return { real: 0, ours: 0 };
    const [real, ours] = await Promise.all([this.#real.send(step), this.#ours.send(step)]);
    const found = [
      ...compareHeads(real, ours),
      ...compare(bodyOf(real), bodyOf(ours), this.#renaming),
      ...compareOrder(step, real, ours),
    ]
      .filter((difference) => !this.#isAbsent(difference))
      .filter((difference) => !tolerated.some((rule) => rule.applies({ ...difference, step, real, own: ours })));
    if (found.length > 0) this.differences.push(describeStep(step, found, real, ours));
    return { real: real.status, ours: ours.status };
  }

  /** Sends a step to both and compares nothing: for what is to be as before. */
  async quietly(step: Step): Promise<void> {
    await Promise.all([this.#real.send(step), this.#ours.send(step)]);
  }

  async steps(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.step(step);
  }

  /** Removes what the last step made, without a look at the answers: for what only one of the two accepted. */
  async undo(): Promise<void> {
    await Promise.all([this.#real.clear(this.#before[0]), this.#ours.clear(this.#before[1])]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#real.clear(), this.#ours.clear()]);
  }

  /** The one rule for attributes: what an extension brings that ours does not list is not expected of it. */
  #isAbsent({ place, ours }: Difference): boolean {
    const extension = extensionAt(place);
    return extension !== null && ours === undefined && !this.#extensions.has(extension);
  }
}

function compareHeads(real: HttpAnswer, ours: HttpAnswer): Difference[] {
  const type = (answer: HttpAnswer) => (answer.headers['content-type'] ?? '').split(';')[0];
  const heads: [string, unknown, unknown][] = [
    ['status', real.status, ours.status],
    ['header content-type', type(real), type(ours)],
    ['header allow', real.headers.allow, ours.headers.allow],
    ['header location', real.headers.location, ours.headers.location],
  ];
  return heads.filter(([, a, b]) => a !== b).map(([place, a, b]) => ({ place, recorded: a, ours: b }));
}

/** Lists are compared by id; where an order was asked for, the names must come in it too. */
function compareOrder({ path }: Step, real: HttpAnswer, ours: HttpAnswer): Difference[] {
  const [, key] = /sort_key=(\w+)/.exec(path) ?? [];
  if (key === undefined) return [];
  const sorted = objectsIn(real.body).map((item) => item[key]);
  // Where two are equal in it, they come by their ids, which are each server's own.
  if (new Set(sorted).size < sorted.length) return [];
  const names = ({ body }: HttpAnswer) => objectsIn(body).map(({ name }) => name);
  const [a, b] = [names(real), names(ours)];
  return a.join() === b.join() ? [] : [{ place: 'order', recorded: a, ours: b }];
}

function describeStep(step: Step, found: readonly Difference[], real: HttpAnswer, ours: HttpAnswer): string {
  const body = step.body === undefined ? '' : ` ${JSON.stringify(step.body).slice(0, 300)}`;
  const lines = found.map(
    ({ place, recorded, ours: own }) => `  ${place}: real ${JSON.stringify(recorded)}, ours ${JSON.stringify(own)}`,
  );
  const whole = real.status === ours.status ? [] : [`  real ${brief(real)}`, `  ours ${brief(ours)}`];
  return [`${step.method} ${step.path}${body}`, ...lines, ...whole].join('\n');
}

const brief = ({ status, text }: HttpAnswer): string => `${status} ${text.slice(0, 400)}`;

/** A body as it is compared: pools have no order at the real server, which goes by a random id that nobody sees. */
function bodyOf({ body, text }: HttpAnswer): Json {
  if (text === '') return null;
  if (body === null) return { '(text)': text };
  sortNameless(body);
  body.router?.routes?.sort?.(by('destination', 'nexthop'));
  // Rules come in the order of ids that nobody chose.
  if (Array.isArray(body.security_group_rules)) body.security_group_rules.sort(byMatch);
  for (const group of objectsIn(body)) group.security_group_rules?.sort(byMatch);
  for (const subnet of objectsIn(body)) {
    if (Array.isArray(subnet.allocation_pools)) subnet.allocation_pools.sort(byStart);
    if (Array.isArray(subnet.host_routes)) subnet.host_routes.sort(by('destination', 'nexthop'));
    // The real server sends addresses in the order of random ids, too.
    subnet.fixed_ips?.sort(byPrefix);
    subnet.external_gateway_info?.external_fixed_ips.sort(byPrefix);
    // Forwardings have ids in their own list only, and are kept in no order.
    if (Array.isArray(subnet.port_forwardings))
      subnet.port_forwardings.sort(by('internal_ip_address', 'external_port'));
    // Kept in the order of the request by ours, in no order there.
    subnet.extra_dhcp_opts?.sort(by('opt_name', 'ip_version'));
  }
  return body;
}

/** Without ids in it, a list that nobody asked an order of is compared in any. */
function sortNameless(body: Json): void {
  for (const [key, value] of Object.entries(body)) {
    if (!Array.isArray(value) || value.some((item) => item?.id !== undefined)) continue;
    body[key] = value.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
}

/** Groups addresses by /24 and /64; inside such a block those that were asked for lie outside of the small pools. */
function byPrefix(a: { ip_address: string }, b: { ip_address: string }): number {
  const key = ({ ip_address }: { ip_address: string }) =>
    isIP(ip_address) === 4 ? `4 ${ip_address}` : `6 ${ip_address.split(':').slice(0, 3).join(':')}`;
  return key(a).localeCompare(key(b));
}

/** An order by some attributes, for lists that come in no order. */
function by(...keys: string[]): (a: Json, b: Json) => number {
  const text = (item: Json) => keys.map((key) => item[key]).join(' ');
  return (a, b) => (text(a) < text(b) ? -1 : 1);
}

function byMatch(a: Json, b: Json): number {
  const text = ({ direction, ethertype, protocol, port_range_min, remote_group_id }: Json) =>
    [direction, ethertype, protocol, port_range_min, remote_group_id === null].join(' ');
  return text(a).localeCompare(text(b));
}

function byStart(a: { start: string }, b: { start: string }): number {
  if (isIP(a.start) !== 4) return a.start < b.start ? -1 : 1;
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return number(a.start) - number(b.start);
}
