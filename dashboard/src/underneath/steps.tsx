import { Code, Table, Title, VisuallyHidden } from '@mantine/core';
import { placeIn } from '../messages/sentences/sentences.ts';
import { useSpeech, useText } from '../messages/text.tsx';
import { usePalette } from '../topology/palette.ts';
import { countedOf, countedText } from './counted.ts';
import type { Counters, Step } from './explanation.ts';
import { StateMark } from './state-mark.tsx';
import { growth, type Station } from './stations.ts';
import { Told } from './told.tsx';

interface Props {
  readonly station: Station;
  /** The same place at the look before. */
  readonly before: Station | undefined;
  /** Leaves out what is as it should be. */
  readonly onlyIll: boolean;
}

/** Where the page goes to when a place of the diagram is chosen. */
export function anchorOf(stationId: string): string {
  return `underneath-${stationId.replace(/[^\w-]/g, '_')}`;
}

export function isIll({ state }: Step): boolean {
  return state !== 'ok' && state !== 'not_applicable';
}

/** All that was said of one place: what should be beside what is, and what to do. */
export function Steps({ station, before, onlyIll }: Props) {
  const text = useText();
  const { id, kind, host, steps } = station;
  const shown = steps.map((step, at) => ({ step, at })).filter(({ step }) => (onlyIll ? isIll(step) : isSaid(step)));
  if (shown.length === 0) return null;
  const hasCounters = steps.some(({ counters }) => counters);
  const title = `${text(`underneath.at.${kind}`)}${host ? ` · ${host}` : ''}`;
  return (
    <section id={anchorOf(id)} tabIndex={-1} aria-label={title}>
      <Title order={3} size="h5" mb={4}>
        {title}
      </Title>
      <Table.ScrollContainer minWidth={560}>
        <Table className="underneath-steps" fz="sm" withTableBorder verticalSpacing={4} layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="16%">{text('underneath.step')}</Table.Th>
              <Table.Th>{text('underneath.shouldBe')}</Table.Th>
              <Table.Th>{text('underneath.is')}</Table.Th>
              {hasCounters && <Table.Th w="20%">{text('underneath.counted')}</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map(({ step, at }) => (
              <Row
                key={at}
                step={step}
                hasCounters={hasCounters}
                grown={growth(sameStep(before, step, at), step.counters)}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}

/** What applies to nothing is said only where it is all that can be said. */
function isSaid({ state }: Step): boolean {
  return state !== 'not_applicable';
}

/** Counters of the look before, if the step at that place is still about the same. */
function sameStep(before: Station | undefined, { step, expected }: Step, at: number): Counters | undefined {
  const then = before?.steps[at];
  return then?.step === step && then.expected === expected ? then.counters : undefined;
}

function Row({ step, hasCounters, grown }: { step: Step; hasCounters: boolean; grown: Counters }) {
  const { text, language } = useSpeech();
  const palette = usePalette();
  const { state, expected, found, remedy, cause, check } = step;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        <StateMark state={state} /> {placeIn(language, step.step)}
      </Table.Th>
      <Table.Td>
        <Told sentence={expected} />
        {cause && (
          <div style={{ color: palette.faint, fontSize: 12 }}>
            {text('underneath.cause')} <Told sentence={cause} />
          </div>
        )}
      </Table.Td>
      <Table.Td>
        <Told sentence={found} />
        {check && (
          <div style={{ fontSize: 12 }}>
            <VisuallyHidden>{text('underneath.check')}</VisuallyHidden>
            <Code title={text('underneath.check')}>{check}</Code>
          </div>
        )}
        {remedy && (
          <div>
            <b>{text('underneath.remedy')}</b> <Told sentence={remedy} />
          </div>
        )}
      </Table.Td>
      {hasCounters && (
        <Table.Td>
          {countedOf(step, grown).map((one) => (
            <div key={one.title} style={one.more > 0 ? { fontWeight: 600 } : undefined}>
              {countedText(one, text)}
            </div>
          ))}
        </Table.Td>
      )}
    </Table.Tr>
  );
}
