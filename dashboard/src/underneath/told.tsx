import { Anchor } from '@mantine/core';
import { kindIn, sentenceIn } from '../messages/sentences/sentences.ts';
import { useSpeech } from '../messages/text.tsx';
import { piecesOf } from './references.ts';

/** What one types stays as it is typed: `neutrino explain port ID`. */
const command = /\b(neutrino|neutron|openstack) [\w -]*$/;

/**
 * A sentence of the server, in the language of the page as far as it has words for it; what it names can be gone to.
 * @param names what is shown in place of ids, where known
 */
export function Told({ sentence, names }: { sentence: string; names?: ReadonlyMap<string, string> }) {
  const { language } = useSpeech();
  const pieces = piecesOf(sentenceIn(language, sentence));
  return pieces.map(({ text, to, id, kind }, at) => {
    const isTyped = command.test(pieces[at - 1]?.text ?? '');
    const shown = id === null || isTyped ? text : `${kindIn(language, kind!)} ${names?.get(id) ?? id}`;
    if (to === null) return shown;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one sentence are their order
      <Anchor key={at} href={to} inherit c="inherit" underline="always" title={id ?? undefined}>
        {shown}
      </Anchor>
    );
  });
}
