import { Alert, Button, Group, Loader, Stack, Switch, Title, Text as Words } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useSpeech, useText } from '../messages/text.tsx';
import { moment } from '../messages/times.ts';
import { ErrorNote } from '../shell/fault.tsx';
import { Chooser } from './chooser.tsx';
import { Diagram } from './diagram.tsx';
import { type Explanation, LOOK_EVERY_MS, type SubjectName, useExplanation } from './explanation.ts';
import { isSubject } from './references.ts';
import { StateMark } from './state-mark.tsx';
import { type Sketch, type Station, sketchOf } from './stations.ts';
import { anchorOf, isIll, Steps } from './steps.tsx';
import { SubjectHead } from './subject-head.tsx';
import { Told } from './told.tsx';
import { verdicts } from './verdicts.ts';

/** `#/underneath/port/ID`: from the guest to the wire, what should be beside what is. */
export function UnderneathPage() {
  const text = useText();
  const { what = '', id = '' } = useParams({ strict: false }) as { what?: string; id?: string };
  return (
    <Stack>
      <Title order={2}>{text('underneath.title')}</Title>
      <Chooser />
      {id === '' ? (
        <Words maw={720}>{text('underneath.chooseText')}</Words>
      ) : isSubject(what) ? (
        <Subject key={`${what}/${id}`} subject={what} id={id} />
      ) : (
        <Alert color="red">{text('underneath.unknownSubject')}</Alert>
      )}
    </Stack>
  );
}

function Subject({ subject, id }: { subject: SubjectName; id: string }) {
  const text = useText();
  const { language } = useSpeech();
  const [isRepeated, setRepeated] = useState(true);
  const [onlyIll, setOnlyIll] = useState(false);
  const { data, error, isFetching, dataUpdatedAt, refetch } = useExplanation(subject, id, isRepeated && LOOK_EVERY_MS);
  const sketch = useMemo(() => data && sketchOf(data), [data]);
  const before = useBefore(sketch);
  return (
    <>
      <SubjectHead subject={subject} id={id} />
      <Group gap="md">
        <Button size="xs" variant="default" loading={isFetching && !data} onClick={() => refetch()}>
          {text('underneath.again')}
        </Button>
        <Switch
          size="sm"
          label={text('underneath.every', { seconds: LOOK_EVERY_MS / 1000 })}
          checked={isRepeated}
          onChange={(event) => setRepeated(event.currentTarget.checked)}
        />
        <Switch
          size="sm"
          label={text('underneath.onlyIll')}
          checked={onlyIll}
          onChange={(event) => setOnlyIll(event.currentTarget.checked)}
        />
        {dataUpdatedAt > 0 && (
          <Words size="sm" c="dimmed">
            {text('underneath.lookedAt', { time: moment(dataUpdatedAt, language) })}
          </Words>
        )}
      </Group>
      {error && <ErrorNote error={error} />}
      {!data && !error && <Loader aria-label={text('shell.loading')} />}
      {data && sketch && <Seen {...{ subject, data, sketch, before, onlyIll }} />}
    </>
  );
}

/** What was seen at the look before: what grew since is worth more than what was counted in all. */
function useBefore(sketch: Sketch | undefined): Sketch | undefined {
  const looks = useRef<readonly [Sketch | undefined, Sketch | undefined]>([undefined, undefined]);
  useEffect(() => {
    looks.current = [looks.current[1], sketch];
  }, [sketch]);
  const [older, newest] = looks.current;
  return newest === sketch ? older : newest;
}

interface SeenProps {
  readonly subject: SubjectName;
  readonly data: Explanation;
  readonly sketch: Sketch;
  readonly before: Sketch | undefined;
  readonly onlyIll: boolean;
}

function Seen({ subject, data: { verdict, summary, steps }, sketch, before, onlyIll }: SeenProps) {
  const text = useText();
  const then = useMemo(() => new Map(stationsOf(before).map((station) => [station.id, station])), [before]);
  const [state, word] = verdicts[verdict];
  const go = (id: string) => {
    const section = document.getElementById(anchorOf(id));
    section?.scrollIntoView({ block: 'start', behavior: 'smooth' });
    section?.focus({ preventScroll: true });
  };
  return (
    <>
      <Words role="status">
        <StateMark state={state} /> <b>{text(word)}</b>
        {verdict === 'works' ? '' : ': '}
        {verdict !== 'works' && <Told sentence={summary} />}
      </Words>
      {sketch.hosts.map((host) => (
        <Diagram key={host.host} subject={subject} host={host} onStation={go} />
      ))}
      {onlyIll && !steps.some(isIll) && <Words>{text('underneath.allWell')}</Words>}
      {stationsOf(sketch).map((station) => (
        <Steps key={station.id} station={station} before={then.get(station.id)} onlyIll={onlyIll} />
      ))}
    </>
  );
}

function stationsOf(sketch: Sketch | undefined): Station[] {
  if (!sketch) return [];
  const ofHosts = sketch.hosts.flatMap(({ way, beside }) => [...way, ...beside]);
  return sketch.rows ? [sketch.rows, ...ofHosts] : ofHosts;
}
