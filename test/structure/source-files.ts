import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Top of the checkout. */
export const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A source file and what it imports. */
export interface SourceFile {
  /** From the top of the checkout, with `/`. */
  path: string;
  text: string;
  imports: Import[];
}

export interface Import {
  /** A file of ours from the top of the checkout, or a package's or built-in's name. */
  target: string;
  ours: boolean;
  /** Only types: gone when the program runs. */
  typeOnly: boolean;
  line: number;
}

const skipped = new Set(['node_modules', '.git', 'results', 'coverage', 'dist']);

/** Paths of all files below a folder of the checkout that pass the filter. */
export function filesBelow(folder: string, wanted: (path: string) => boolean): string[] {
  const paths: string[] = [];
  const visit = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && wanted(relative(top, path))) paths.push(relative(top, path));
    }
  };
  visit(join(top, folder));
  return paths.sort();
}

/** All TypeScript files of the project, with their imports. */
export function readSources(): SourceFile[] {
  return filesBelow('.', (path) => /\.tsx?$/.test(path)).map((path) => {
    const text = readFileSync(join(top, path), 'utf8');
    return { path, text, imports: importsOf(path, text) };
  });
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`. */
const pattern =
  /^\s*(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

export function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(pattern)].map((found) => {
    const name = (found[2] ?? found[3])!;
    const ours = name.startsWith('.');
    return {
      target: ours ? relative(top, resolve(top, dirname(path), name)) : name,
      ours,
      typeOnly: found[1] !== undefined,
      line: text.slice(0, found.index).split('\n').length + (/^\s*\n/.test(found[0]) ? 1 : 0),
    };
  });
}
