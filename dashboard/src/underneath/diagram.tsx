import './underneath.css';
import { Text as Words } from '@mantine/core';
import type { CSSProperties } from 'react';
import { useText } from '../messages/text.tsx';
import { usePalette } from '../topology/palette.ts';
import { countedOf, countedText } from './counted.ts';
import type { SubjectName } from './explanation.ts';
import { colourOf, StateMark } from './state-mark.tsx';
import type { HostSketch, Station } from './stations.ts';

interface Props {
  readonly subject: SubjectName;
  readonly host: HostSketch;
  /** Goes to what was said of a place. */
  readonly onStation: (id: string) => void;
}

const titles = {
  port: 'underneath.way',
  network: 'underneath.wayOfNetwork',
  router: 'underneath.wayOfRouter',
  floatingip: 'underneath.wayOfRouter',
} as const;

const ends = {
  port: ['underneath.guest', 'underneath.wire'],
  network: ['underneath.guests', 'underneath.wire'],
  router: ['underneath.guests', 'underneath.outside'],
  floatingip: ['underneath.guests', 'underneath.outside'],
} as const;

/** The places of one host as a packet comes by them, and those who serve beside the way. */
export function Diagram({ subject, host: { host, way, beside }, onStation }: Props) {
  const text = useText();
  const palette = usePalette();
  const [from, to] = ends[subject];
  const line = { '--underneath-line': palette.edge } as CSSProperties;
  return (
    <div style={line}>
      {way.length > 0 && (
        <>
          <Words size="sm" fw={600} mb={4}>
            {text(titles[subject], { host })}
          </Words>
          <ol className="underneath-way" aria-label={text(titles[subject], { host })}>
            <li>
              <End label={text(from)} />
            </li>
            {way.map((station) => (
              <li key={station.id} data-broken={isBroken(station) ? '' : undefined}>
                <Place station={station} onStation={onStation} />
              </li>
            ))}
            <li>
              <End label={text(to)} />
            </li>
          </ol>
        </>
      )}
      {beside.length > 0 && (
        <>
          <Words size="sm" fw={600} mt="sm">
            {text('underneath.beside', { host })}
          </Words>
          <ul className="underneath-beside">
            {beside.map((station) => (
              <li key={station.id}>
                <Place station={station} onStation={onStation} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function isBroken({ state }: Station): boolean {
  return state === 'fault' || state === 'waiting' || state === 'unknown';
}

function End({ label }: { label: string }) {
  const palette = usePalette();
  return (
    <span className="underneath-station underneath-end" style={{ borderColor: palette.edge, color: palette.faint }}>
      {label}
    </span>
  );
}

function Place({ station, onStation }: { station: Station } & Pick<Props, 'onStation'>) {
  const text = useText();
  const palette = usePalette();
  const { kind, device, state, steps } = station;
  const counted = steps.flatMap((step) => (step.device === device ? countedOf(step, {}) : [])).slice(0, 2);
  const broken = isBroken(station);
  return (
    <button
      type="button"
      className="underneath-station"
      onClick={() => onStation(station.id)}
      style={{
        background: palette.box,
        color: palette.ink,
        borderColor: broken ? colourOf(palette, state) : palette.edge,
        borderWidth: broken ? 2 : 1,
      }}
    >
      <span>
        <StateMark state={state} /> <b>{text(`underneath.at.${kind}`)}</b>
      </span>
      {device && <span style={{ color: palette.faint }}>{shortened(device)}</span>}
      {counted.map((one) => (
        <span key={one.title} style={{ color: palette.faint, fontSize: 11 }}>
          {countedText({ ...one, bytes: null }, text)}
        </span>
      ))}
    </button>
  );
}

/** Namespaces have whole ids in their names. */
function shortened(device: string): string {
  return device.length > 20 ? `${device.slice(0, 17)}…` : device;
}
