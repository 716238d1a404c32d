/** What the text of a page of Markdown refers to. */

/** A page without its blocks of code, where brackets are no links and `#` is no heading. */
function prose(text: string): string {
  return text.replace(/^( *)```[\s\S]*?^\1```.*$/gm, '');
}

/** Where links and pictures of a page lead, but for those to other sites. */
export function linksOf(text: string): string[] {
  const plain = prose(text).replace(/`[^`\n]*`/g, '');
  return [...plain.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link));
}

/** Anchors of the headings, made as GitHub makes them. */
export function slugsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  return new Set(
    [...prose(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => {
      const slug = heading!
        .replace(/\[([^\]]*)\]\([^()]*\)/g, '$1')
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
        .replaceAll(' ', '-');
      const before = seen.get(slug) ?? 0;
      seen.set(slug, before + 1);
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}

const inTheTree = /^(?:src|test|docs|bin|cli|bench|setup|packaging|dashboard|\.ci)\/[\w./{},*-]+$/;

/** Paths of the checkout that stand in a page as code: `src/db/write/turns.ts`, `test/data/*.json`, `src/agent/{l3,dhcp}`. */
export function pathsNamed(text: string): string[] {
  return [...prose(text).matchAll(/`([^`\n]+)`/g)]
    .map(([, code]) => code!.split(' ')[0]!.replace(/[:.]$/, ''))
    .filter((code) => inTheTree.test(code) && !code.includes('//'));
}

/** `a/{b,c}.ts` → `a/b.ts`, `a/c.ts`. */
export function expandBraces(path: string): string[] {
  const found = /\{([^{}]*)\}/.exec(path);
  if (!found) return [path];
  const [whole, inside] = found;
  return inside!
    .split(',')
    .flatMap((each) => expandBraces(path.slice(0, found.index) + each + path.slice(found.index + whole.length)));
}
