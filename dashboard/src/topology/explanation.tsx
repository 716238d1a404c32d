import { Anchor, Button, Group, List, Stack, Text as Words } from '@mantine/core';
import { placeIn } from '../messages/sentences/sentences.ts';
import { useSpeech, useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { type Explanation, type SubjectName, useExplanation } from '../underneath/explanation.ts';
import { underneathAddress } from '../underneath/references.ts';
import { StateMark } from '../underneath/state-mark.tsx';
import { isIll } from '../underneath/steps.tsx';
import { Told } from '../underneath/told.tsx';
import { verdicts } from '../underneath/verdicts.ts';

interface Props {
  readonly subject: SubjectName;
  readonly id: string;
}

/** Asks when it is told to, and tells in short; all of it is on the page underneath. */
export function WhyItWorks({ subject, id }: Props) {
  const text = useText();
  const { data, error, isFetching, refetch } = useExplanation(subject, id, 'when told');
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Button size="xs" variant="default" loading={isFetching} onClick={() => refetch()}>
          {text(data ? 'topology.whyAgain' : 'topology.why')}
        </Button>
        <Anchor size="sm" href={underneathAddress(subject, id)}>
          {text('underneath.look')}
        </Anchor>
      </Group>
      {error && <ErrorNote error={error} />}
      <div aria-live="polite">{data && <InShort {...data} />}</div>
    </Stack>
  );
}

function InShort({ verdict, steps }: Explanation) {
  const { text, language } = useSpeech();
  const [state, word] = verdicts[verdict];
  const ill = steps.filter(isIll);
  return (
    <>
      <Words size="sm">
        <StateMark state={state} /> <b>{text(word)}</b>
        {ill.length === 0 && `: ${text('underneath.allWell')}`}
      </Words>
      <List size="xs" listStyleType="none">
        {ill.map(({ step, state, expected, found, remedy }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps have no id, and come all at once
          <List.Item key={at} mt={4}>
            <StateMark state={state} /> <b>{placeIn(language, step)}</b> <Told sentence={found} />
            <div>
              {text('topology.shouldBe')}: <Told sentence={expected} />
            </div>
            {remedy && (
              <div>
                <b>{text('underneath.remedy')}</b> <Told sentence={remedy} />
              </div>
            )}
          </List.Item>
        ))}
      </List>
    </>
  );
}
