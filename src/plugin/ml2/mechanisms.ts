import type { Tx } from '../../db/database.ts';
import type { Logger } from '../../lib/log.ts';
import type { BindRequest, BindResult, MechanismDriver, NetworkSegment } from './contract.ts';
import { ml2Errors } from './errors.ts';

type Hooks = Required<MechanismDriver>;
type Precommit = Extract<keyof MechanismDriver, `${string}Precommit`>;
type Postcommit = Extract<keyof MechanismDriver, `${string}Postcommit`>;
type ChangeOf<K extends Precommit | Postcommit> = K extends Postcommit
  ? Parameters<Hooks[K]>[0]
  : Parameters<Hooks[K]>[1];

/** How one level of a port's wiring came out. */
export interface BoundLevel {
  driver: string;
  result: BindResult;
}

/** A port may be wired through this many drivers, one below the other. */
const MAX_LEVELS = 10;

/** The mechanism drivers, asked in the order of the configuration (upstream: ml2/managers.py MechanismManager). */
export class Mechanisms {
  readonly drivers: readonly MechanismDriver[];
  readonly #logger: Logger;

  constructor(drivers: readonly MechanismDriver[], logger: Logger) {
    this.drivers = drivers;
    this.#logger = logger;
  }

  /** Whether guests may use VLANs of their own, whichever driver wires them. */
  get vlanTransparent(): boolean {
    return this.drivers.every((driver) => driver.vlanTransparent === true);
  }

  /** Whether they may behind a second tag; where there is no driver, nobody puts it there. */
  get qinq(): boolean {
    return this.drivers.length > 0 && this.drivers.every((driver) => driver.qinq === true);
  }

  /** Whether any driver takes part in a step: where none does, nothing needs to be read for it. */
  wants(step: Precommit | Postcommit): boolean {
    return this.drivers.some((driver) => driver[step] !== undefined);
  }

  /** Inside the transaction; the first error rolls it back. */
  async precommit<K extends Precommit>(step: K, tx: Tx, change: ChangeOf<K>): Promise<void> {
    for (const driver of this.drivers) {
      await (driver[step] as ((tx: Tx, change: ChangeOf<K>) => Promise<void>) | undefined)?.call(driver, tx, change);
    }
  }

  /**
   * After the commit. Every driver is called, whatever another one throws.
   * @throws MechanismDriverError when one failed
   */
  async postcommit<K extends Postcommit>(step: K, change: ChangeOf<K>): Promise<void> {
    let failed = false;
    for (const driver of this.drivers) {
      try {
        await (driver[step] as ((change: ChangeOf<K>) => Promise<void>) | undefined)?.call(driver, change);
      } catch (error) {
        failed = true;
        this.#logger.error({ driver: driver.name, step, error }, 'mechanism driver failed');
      }
    }
    if (failed) throw ml2Errors.MechanismDriverError({ method: snakeCase(step) });
  }

  /** Asks for a wiring; null when no driver can, or the deepest level could not be reached. */
  async bind(request: BindRequest): Promise<BoundLevel[] | null> {
    return this.#bindBelow(request, request.segments, []);
  }

  async #bindBelow(
    request: BindRequest,
    segments: readonly NetworkSegment[],
    above: readonly BoundLevel[],
  ): Promise<BoundLevel[] | null> {
    if (above.length >= MAX_LEVELS) {
      this.#logger.error({ resource: 'port', id: request.port.id }, 'binding goes through too many levels');
      return null;
    }
    for (const driver of this.drivers) {
      let result: BindResult | null = null;
      try {
        result = (await driver.bindPort?.({ ...request, segments })) ?? null;
      } catch (error) {
        const { id } = request.port;
        this.#logger.error({ resource: 'port', id, driver: driver.name, error }, 'mechanism driver failed to bind');
      }
      if (!result) continue;
      const levels = [...above, { driver: driver.name, result }];
      if (!result.next_segments) return levels;
      const below = await this.#bindBelow(request, result.next_segments, levels);
      if (below) return below;
    }
    return null;
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
