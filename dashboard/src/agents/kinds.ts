import type { Agent } from '../../../src/resources/shapes.ts';
import { allMessages, type MessageKey } from '../messages/all.ts';
import { useText } from '../messages/text.tsx';
import { loadOf } from './agent.ts';

/** What a type of agents is called in the language of the page; by its own words where nobody translated it. */
export function useKinds(): (type: string) => string {
  const text = useText();
  return (type) =>
    Object.hasOwn(allMessages, `agents.kind.${type}`) ? text(`agents.kind.${type}` as MessageKey) : type;
}

/** How much an agent does, in a line. */
export function useLoadText(): (agent: Pick<Agent, 'configurations'>) => string {
  const text = useText();
  return (agent) =>
    loadOf(agent)
      .map(([name, count]) => text(`agents.${name}`, { count }))
      .join(', ');
}
