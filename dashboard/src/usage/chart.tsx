import { Group, Stack, Table, Title, Text as Words } from '@mantine/core';
import { useId } from 'react';
import { type Language, useSpeech } from '../messages/text.tsx';
import { clock } from '../messages/times.ts';
import { type Palette, usePalette } from '../topology/palette.ts';
import { linePath, rowsOf, type Series, told, topOf } from './series.ts';

/** One line of a chart. Beside its colour it is told by how it is drawn. */
export interface Line extends Series {
  readonly colour: (palette: Palette) => string;
  /** As SVG has it: `4 3`; nothing is a whole line. */
  readonly dashes?: string;
}

interface Props {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Seconds since the epoch. */
  readonly from: number;
  readonly until: number;
}

const WIDTH = 560;
const HEIGHT = 120;
/** For the numbers beside it and the times below. */
const LEFT = 44;
const BELOW = 18;
const TABLE_STEP_S = 300;

/** How something was over time: as lines, in a sentence for whoever hears it, and in a table. */
export function Chart({ title, lines, from, until }: Props) {
  const { text, language } = useSpeech();
  const palette = usePalette();
  const heading = useId();
  const number = numbers(language);
  const top = topOf(Math.max(...lines.flatMap(({ points }) => told(points)?.most ?? 0)));
  const time = (at: number) => clock(at * 1000, language);
  const inWords = lines.flatMap(({ name, points }) => {
    const known = told(points);
    if (known === null) return [];
    const { least, most, last } = known;
    return text('usage.lineOf', { name, least: number(least), most: number(most), last: number(last) });
  });
  const picture = { from, until, top, width: WIDTH, height: HEIGHT };
  return (
    <Stack gap={4} component="section" aria-labelledby={heading}>
      <Title order={4} size="h6" id={heading}>
        {title}
      </Title>
      {inWords.length === 0 ? (
        <Words size="sm" c="dimmed" role="status">
          {text('usage.noData')}
        </Words>
      ) : (
        <>
          <svg
            role="img"
            aria-label={text('usage.chartOf', {
              title,
              from: time(from),
              until: time(until),
              lines: inWords.join(language === 'zh' ? '' : ' '),
            })}
            viewBox={`0 -8 ${LEFT + WIDTH + 4} ${HEIGHT + BELOW + 8}`}
            width="100%"
            style={{ maxWidth: 760 }}
          >
            {[0, 0.5, 1].map((part) => (
              <g key={part}>
                <line
                  x1={LEFT}
                  x2={LEFT + WIDTH}
                  y1={HEIGHT * (1 - part)}
                  y2={HEIGHT * (1 - part)}
                  stroke={palette.edge}
                  strokeWidth={0.5}
                />
                <text x={LEFT - 6} y={HEIGHT * (1 - part) + 4} fontSize={11} textAnchor="end" fill={palette.faint}>
                  {number(top * part)}
                </text>
              </g>
            ))}
            <text x={LEFT} y={HEIGHT + BELOW - 3} fontSize={11} fill={palette.faint}>
              {time(from)}
            </text>
            <text x={LEFT + WIDTH} y={HEIGHT + BELOW - 3} fontSize={11} textAnchor="end" fill={palette.faint}>
              {time(until)}
            </text>
            <g
              transform={`translate(${LEFT} 0)`}
              fill="none"
              strokeWidth={1.8}
              strokeLinejoin="round"
              strokeLinecap="round"
            >
              {lines.map(({ name, points, colour, dashes }) => (
                <path key={name} d={linePath(points, picture)} stroke={colour(palette)} strokeDasharray={dashes} />
              ))}
            </g>
          </svg>
          <Legend lines={lines} />
          <AsTable lines={lines} from={from} until={until} />
        </>
      )}
    </Stack>
  );
}

/** Which line is what, and how it is now. */
function Legend({ lines }: Pick<Props, 'lines'>) {
  const { language } = useSpeech();
  const palette = usePalette();
  const number = numbers(language);
  return (
    <Group gap="md" aria-hidden>
      {lines.map(({ name, points, colour, dashes }) => (
        <Group key={name} gap={6} wrap="nowrap">
          <svg width={24} height={8} aria-hidden>
            <path d="M0 4h24" stroke={colour(palette)} strokeWidth={2} strokeDasharray={dashes} />
          </svg>
          <Words size="sm">
            {name}: {number(told(points)?.last ?? null)}
          </Words>
        </Group>
      ))}
    </Group>
  );
}

function AsTable({ lines, from, until }: Omit<Props, 'title'>) {
  const { text, language } = useSpeech();
  const number = numbers(language);
  return (
    <details>
      <summary>
        <Words span size="sm">
          {text('usage.asTable')}
        </Words>
      </summary>
      <Table fz="sm" verticalSpacing={2} w="auto">
        <Table.Caption>{text('usage.greatest')}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text('usage.time')}</Table.Th>
            {lines.map(({ name }) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rowsOf(lines, { from, until, seconds: TABLE_STEP_S }).map(({ at, values }) => (
            <Table.Tr key={at}>
              <Table.Th scope="row">{clock(at * 1000, language)}</Table.Th>
              {values.map((value, i) => (
                <Table.Td key={lines[i]!.name}>{number(value)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  );
}

function numbers(language: Language): (value: number | null) => string {
  const format = new Intl.NumberFormat(language === 'zh' ? 'zh-CN' : 'en', { maximumSignificantDigits: 3 });
  return (value) => (value === null ? '–' : format.format(value));
}
