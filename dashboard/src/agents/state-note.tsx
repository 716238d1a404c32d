import { useText } from '../messages/text.tsx';
import type { Health } from '../topology/cloud.ts';
import { usePalette } from '../topology/palette.ts';
import type { AgentState } from './agent.ts';

const marks: Readonly<Record<AgentState, readonly [mark: string, health: Health]>> = {
  alive: ['●', 'up'],
  dead: ['✕', 'error'],
  off: ['■', 'off'],
  offDead: ['✕', 'off'],
};

/** How an agent is, by mark, colour and word. */
export function StateNote({ state }: { state: AgentState }) {
  const text = useText();
  const [mark, health] = marks[state];
  return (
    <span style={{ whiteSpace: 'nowrap' }}>
      <span aria-hidden style={{ color: usePalette().health[health] }}>
        {mark}
      </span>{' '}
      {text(`agents.${state}`)}
    </span>
  );
}
