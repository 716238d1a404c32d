import { Command, Option } from 'commander';
import { ApiClient } from './client.ts';
import { connect } from './connection.ts';
import { CliError } from './errors.ts';
import { cellText } from './format/python.ts';
import { textWidth } from './format/text-width.ts';
import { addGlobalOptions, type Environment, type GlobalOptions } from './global-options.ts';
import { findId } from './lookup.ts';
import { nounFor } from './nouns.ts';
import type { Io } from './program.ts';

/** `GET /v2.0/{collection}/{id}/explain`, as the API answers it. */
export interface Explanation {
  /** One of the four. */
  port_id?: string;
  network_id?: string;
  router_id?: string;
  floatingip_id?: string;
  verdict: 'works' | 'waits' | 'broken' | 'unknown';
  summary: string;
  steps: Step[];
}

interface Step {
  step: string;
  state: string;
  expected: string;
  found: string;
  remedy?: string;
  cause?: string;
  check?: string;
}

/** What can be explained: the collection, and how people call one of it. */
const subjects: Readonly<
  Record<string, { collection: string; title: string; key: `${string}_id` & keyof Explanation }>
> = {
  port: { collection: 'ports', title: 'Port', key: 'port_id' },
  network: { collection: 'networks', title: 'Network', key: 'network_id' },
  router: { collection: 'routers', title: 'Router', key: 'router_id' },
  floatingip: { collection: 'floatingips', title: 'Floating IP', key: 'floatingip_id' },
};

/** What agents find where a rule is just as it is expected. */
const IN_FORCE = 'in force';

const USAGE_ERROR = 2;
/** Exit codes, so that scripts can wait for a port to work. */
const codes = { works: 0, broken: 1, waits: 3, unknown: 4 } as const;

const marks: Readonly<Record<string, string>> = {
  ok: 'ok',
  waiting: 'wait',
  fault: 'FAULT',
  unknown: '?',
  not_applicable: '-',
};

/**
 * `neutrino explain port|network|router|floatingip ID|NAME`: asks the API and prints each step from the row to the kernel.
 *
 * @param argv words behind `explain`
 * @returns 0 works, 1 broken or refused, 2 wrong command line, 3 waits for something, 4 cannot be told
 */
export async function runExplain(argv: readonly string[], env: Environment, io: Io): Promise<number> {
  const command = new Command('neutrino explain')
    .description(
      'Says why a port, a network, a router or a floating IP works or not: what should be, what is, and what to do.',
    )
    .usage('port|network|router|floatingip ID|NAME [options]')
    .argument('<what>', 'port, network, router or floatingip')
    .argument('<id>', 'its id or name; of a floating IP its id or address')
    .addOption(new Option('-f, --format <format>').choices(['text', 'json']).default('text'))
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  addGlobalOptions(command);
  try {
    command.parse([...argv], { from: 'user' });
    const [what = '', idOrName = ''] = command.args;
    const subject = Object.hasOwn(subjects, what) ? subjects[what] : undefined;
    if (!subject) throw new CliError(`only ports, networks, routers and floating IPs can be explained, not '${what}'`);
    const explanation = await ask(command.opts(), env, subject.collection, idOrName, io);
    const { format } = command.opts<{ format: string }>();
    io.stdout(format === 'json' ? `${JSON.stringify(explanation, null, 2)}\n` : renderExplanation(explanation));
    return codes[explanation.verdict] ?? codes.unknown;
  } catch (error) {
    const { code, exitCode, name, message, stack } = error as Error & { code?: string; exitCode?: number };
    if (code?.startsWith('commander.')) return exitCode === 0 ? 0 : USAGE_ERROR;
    io.stderr(`${name === 'CliError' ? message : (stack ?? message)}\n`);
    return 1;
  }
}

async function ask(
  options: GlobalOptions,
  env: Environment,
  collection: string,
  idOrName: string,
  io: Io,
): Promise<Explanation> {
  const client = new ApiClient(await connect(options, env), (line) => io.stderr(`${line}\n`));
  try {
    const id = await findId(client, nounFor(collection), idOrName);
    const answer = await client.get(`${collection}/${id}/explain`);
    return answer.explanation as Explanation;
  } finally {
    client.close();
  }
}

/**
 * The steps in order, one line each, with what asks for it and the command that shows it; what is not well has its
 * expectation and remedy below.
 *
 *     Port 9e1a9b62-…: broken
 *     The tap tap9e1a9b62-11 is not on host1.
 *
 *       ok     bound   bound to host1 by linuxbridge
 *       FAULT  tap     no device tap9e1a9b62-11
 *                      expected: tap9e1a9b62-11 on host1
 *                      to do: start the guest, or neutrino plug …
 */
export function renderExplanation(explanation: Explanation): string {
  const { verdict, summary, steps } = explanation;
  const markWidth = Math.max(...Object.values(marks).map(textWidth)) + 2;
  const stepWidth = Math.max(0, ...steps.map(({ step }) => textWidth(step))) + 2;
  const indent = ' '.repeat(2 + markWidth + stepWidth);
  const subject = Object.values(subjects).find(({ key }) => explanation[key] !== undefined);
  const about = subject ? `${subject.title} ${explanation[subject.key]}` : 'It';
  const lines = [`${about}: ${verdict}`, plain(summary), ''];
  for (const { step, state, expected, found, remedy, cause, check } of steps) {
    const isWell = state === 'ok' || state === 'not_applicable';
    const text = isWell ? wellText({ expected, found, cause, check }) : plain(found);
    lines.push(`  ${(marks[state] ?? state).padEnd(markWidth)}${step.padEnd(stepWidth)}${text}`);
    if (!isWell && expected) lines.push(`${indent}expected: ${plain(expected)}`);
    if (!isWell && cause) lines.push(`${indent}because of: ${plain(cause)}`);
    if (!isWell && check) lines.push(`${indent}seen by: ${plain(check)}`);
    if (!isWell && remedy) lines.push(`${indent}to do: ${plain(remedy)}`);
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** What is, for what, and how it was seen: `frames from fa:16:3e:… only, for port … (ebtables -t nat -L …)`. */
function wellText({ expected, found, cause, check }: Pick<Step, 'expected' | 'found' | 'cause' | 'check'>): string {
  const what = found === IN_FORCE ? expected : found;
  return `${plain(what)}${cause ? `, for ${plain(cause)}` : ''}${check ? ` (${plain(check)})` : ''}`;
}

/** Texts may hold names that users chose: no control characters reach the terminal. */
function plain(text: unknown): string {
  return cellText(text).replace(/\p{Cc}/gu, ' ');
}
