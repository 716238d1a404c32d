import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from './errors.ts';
import type { Environment } from './global-options.ts';

export type CloudSettings = Readonly<Record<string, unknown>>;

/**
 * One cloud of `clouds.yaml`, with its secrets of `secure.yaml` (as openstacksdk reads them: the first file found of each,
 * in the folder one is in, the user's, and the machine's).
 * @throws CliError
 */
export async function readCloud(name: string, env: Environment): Promise<CloudSettings> {
  const paths = searchPath('clouds', env.OS_CLIENT_CONFIG_FILE, env);
  const file = firstOf(paths);
  if (file === null) throw new CliError(`there is no clouds.yaml for cloud '${name}'; looked for ${paths.join(', ')}`);
  const secure = firstOf(searchPath('secure', env.OS_CLIENT_SECURE_FILE, env));
  const clouds = await cloudsIn(file);
  const own = clouds[name];
  if (!isMapping(own)) {
    const there = Object.keys(clouds).join(', ') || 'none';
    throw new CliError(`${file.path} has no cloud '${name}'; there is ${there}`);
  }
  return merged(own, secure === null ? {} : (await cloudsIn(secure))[name]);
}

function searchPath(file: string, given: string | undefined, env: Environment): string[] {
  const home = env.XDG_CONFIG_HOME || (env.HOME && join(env.HOME, '.config'));
  const folders = ['.', ...(home ? [join(home, 'openstack')] : []), '/etc/openstack'];
  const names = folders.flatMap((folder) => ['yaml', 'yml'].map((end) => join(folder, `${file}.${end}`)));
  return given ? [given, ...names] : names;
}

interface FoundFile {
  readonly path: string;
  readonly text: string;
}

function firstOf(paths: readonly string[]): FoundFile | null {
  for (const path of paths) {
    try {
      return { path, text: readFileSync(path, 'utf8') };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw new CliError(`${path} cannot be read: ${message}`);
    }
  }
  return null;
}

async function cloudsIn({ path, text }: FoundFile): Promise<CloudSettings> {
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    throw new CliError(`${path} is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const clouds = isMapping(content) ? content.clouds : undefined;
  return isMapping(clouds) ? clouds : {};
}

/** The second wins, key by key. */
function merged(base: CloudSettings, over: unknown): CloudSettings {
  if (!isMapping(over)) return base;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = isMapping(before) && isMapping(value) ? merged(before, value) : value;
  }
  return result;
}

export function isMapping(value: unknown): value is CloudSettings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
