import { Anchor } from '@mantine/core';
import { piecesOf } from './references.ts';

/** A sentence of the server; what it names can be gone to. @param names what is shown in place of ids, where known */
export function Told({ sentence, names }: { sentence: string; names?: ReadonlyMap<string, string> }) {
  return piecesOf(sentence).map(({ text, to, id }, at) => {
    const name = id === null ? undefined : names?.get(id);
    const shown = name === undefined ? text : text.replace(id!, name);
    if (to === null) return shown;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one sentence are their order
      <Anchor key={at} href={to} inherit title={id ?? undefined}>
        {shown}
      </Anchor>
    );
  });
}
