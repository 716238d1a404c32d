import { useState } from 'react';
import { ask } from '../api/client.ts';
import { readAgentsAgain } from './data.ts';
import { addStep, type Movable, type MoveOutcome, moved, removeStep, type Step } from './moving.ts';

export type Named = Movable & { readonly name: string };

/** What is under way, or was done last. */
export interface Moves {
  readonly count: number;
  readonly outcomes: readonly (MoveOutcome & { readonly name: string })[];
}

const take = ({ method, path, body }: Step) => ask(method, path, body);

/** Moves things from an agent one after another, gives them to others, too, or takes them away. */
export function useMoves(from: string) {
  const [moves, setMoves] = useState<Moves | null>(null);
  const run = async (things: readonly Named[], one: (thing: Named) => Promise<MoveOutcome>) => {
    const outcomes: Moves['outcomes'][number][] = [];
    setMoves({ count: things.length, outcomes: [] });
    for (const thing of things) {
      outcomes.push({ ...(await one(thing)), name: thing.name });
      setMoves({ count: things.length, outcomes: [...outcomes] });
    }
    await readAgentsAgain();
  };
  const only = (step: Step) =>
    take(step).then(
      (): MoveOutcome => ({ error: null, left: null }),
      (error: Error): MoveOutcome => ({ error, left: null }),
    );
  return {
    moves,
    move: (things: readonly Named[], to: string) => run(things, (thing) => moved(thing, { from, to }, take)),
    add: (things: readonly Named[], to: string) => run(things, (thing) => only(addStep(thing, to))),
    remove: (things: readonly Named[]) => run(things, (thing) => only(removeStep(thing, from))),
  };
}
