import { getJson } from './api-client.ts';
import type { Instance } from './instance.ts';
import { renderTable } from './text-table.ts';

interface Explanation {
  verdict: string;
  summary: string;
  steps: { step: string; state: string; expected: string; found: string; remedy?: string }[];
}

/**
 * `neutrino explain port ID`: what the API found on the way from the row to the kernel, as a table.
 *
 * @returns the text, and the exit code: 0 when the port works
 * @throws ApiFailure
 */
export async function explainPort({ api }: Instance, id: string): Promise<{ text: string; code: number }> {
  const { explanation } = await getJson<{ explanation: Explanation }>(
    api,
    `/v2.0/ports/${encodeURIComponent(id)}/explain`,
    10_000,
  );
  return { text: renderExplanation(explanation), code: explanation.verdict === 'works' ? 0 : 1 };
}

export function renderExplanation({ verdict, summary, steps }: Explanation): string {
  const rows = steps
    .filter(({ state }) => state !== 'not_applicable')
    .map(({ step, state, expected, found }) => [step, state, expected, found]);
  const remedies = steps.flatMap(({ step, remedy }) => (remedy ? [`  ${step}: ${remedy}`] : []));
  return [
    `${verdict}: ${summary}`,
    '',
    renderTable(['step', 'state', 'should be', 'is'], rows),
    ...(remedies.length ? ['', 'What to do:', ...remedies] : []),
  ].join('\n');
}
