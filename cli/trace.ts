import { Command, InvalidArgumentError, Option } from 'commander';
import { ApiClient } from './client.ts';
import { connect } from './connection.ts';
import { cellText } from './format/python.ts';
import { textWidth } from './format/text-width.ts';
import { addGlobalOptions, type Environment, type GlobalOptions } from './global-options.ts';
import { findId } from './lookup.ts';
import { nounFor } from './nouns.ts';
import type { Io } from './program.ts';

/** `GET /v2.0/ports/{id}/trace`, as the API answers it. */
interface Trace extends Way {
  port_id: string;
  from: string;
  to: string;
  protocol: string;
  port: number | null;
  answer?: Way;
}

interface Way {
  verdict: 'arrives' | 'dropped' | 'leaves' | 'unknown';
  summary: string;
  hops: Hop[];
}

interface Hop {
  hop: string;
  state: string;
  text: string;
  cause?: string;
  remedy?: string;
}

interface TraceOptions extends GlobalOptions {
  from: string;
  to: string;
  tcp?: number;
  udp?: number;
  format: string;
}

const USAGE_ERROR = 2;
/** Exit codes, so that scripts can ask. */
const codes = { arrives: 0, dropped: 1, leaves: 3, unknown: 4 } as const;
const marks: Readonly<Record<string, string>> = { passes: 'ok', drops: 'DROP', unknown: '?' };
const LAST_PORT = 65_535;

/**
 * `neutrino trace --from PORT --to ADDRESS [--tcp PORT]`: the way of a packet, hop by hop, and what decides it.
 *
 * @param argv words behind `trace`
 * @returns 0 arrives and its answer comes back, 1 dropped, or refused, 2 wrong command line, 3 leaves for what is not
 * known, 4 cannot be told
 */
export async function runTrace(argv: readonly string[], env: Environment, io: Io): Promise<number> {
  const command = new Command('neutrino trace')
    .description('Follows a packet from a port to an address, as the rows of the database have it.')
    .addOption(new Option('--from <port>', 'id or name of the port it is sent by').makeOptionMandatory())
    .addOption(new Option('--to <address>', 'where it is sent to').makeOptionMandatory())
    .addOption(
      new Option('--tcp <port>', 'a TCP connection to this port; without, a ping')
        .argParser(portNumber)
        .conflicts('udp'),
    )
    .addOption(new Option('--udp <port>', 'a UDP packet to this port').argParser(portNumber))
    .addOption(new Option('-f, --format <format>').choices(['text', 'json']).default('text'))
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  addGlobalOptions(command);
  try {
    command.parse([...argv], { from: 'user' });
    const options = command.opts<TraceOptions>();
    const trace = await ask(options, env, io);
    io.stdout(options.format === 'json' ? `${JSON.stringify(trace, null, 2)}\n` : renderTrace(trace));
    const { verdict, answer } = trace;
    return codes[verdict === 'arrives' ? (answer?.verdict ?? verdict) : verdict] ?? codes.unknown;
  } catch (error) {
    const { code, exitCode, name, message, stack } = error as Error & { code?: string; exitCode?: number };
    if (code?.startsWith('commander.')) return exitCode === 0 ? 0 : USAGE_ERROR;
    io.stderr(`${name === 'CliError' ? message : (stack ?? message)}\n`);
    return 1;
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= LAST_PORT) return port;
  throw new InvalidArgumentError(`a port is 1 to ${LAST_PORT}`);
}

async function ask({ from, to, tcp, udp, ...options }: TraceOptions, env: Environment, io: Io): Promise<Trace> {
  const client = new ApiClient(await connect(options, env), (line) => io.stderr(`${line}\n`));
  try {
    const id = await findId(client, nounFor('ports'), from);
    const query: [string, string][] = [['to', to]];
    if (tcp !== undefined) query.push(['tcp', String(tcp)]);
    if (udp !== undefined) query.push(['udp', String(udp)]);
    const answer = await client.get(`ports/${id}/trace`, query);
    return answer.trace as Trace;
  } finally {
    client.close();
  }
}

/**
 * A line for each hop, what decides behind it; below what drops the packet, what to do.
 *
 *     Port 9e1a9b62-…, 10.0.0.5 to 10.1.0.7, tcp 22: dropped
 *     no ingress rule of the groups of port … lets tcp 22 from 10.0.0.5 pass
 *
 *       ok    tap      port 9e1a9b62-… on host1, ACTIVE
 *       ok    egress   goes out of port 9e1a9b62-…, by rule …
 *       DROP  ingress  no ingress rule of the groups …
 *                      because of: group …
 *                      to do: neutron security-group-rule-create …
 */
function renderTrace({ port_id, from, to, protocol, port, answer, ...way }: Trace): string {
  const what = port === null ? 'ping' : `${protocol} ${port}`;
  const lines = [`Port ${port_id}, ${from || 'no address'} to ${to}, ${what}: ${way.verdict}`, plain(way.summary), ''];
  lines.push(...hopLines(way.hops));
  if (answer) lines.push('', `The answer: ${answer.verdict}`, '', ...hopLines(answer.hops));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function hopLines(hops: readonly Hop[]): string[] {
  const markWidth = Math.max(...Object.values(marks).map(textWidth)) + 2;
  const hopWidth = Math.max(0, ...hops.map(({ hop }) => textWidth(hop))) + 2;
  const indent = ' '.repeat(2 + markWidth + hopWidth);
  return hops.flatMap(({ hop, state, text, cause, remedy }) => {
    const passes = state === 'passes';
    const by = passes && cause ? `, by ${plain(cause)}` : '';
    const line = `  ${(marks[state] ?? plain(state)).padEnd(markWidth)}${plain(hop).padEnd(hopWidth)}${plain(text)}${by}`;
    return [
      line,
      ...(!passes && cause ? [`${indent}because of: ${plain(cause)}`] : []),
      ...(remedy ? [`${indent}to do: ${plain(remedy)}`] : []),
    ];
  });
}

/** Texts may hold what users wrote: no control characters reach the terminal. */
function plain(text: unknown): string {
  return cellText(text).replace(/\p{Cc}/gu, ' ');
}
