import { Alert, List, Text as Words } from '@mantine/core';
import { placeIn } from '../messages/sentences/sentences.ts';
import { useSpeech, useText } from '../messages/text.tsx';
import { Told } from '../underneath/told.tsx';
import { useNamesWithGroups } from './group-names.ts';
import type { OnJoin } from './joining.ts';
import { MendButton } from './mend-button.tsx';
import type { Names } from './names.ts';
import { usePalette } from './palette.ts';
import type { Hop, Trace } from './trace-marks.ts';

interface Props {
  readonly trace: Trace;
  readonly names: Names;
  readonly onJoin: OnJoin;
  /** Something was changed by what is offered here. */
  readonly onMended: () => void;
}

const hopMarks = { passes: '●', drops: '✕', unknown: '?' } as const;
const healths = { passes: 'up', drops: 'error', unknown: 'down' } as const;
const colours = { arrives: 'green', leaves: 'blue', dropped: 'red', unknown: 'yellow' } as const;

/** The verdict first, with what decides and what would mend it; then every hop. */
export function TraceTold({ trace, names: drawn, onJoin, onMended }: Props) {
  const { verdict, summary, hops, answer } = trace;
  const text = useText();
  const names = useNamesWithGroups(drawn, trace);
  const stopped = decisive(hops) ?? (answer && decisive(answer.hops));
  return (
    <>
      <Alert
        color={answer && answer.verdict !== 'arrives' ? 'yellow' : colours[verdict]}
        p="xs"
        styles={{ title: { color: 'var(--mantine-color-text)' } }}
        title={text(`topology.${verdict}`)}
      >
        <Words size="sm">
          <Told sentence={summary} names={names} />
        </Words>
        {stopped && <Decides hop={stopped} {...{ names, onJoin, onMended }} />}
      </Alert>
      <Hops hops={hops} names={names} />
      {answer && (
        <>
          <Words size="sm">
            {text('topology.answer')}: <b>{text(`topology.${answer.verdict}`)}</b>:{' '}
            <Told sentence={answer.summary} names={names} />
          </Words>
          <Hops hops={answer.hops} names={names} />
        </>
      )}
    </>
  );
}

function decisive(hops: readonly Hop[]): Hop | undefined {
  return hops.find(({ state }) => state !== 'passes');
}

/** The rule, route or group that decides, what one would type, and the form that does the same. */
function Decides({ hop: { cause, remedy, mend }, names, onJoin, onMended }: { hop: Hop } & Omit<Props, 'trace'>) {
  const text = useText();
  return (
    <>
      {cause && (
        <Words size="sm">
          {text('underneath.cause')} <Told sentence={cause} names={names} />
        </Words>
      )}
      {remedy && (
        <Words size="sm">
          <b>{text('underneath.remedy')}</b> <Told sentence={remedy} />
        </Words>
      )}
      {mend && <MendButton mend={mend} onJoin={onJoin} onClosed={onMended} />}
    </>
  );
}

function Hops({ hops, names }: { hops: readonly Hop[]; names: Names }) {
  const { text, language } = useSpeech();
  const palette = usePalette();
  return (
    <List type="ordered" size="sm">
      {hops.map(({ hop, state, text: told, cause }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: hops are their order
        <List.Item key={at}>
          <span role="img" aria-label={text(`topology.${state}`)} style={{ color: palette.health[healths[state]] }}>
            {hopMarks[state]}
          </span>{' '}
          <b>{placeIn(language, hop)}</b> <Told sentence={told} names={names} />
          {cause && (
            <Words size="xs" c="dimmed">
              {text('underneath.cause')} <Told sentence={cause} names={names} />
            </Words>
          )}
        </List.Item>
      ))}
    </List>
  );
}
