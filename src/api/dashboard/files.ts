import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** A file of the built dashboard, in memory. */
export interface BuiltFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Buffer;
  readonly etag: string;
  /** Its name says which content it has: it may be kept for ever. */
  readonly lasting: boolean;
}

export type Encoding = 'br' | 'gzip';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  webmanifest: 'application/manifest+json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};
const PACKABLE = /^(text\/|application\/|image\/svg)/;
/** Smaller ones fit into a packet or two as they are. */
const LEAST_TO_PACK = 1_024;
/** No file of a build is this large. */
const MOST_BYTES = 16 * 1024 * 1024;
const FIRST_PAGE = 'index.html';

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

/**
 * The files of one folder by their names, and nothing else: a path is looked up in the list of what is there and never
 * becomes one of the file system, so that no path leads out. A new build is noticed by its first page.
 */
export class BuiltFiles {
  readonly #folder: string;
  #build = '';
  #names: ReadonlySet<string> = new Set();
  #kept = new Map<string, BuiltFile>();
  #packed = new Map<string, Promise<Buffer>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The page that everything begins with; null while there is no build. */
  async firstPage(): Promise<BuiltFile | null> {
    const found = await stat(join(this.#folder, FIRST_PAGE)).catch(() => null);
    const build = found?.isFile() ? `${found.ino} ${found.mtimeMs} ${found.size}` : '';
    if (build !== this.#build) await this.#list(build);
    return this.find(FIRST_PAGE);
  }

  /** @param name as it stands in the URL, without its folder; null when the build has no such file */
  async find(name: string): Promise<BuiltFile | null> {
    if (this.#build === '' && name !== FIRST_PAGE) await this.firstPage();
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()];
    if (!this.#names.has(name) || type === undefined) return null;
    const bytes = await readFile(join(this.#folder, name)).catch(() => null);
    if (bytes === null || bytes.length > MOST_BYTES) return null;
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const file = { name, type, bytes, etag, lasting: name.startsWith('assets/') };
    this.#kept.set(name, file);
    return file;
  }

  /** The file packed as the browser takes it, if that is worth it: packed once, then kept. */
  async packed(file: BuiltFile, accepted: string): Promise<{ encoding: Encoding | null; bytes: Buffer }> {
    const plain = { encoding: null, bytes: file.bytes };
    if (file.bytes.length < LEAST_TO_PACK || !PACKABLE.test(file.type)) return plain;
    const encoding = encodingFor(accepted);
    if (encoding === null) return plain;
    const key = `${encoding} ${file.etag} ${file.name}`;
    let bytes = this.#packed.get(key);
    if (bytes === undefined) {
      bytes = encoding === 'gzip' ? toGzip(file.bytes) : brotli(file.bytes);
      this.#packed.set(key, bytes);
    }
    return { encoding, bytes: await bytes };
  }

  async #list(build: string): Promise<void> {
    const entries = build === '' ? [] : await readdir(this.#folder, { recursive: true, withFileTypes: true });
    // Links are no files of a build: what they lead to is not ours to give away.
    const files = entries.filter((entry) => entry.isFile());
    this.#names = new Set(
      files.map((entry) => relative(this.#folder, join(entry.parentPath, entry.name)).split(sep).join('/')),
    );
    this.#kept = new Map();
    this.#packed = new Map();
    this.#build = build;
  }
}

function brotli(bytes: Buffer): Promise<Buffer> {
  // Level 5 packs a megabyte in some 30 ms, off the loop; 11 takes two seconds for a tenth less.
  return toBrotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
}

/** What the browser takes, the best first; a weight of 0 is a no. */
function encodingFor(accepted: string): Encoding | null {
  const taken = accepted
    .split(',')
    .map((part) =>
      part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/),
    )
    .filter(([, ...rest]) => !rest.some((weight) => /^q=0(\.0*)?$/.test(weight)))
    .map(([name]) => name);
  if (taken.includes('br')) return 'br';
  return taken.includes('gzip') ? 'gzip' : null;
}
