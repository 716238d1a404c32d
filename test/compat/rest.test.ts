import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { allowed, otherAnswers } from './allowed.ts';
import { extensionAt } from './attributes.ts';
import { compare, type Difference } from './differences.ts';
import { beforePair, sequence } from './ground.ts';
import { type RecordedPair, type Recording, readAllRecordings, readRecording } from './recording.ts';
import { Stage } from './stage.ts';
import { waiting } from './waiting.ts';

/**
 * Sends what was sent to the real server to ours, in the same order, and compares the answers: status, the headers that
 * matter, every key of the body. Ids and times are renamed one to one. What may differ stands in `allowed.ts`, what cannot
 * be asked yet in `waiting.ts`, each with its reason.
 */
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

for (const { file, before, after } of sequence) {
  const recording = readRecording(file);
  describe(file, () => {
    if (before) beforeAll(() => before(stage));
    if (after) afterAll(() => after(stage));
    for (const [at, pair] of recording.pairs.entries()) {
      if (waiting(pair, recording) !== null) continue;
      it(`${at + 1} ${pair.name} as ${pair.as}: ${pair.request.method} ${pair.request.path.slice(0, 60)}`, async () => {
        await beforePair(stage, pair, recording);
        const other = otherAnswers.find((one) => one.recording === recording.name && one.pair === pair.name);
        if (other === undefined) return expect(await replay(pair, recording)).toEqual([]);
        const { status, body } = await stage.send(pair);
        expect({ status, body }).toMatchObject(other.ours);
        const { response } = pair;
        expect({ status: response.status, type: response.body?.NeutronError?.type }).toEqual({
          type: undefined,
          ...other.recorded,
        });
      });
    }
  });
}

describe('what is not replayed', () => {
  it('every recorded pair is replayed or waits for a reason', () => {
    const files = new Set(sequence.map(({ file }) => file));
    const lost = readAllRecordings().flatMap((recording) =>
      recording.pairs
        .filter((pair) => !files.has(recording.name) && waiting(pair, recording) === null)
        .map((pair) => `${recording.name}: ${pair.name} as ${pair.as}`),
    );
    expect(lost).toEqual([]);
  });

  it('every exception is for a pair that is replayed', () => {
    for (const { recording, pair } of otherAnswers) {
      const found = readRecording(recording).pairs.find(({ name }) => name === pair)!;
      expect(found && waiting(found, readRecording(recording)), pair).toBeNull();
    }
  });

  it('the list of what waits, by reason', () => {
    const reasons = new Map<string, number>();
    let replayed = 0;
    for (const recording of readAllRecordings()) {
      for (const pair of recording.pairs) {
        const reason = waiting(pair, recording);
        if (reason === null) replayed++;
        else reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
    console.log(
      `${replayed} recorded pairs replayed; waiting:\n${[...reasons].map(([reason, count]) => `  ${String(count).padStart(4)}  ${reason}`).join('\n')}`,
    );
    expect(replayed).toBeGreaterThan(0);
  });
});

async function replay(pair: RecordedPair, recording: Recording): Promise<string[]> {
  const answer = await stage.send(pair);
  const differences: Difference[] = [];
  if (answer.status !== pair.response.status)
    differences.push({
      place: 'status',
      recorded: pair.response.status,
      ours: `${answer.status} ${answer.text.slice(0, 300)}`,
    });
  for (const name of ['content-type', 'x-openstack-request-id']) {
    const recorded = pair.response.headers.find(([key]) => key.toLowerCase() === name)?.[1];
    const ours = answer.headers[name];
    const same =
      name === 'content-type'
        ? (recorded ?? '').split(';')[0] === String(ours ?? '').split(';')[0]
        : (recorded === undefined) === (ours === undefined);
    if (!same) differences.push({ place: `header ${name}`, recorded, ours });
  }
  const { recorded, ours } = withoutHidden(
    pair,
    pair.response.body,
    answer.text === '' || answer.text === 'null' ? null : (answer.body ?? { '(text)': answer.text }),
  );
  differences.push(...compare(recorded, ours, stage.renaming));
  return differences
    .filter((difference) => !extensionIsAbsent(difference))
    .filter(
      (difference) =>
        !allowed.some(
          (rule) =>
            rule.place.test(difference.place) &&
            (rule.pairs?.(pair, recording) ?? true) &&
            (rule.when?.(difference.recorded, difference.ours) ?? true),
        ),
    )
    .map(({ place, recorded, ours }) => `${place}: recorded ${JSON.stringify(recorded)}, ours ${JSON.stringify(ours)}`);
}

/** The one rule for attributes: what an extension brings that we do not list yet is not expected of us. */
function extensionIsAbsent({ place, ours }: Difference): boolean {
  const extension = extensionAt(place);
  return extension !== null && ours === undefined && !stage.extensions.has(extension);
}

/**
 * Ports of DHCP agents are no part of the comparison: the recorded server had a running agent that made one on every subnet
 * with DHCP, the stand-ins here make none.
 */
function withoutHidden(pair: RecordedPair, recorded: Json, ours: Json): { recorded: Json; ours: Json } {
  const hide = (body: Json): Json =>
    Array.isArray(body?.ports) && pair.request.method === 'GET'
      ? { ...body, ports: body.ports.filter((port: Json) => port.device_owner !== 'network:dhcp') }
      : body;
  return { recorded: hide(recorded), ours: hide(ours) };
}
