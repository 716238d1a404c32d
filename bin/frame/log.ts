import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { ConfigError } from '../../src/config/errors.ts';
import { reason } from '../../src/config/files.ts';
import { makeFolders } from '../../src/config/folders.ts';
import { type Cause, currentCauses } from '../../src/lib/cause.ts';
import type { Logger } from '../../src/lib/log.ts';
import { journalPrefix } from './journal.ts';

export interface LogSettings {
  program: string;
  debug: boolean;
  /** null: stderr */
  logFile: string | null;
  logDir: string | null;
  json: boolean;
  /** Begin a new file at this size, keeping so many older ones as `.1`, `.2` …; left out or null: never. */
  rotation?: { bytes: number; keep: number } | null;
}

/** A logger with a life: its file is reopened on SIGHUP (logrotate). */
export interface ProgramLogger extends Logger {
  readonly path: string | null;
  /** At level info, written within 10 ms with what else comes: for lines that come by the thousand. */
  later(fields: object, message: string): void;
  /** Writes what `later` has gathered. */
  flush(): void;
  reopen(): void;
}

/** So much, and for so long, is gathered at most before it is written: a write for each line would cost more than the line. */
const GATHERED_BYTES = 65_536;
const GATHERED_MS = 10;

type Level = 'debug' | 'info' | 'warn' | 'error';

/** oslo.log's names of the levels. */
const levelNames: Record<Level, string> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' };

/**
 * The log of a program: lines as oslo.log writes them (so that existing collectors and eyes keep working), or one JSON
 * object a line as pino writes it. Written at once: the last line before a crash is the one that matters.
 *
 * @throws ConfigError when the file cannot be written
 */
export async function openLog(settings: LogSettings): Promise<ProgramLogger> {
  const path = logPath(settings);
  let fd = path === null ? 2 : openFile(path);
  const { program, debug } = settings;
  let size = path === null ? 0 : fstatSync(fd).size;
  const rotation = path === null ? null : (settings.rotation ?? null);
  const writeNow = (text: string) => {
    if (rotation && size > 0 && size + text.length > rotation.bytes) {
      try {
        moveAside(path as string, rotation.keep);
        logger.reopen();
      } catch {
        // Logging must not end what it tells of: the file grows, and is tried again when it has grown as much again.
        size = 0;
      }
    }
    writeAll(fd, text);
    size += text.length;
  };
  let gathered = '';
  let isGathering = false;
  const flush = () => {
    const text = gathered;
    gathered = '';
    if (text !== '') writeNow(text);
  };
  const write = (text: string) => {
    if (isGathering && gathered.length < GATHERED_BYTES) {
      if (gathered === '') setTimeout(flush, GATHERED_MS).unref();
      gathered += text;
      return;
    }
    flush();
    writeNow(text);
  };
  const lines = settings.json
    ? await jsonLogger(program, debug, write)
    : textLogger(program, debug, write, path === null);
  const logger: ProgramLogger = {
    path,
    debug: (fields, message) => lines.debug(fields, message),
    info: (fields, message) => lines.info(fields, message),
    warn: (fields, message) => lines.warn(fields, message),
    error: (fields, message) => lines.error(fields, message),
    later(fields, message) {
      isGathering = true;
      lines.info(fields, message);
      isGathering = false;
    },
    flush,
    reopen() {
      if (path === null) return;
      flush();
      const old = fd;
      fd = openFile(path);
      closeSync(old);
      size = fstatSync(fd).size;
    },
  };
  return logger;
}

function textLogger(program: string, debug: boolean, write: (text: string) => void, isStderr: boolean): Logger {
  const at = (level: Level) => {
    const prefix = isStderr ? journalPrefix(level) : '';
    return (fields: object, message: string) =>
      write(`${prefix}${renderText({ level, message, fields, program, at: new Date(), causes: currentCauses() })}\n`);
  };
  return { debug: debug ? at('debug') : () => {}, info: at('info'), warn: at('warn'), error: at('error') };
}

/** Pino is loaded only where JSON was asked for: it costs each start 20 ms and each process 5 MB. */
async function jsonLogger(program: string, debug: boolean, write: (text: string) => void): Promise<Logger> {
  const { pino } = await import('pino');
  const options = {
    level: debug ? 'debug' : 'info',
    base: { pid: process.pid, name: program },
    formatters: {
      log: (fields: object) => safeFields({ ...causeFields(currentCauses()), ...fields }) as Record<string, unknown>,
    },
    serializers: { err: (value: unknown) => value },
  };
  const logger: Logger = pino(options, { write });
  return logger;
}

function logPath({ program, logFile, logDir }: LogSettings): string | null {
  if (logFile !== null) return logDir !== null && !isAbsolute(logFile) ? join(logDir, logFile) : logFile;
  return logDir === null ? null : join(logDir, `${program}.log`);
}

function openFile(path: string): number {
  try {
    makeFolders(dirname(path));
    return openSync(path, 'a', 0o640);
  } catch (cause) {
    throw new ConfigError(`log file ${path} cannot be written: ${reason(cause)}; give another log_file or log_dir`, {
      cause,
    });
  }
}

/** `x.log` becomes `x.log.1`, that `x.log.2` …, the oldest goes. @throws the file system's errors */
function moveAside(path: string, keep: number): void {
  if (keep === 0) rmSync(path, { force: true });
  for (let number = keep - 1; number >= 0; number--) {
    const from = number === 0 ? path : `${path}.${number}`;
    if (existsSync(from)) renameSync(from, `${path}.${number + 1}`);
  }
}

/** A pipe that is full for the moment makes the write wait its turn; one whose reader is gone must not end the program. */
function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  for (let tries = 0; rest.length > 0 && tries < 1000; tries++) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

export interface LogLine {
  level: Level;
  message: string;
  fields: object;
  program: string;
  at: Date;
  /** The requests for which the program does what it tells of, where the fields do not say. */
  causes?: readonly Cause[];
}

/** `2026-11-23 11:22:33.444 1234 INFO neutron-server [req-… ] message key=value` */
export function renderText({ level, message, fields, program, at, causes = [] }: LogLine): string {
  const { request_id, ...rest } = safeFields(fields) as Record<string, unknown>;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const pairs = given.map(([key, value]) => ` ${key}=${renderValue(value)}`);
  const who = causeText(typeof request_id === 'string' ? request_id : null, causes);
  return `${localTime(at)} ${process.pid} ${levelNames[level]} ${program} [${who}] ${message}${pairs.join('')}`;
}

/** What stands in the brackets: the ids of one request, its global one first as oslo.log has it, or of several. */
function causeText(own: string | null, causes: readonly Cause[]): string {
  const named = own === null ? causes : causes.filter(({ requestId }) => requestId === own);
  if (named.length === 0) return own ?? '-';
  const ids = named.flatMap(({ globalRequestId, requestId }) =>
    [globalRequestId, requestId].filter((id) => id !== null),
  );
  return [...new Set(ids)].map(renderId).join(' ');
}

/** Ids come over the wire as well. */
function renderId(id: string): string {
  return /^[\w.:-]{1,64}$/.test(id) ? id : renderValue(id.slice(0, 64));
}

/** The same as fields, for JSON. */
function causeFields(causes: readonly Cause[]): Record<string, unknown> {
  const [first] = causes;
  if (first === undefined) return {};
  if (causes.length > 1) return { request_ids: causes.map(({ requestId }) => requestId) };
  const { requestId: request_id, globalRequestId } = first;
  return globalRequestId === null ? { request_id } : { request_id, global_request_id: globalRequestId };
}

/** A value that cannot be mistaken for another field or another line. */
function renderValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? 'null';
}

const SECRET_NAME = /pass(word|wd)?$|secret|token$|^authorization$|^cookie$/i;

/** Fields as they may be written: errors as text, secrets masked, whatever depth they lie at. */
function safeFields(fields: object): object {
  return safeValue(fields, 0) as object;
}

function safeValue(value: unknown, depth: number): unknown {
  if (value instanceof Error) return maskUrls(errorText(value));
  if (typeof value === 'string') return maskUrls(value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth > 6) return '…';
  if (Array.isArray(value)) return value.map((item) => safeValue(item, depth + 1));
  if (value instanceof Set || value instanceof Map) return safeValue([...value], depth + 1);
  const plain: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    plain[key] =
      isSecretName(key) && each !== null && each !== '' && typeof each !== 'boolean'
        ? '****'
        : safeValue(each, depth + 1);
  }
  return plain;
}

const judged = new Map<string, boolean>();

/** Remembered, as every line has the same few names. */
function isSecretName(name: string): boolean {
  let secret = judged.get(name);
  if (secret === undefined) {
    secret = SECRET_NAME.test(name);
    if (judged.size < 1_000) judged.set(name, secret);
  }
  return secret;
}

/** What failed and why, without a stack: `cannot bind: ApplyFailed: …`. */
export function errorText(error: Error): string {
  const own = error.name === 'Error' ? error.message : `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own} (${errorText(error.cause)})` : own;
}

/** `scheme://user:password@` in a text. A password that nobody quoted may hold anything but blanks and quotes. */
export function maskUrls(text: string): string {
  return text.includes('://') ? text.replace(/(:\/\/[^:/@\s]*):[^\s"'<>]*@/g, '$1:****@') : text;
}

let lastSecond = { ms: Number.NaN, text: '' };

function localTime(at: Date): string {
  const part = at.getMilliseconds();
  const second = at.getTime() - part;
  if (second !== lastSecond.ms) lastSecond = { ms: second, text: secondText(at) };
  return `${lastSecond.text}.${String(part).padStart(3, '0')}`;
}

function secondText(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
