import { conntrackHelperObject, type WireConntrackHelper, type WireRouter } from '../../../rpc/contract.ts';
import type { PartContext, RouterDraft, RouterPart } from '../contract.ts';
import { FAMILIES, HelperTrials, removeOldTrials } from './helper-trials.ts';
import { RouterObjects } from './objects.ts';

/** The chain that leads to those of single helpers. */
const CHAIN = 'cth';

/**
 * Which connections of a router the kernel reads along, to let in what they announce: FTP, TFTP, SIP … (upstream:
 * agent/l3/extensions/conntrack_helper.py).
 */
export class ConntrackHelperPart implements RouterPart {
  readonly name = 'conntrack_helper';
  readonly #objects = new RouterObjects<WireConntrackHelper>(conntrackHelperObject);
  readonly #trials = new HelperTrials();

  async start(context: PartContext): Promise<void> {
    await removeOldTrials(context.linux).catch((error: unknown) =>
      context.logger.warn({ error: String(error) }, 'what an agent before tried helpers in could not be removed'),
    );
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
      const reasons = FAMILIES.map((family) => this.#trials.reason(family, body));
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
    const bodies = routers.flatMap(({ id }) => this.#of(id).map(helperRule));
    await this.#trials.try(bodies, linux, logger);
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

/** Nothing else may become words of a rule, or part of a chain's name. */
function isHelper({ id, protocol, port, helper }: WireConntrackHelper): boolean {
  const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
  return (
    isPort && /^[\w-]+$/.test(id) && /^(tcp|udp|sctp|dccp|udplite)$/.test(protocol) && /^[\w-]{1,15}$/.test(helper)
  );
}
