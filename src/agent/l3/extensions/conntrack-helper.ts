import { CommandFailed } from '../../../linux/contract.ts';
import { RuleTables } from '../../../linux/iptables.ts';
import { conntrackHelperObject, type WireConntrackHelper, type WireRouter } from '../../../rpc/contract.ts';
import type { PartContext, RouterDraft, RouterPart } from '../contract.ts';
import { RouterObjects } from './objects.ts';

/** The chain that leads to those of single helpers. */
const CHAIN = 'cth';
const FAMILIES = [4, 6] as const;
const tools = { 4: 'iptables', 6: 'ip6tables' } as const;
/** Where helpers are tried: a namespace that is there for so long only. */
const TRIAL = `neutrino-trial-${process.pid}`;

/**
 * Which connections of a router the kernel reads along, to let in what they announce: FTP, TFTP, SIP … (upstream:
 * agent/l3/extensions/conntrack_helper.py).
 *
 * A kernel takes no rule for a helper it does not have, and iptables-restore would then take none of the others: each is
 * tried once before a router gets a rule for it, away from all routers.
 */
export class ConntrackHelperPart implements RouterPart {
  readonly name = 'conntrack_helper';
  readonly #objects = new RouterObjects<WireConntrackHelper>(conntrackHelperObject);
  /** By family and rule: null where this kernel takes it, else why not. */
  readonly #tried = new Map<string, string | null>();

  async start(context: PartContext): Promise<void> {
    await this.#objects.start(context, () => this.#try([...context.routers()], context));
  }

  async prepare(routers: readonly WireRouter[], context: PartContext): Promise<void> {
    await this.#objects.ask(
      context.transport,
      routers.map(({ id }) => id),
      (router_id) => ({ router_id }),
    );
    await this.#try(routers, context);
  }

  derive(draft: RouterDraft, router: WireRouter): void {
    for (const { id, protocol, port, helper } of this.#objects.of(router.id).filter((one) => !isHelper(one))) {
      const reason = `there is no rule for helper ${helper} on port ${port} of protocol ${protocol}`;
      draft.problem({ resource: 'conntrack_helper', id, reason });
    }
    for (const helper of this.#of(router.id)) {
      const body = helperRule(helper);
      const cause = `conntrack helper ${helper.id}`;
      const reasons = FAMILIES.map((family) => this.#tried.get(`${family} ${body}`));
      if (reasons.every((reason) => typeof reason === 'string')) {
        draft.problem({ resource: 'conntrack_helper', id: helper.id, reason: reasons[0]! });
      }
      for (const [index, family] of FAMILIES.entries()) {
        if (reasons[index] !== null) continue;
        const chain = helperChain(helper.id);
        const isFirst = !draft.rules[family].get('raw')?.has(`neutron-l3-agent-${CHAIN}`);
        if (isFirst) draft.rule(family, 'raw', 'PREROUTING', `-j $${CHAIN}`, 'conntrack helpers of the router');
        draft.rule(family, 'raw', CHAIN, `-j $${chain}`, cause);
        draft.rule(family, 'raw', chain, body, cause);
      }
    }
  }

  forget(routerId: string): void {
    this.#objects.forget(routerId);
  }

  async close(): Promise<void> {
    await this.#objects.close();
  }

  async #try(routers: readonly WireRouter[], { linux, logger }: PartContext): Promise<void> {
    const bodies = new Set(routers.flatMap(({ id }) => this.#of(id).map(helperRule)));
    const untried = [...bodies].filter((body) => FAMILIES.some((family) => !this.#tried.has(`${family} ${body}`)));
    if (untried.length === 0) return;
    await linux.ensureNetns(TRIAL);
    try {
      for (const family of FAMILIES) {
        const tables = new RuleTables(linux.exec, tools[family]);
        for (const body of untried) {
          const reason = await tryRule(tables, body);
          this.#tried.set(`${family} ${body}`, reason);
          if (reason !== null) logger.warn({ rule: body, family, reason }, 'this kernel lacks a conntrack helper');
        }
      }
    } finally {
      await linux.removeNetns(TRIAL);
    }
  }

  #of(routerId: string): WireConntrackHelper[] {
    return this.#objects.of(routerId).filter(isHelper);
  }
}

/** As iptables-save prints it. */
function helperRule({ protocol, port, helper }: WireConntrackHelper): string {
  return `-p ${protocol} -m ${protocol} --dport ${port} -j CT --helper ${helper}`;
}

/** Upstream's name, cut to what fits behind the prefix of the program. */
function helperChain(id: string): string {
  return `${CHAIN}-${id}`.slice(0, 11);
}

/** Nothing else may become words of a rule. */
function isHelper({ protocol, port, helper }: WireConntrackHelper): boolean {
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
  return isPort && /^(tcp|udp|sctp|dccp|udplite)$/.test(protocol) && /^[\w-]{1,15}$/.test(helper);
}

/** @returns why the kernel does not take it; null: it does */
async function tryRule(tables: RuleTables, body: string): Promise<string | null> {
  try {
    await tables.restore(`*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ${body}\nCOMMIT\n`, TRIAL);
    return null;
  } catch (error) {
    // Anything else than a refusal may be otherwise in a moment: the router is tried again.
    if (!(error instanceof CommandFailed) || error.code === null || /xtables[ .]lock/.test(error.stderr)) throw error;
    return `this kernel has no such helper: ${body}`;
  }
}
