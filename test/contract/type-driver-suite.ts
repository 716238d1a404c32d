import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { isUniqueViolation } from '../../src/db/retry.ts';
import type { NeutronError } from '../../src/lib/errors.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { type Options, pluginOptions } from '../../src/plugin/fixture.ts';
import type { SegmentRequest, TypeDriver } from '../../src/plugin/ml2/contract.ts';
import { loadDrivers } from '../../src/plugin/ml2/registry.ts';
import { type DialectUnderTest, openAgain } from './db-dialects.ts';

/** What the suite must know of a driver to put it to the test. */
export interface TypeDriverUnderTest {
  /** Its name in `type_drivers`, or the path of its module. */
  readonly driver: string;
  readonly options?: Options;
  /** Whole segments of its, none like another. */
  readonly segments: readonly SegmentRequest[];
  /** Two networks cannot have the same; false: nothing is taken. */
  readonly exclusive: boolean;
  /** Segments it refuses. */
  readonly invalid: readonly SegmentRequest[];
  /** How many segments projects can get with these options; null: any number. */
  readonly tenantSegments: number | null;
  /** Segments that leave open which is meant. */
  readonly partial: readonly SegmentRequest[];
}

/** What every type driver promises, built in or from outside (docs/drivers.md). */
export function describeTypeDriver(dialect: DialectUnderTest, under: TypeDriverUnderTest): void {
  describe(`type driver ${under.driver} on ${dialect.name}`, () => {
    let database: Database;
    let driver: TypeDriver;
    const [first] = under.segments as [SegmentRequest];

    beforeEach(async () => {
      database = await dialect.open();
      driver = await makeDriver();
    });
    afterEach(() => database.close());

    async function makeDriver(): Promise<TypeDriver> {
      const options = pluginOptions({ ...under.options, ml2: { ...under.options?.ml2, type_drivers: [under.driver] } });
      const setup = { options, logger: silentLogger, random: Math.random, section: () => ({}) };
      const [made] = await loadDrivers('type_drivers', setup);
      return made!;
    }

    const inOne = <T>(work: Parameters<typeof database.transaction<T>>[0], from = database) =>
      from.transaction(work, { retryOn: isUniqueViolation });
    const reserve = (segment: SegmentRequest) => inOne((tx) => driver.reserveProviderSegment(tx, segment, {}));
    const release = (segment: SegmentRequest) => inOne((tx) => driver.releaseSegment(tx, segment));
    const allocate = () => inOne((tx) => driver.allocateTenantSegment(tx, { projectId: 'p1' }));
    const refusal = async (work: Promise<unknown>): Promise<Pick<NeutronError, 'kind' | 'type'>> =>
      work.then(
        () => ({ kind: 'internal' as const, type: 'nothing was thrown' }),
        ({ kind, type }: NeutronError) => ({ kind, type }),
      );

    it('takes its segments for valid, and refuses others with InvalidInput', async () => {
      await inOne(async (tx) => {
        for (const segment of [...under.segments, ...under.partial]) await driver.validateProviderSegment(segment, tx);
        for (const segment of under.invalid) {
          const refused = await refusal((async () => driver.validateProviderSegment(segment, tx))());
          expect({ segment, ...refused }).toEqual({ segment, kind: 'bad_request', type: 'InvalidInput' });
        }
      });
    });

    it('says which segments are whole', () => {
      expect(under.segments.map((segment) => driver.isPartialSegment?.(segment) ?? false)).not.toContain(true);
      expect(under.partial.map((segment) => driver.isPartialSegment?.(segment))).not.toContain(false);
    });

    it('gives what is asked for, each once, until it is given back', async () => {
      for (const segment of under.segments) expect(await reserve(segment)).toEqual(segment);
      if (under.exclusive) {
        for (const segment of under.segments)
          expect(await refusal(reserve(segment))).toMatchObject({ kind: 'conflict' });
      }
      await release(first);
      expect(await reserve(first)).toEqual(first);
    });

    it('takes nothing when the transaction is rolled back', async () => {
      const lost = new Error('lost');
      await inOne(async (tx) => {
        await driver.reserveProviderSegment(tx, first, {});
        await driver.allocateTenantSegment(tx, {});
        throw lost;
      }).catch((error) => expect(error).toBe(lost));
      expect(await reserve(first)).toEqual(first);
    });

    it('gives back what nobody has without complaint', async () => {
      await release(first);
      await release(first);
    });

    it('gives projects segments, none twice, until there are none', async () => {
      const limit = under.tenantSegments ?? 3;
      const given: SegmentRequest[] = [];
      for (let i = 0; i < limit; i++) given.push((await allocate())!);
      expect(given).not.toContain(null);
      for (const segment of given) expect(segment.network_type).toBe(driver.type);
      if (under.tenantSegments === null) return;
      expect(new Set(given.map((segment) => JSON.stringify(segment))).size).toBe(limit);
      expect(await allocate()).toBeNull();
      for (const segment of under.partial)
        expect(await refusal(reserve(segment))).toMatchObject({ kind: 'unavailable' });
      const [back] = given;
      if (back === undefined) return;
      await release(back);
      expect(await allocate()).toEqual(back);
    });

    it('completes what is left open', async () => {
      for (const segment of under.partial) {
        const whole = await reserve(segment);
        expect(whole.segmentation_id).toBeGreaterThan(0);
        expect(driver.isPartialSegment?.(whole)).toBe(false);
        expect(await refusal(reserve(whole))).toMatchObject({ kind: 'conflict' });
      }
    });

    it('gives two servers different segments', async () => {
      if (under.tenantSegments === null || under.tenantSegments < 2) return;
      const other = await openAgain(database);
      const theirs = await makeDriver();
      const given = await Promise.all(
        Array.from({ length: under.tenantSegments }, (_, i) =>
          i % 2
            ? inOne((tx) => theirs.allocateTenantSegment(tx, {}), other)
            : inOne((tx) => driver.allocateTenantSegment(tx, {})),
        ),
      ).finally(() => other.close());
      expect(new Set(given.map((segment) => JSON.stringify(segment))).size).toBe(under.tenantSegments);
    });

    it('limits packets to a size that IP can use, or not at all', () => {
      const mtu = driver.mtu(first.physical_network);
      expect(Number.isInteger(mtu) && (mtu === 0 || mtu >= 68)).toBe(true);
    });
  });
}
