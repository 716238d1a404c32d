import { Button, Stack, Table, Text as Words } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { usePalette } from './palette.ts';

/** What `GET …/{id}/explain` answers. */
interface Explanation {
  readonly verdict: 'works' | 'waits' | 'broken' | 'unknown';
  readonly summary: string;
  readonly steps: readonly Step[];
}

interface Step {
  readonly step: string;
  readonly state: keyof typeof stepMarks;
  readonly expected: string;
  readonly found: string;
  readonly remedy?: string;
  readonly cause?: string;
  readonly check?: string;
}

const stepMarks = { ok: '●', waiting: '◐', fault: '✕', unknown: '?', not_applicable: '–' } as const;
const healths = { ok: 'up', waiting: 'building', fault: 'error', unknown: 'down', not_applicable: 'off' } as const;

/**
 * Asks when it is told to: the answer comes from the host, which looks at its kernel for it.
 * @param of below `/v2.0`: `ports/ID`, `routers/ID`
 */
export function WhyItWorks({ of }: { of: string }) {
  const text = useText();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['explain', of],
    queryFn: async ({ signal }) =>
      (await ask<{ explanation: Explanation }>('GET', `/v2.0/${of}/explain`, undefined, signal)).body.explanation,
    enabled: false,
    retry: false,
  });
  return (
    <Stack gap="xs">
      <Button size="xs" variant="default" loading={isFetching} onClick={() => refetch()}>
        {text(data ? 'topology.whyAgain' : 'topology.why')}
      </Button>
      {error && <ErrorNote error={error} />}
      <div aria-live="polite">{data && <Told {...data} />}</div>
    </Stack>
  );
}

function Told({ verdict, summary, steps }: Explanation) {
  const text = useText();
  const palette = usePalette();
  const said = steps.filter(({ state }) => state !== 'not_applicable');
  return (
    <>
      <Words size="sm">
        <b>{text(`topology.${verdict}`)}</b>: {summary}
      </Words>
      <Table fz="xs" withTableBorder verticalSpacing={3} horizontalSpacing={6} layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="26%">{text('topology.step')}</Table.Th>
            <Table.Th>{text('topology.shouldBe')}</Table.Th>
            <Table.Th>{text('topology.is')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {said.map(({ step, state, expected, found, remedy, cause, check }, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: steps have no id, and come all at once
            <Table.Tr key={at}>
              <Table.Td title={check && text('topology.check', { command: check })}>
                <span
                  role="img"
                  aria-label={text(`topology.${state}`)}
                  style={{ color: palette.health[healths[state]] }}
                >
                  {stepMarks[state]}
                </span>{' '}
                {step.replaceAll('_', ' ')}
              </Table.Td>
              <Table.Td>{expected}</Table.Td>
              <Table.Td>
                {found}
                {cause && <div>{text('topology.cause', { cause })}</div>}
                {remedy && (
                  <div>
                    <b>{text('topology.remedy', { remedy })}</b>
                  </div>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}
