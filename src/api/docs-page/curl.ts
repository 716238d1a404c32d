import { shellWord } from '../../lib/shell-word.ts';

/** One request on a command line, as a person would type it. */
export interface CurlParts {
  readonly method: string;
  readonly url: string;
  readonly tokens: boolean;
  readonly body?: unknown;
}

export function curl({ method, url, tokens, body }: CurlParts): string {
  const words = [
    'curl -s',
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    ...(tokens ? ['-H "X-Auth-Token: $OS_TOKEN"'] : []),
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'"]),
    shellWord(url),
  ];
  const line = words.join(' ');
  return body === undefined ? line : `${line} \\\n  -d ${shellWord(JSON.stringify(body))}`;
}
