import { ApiError } from '../api/client.ts';
import type { Text } from '../messages/text.tsx';

const titles = [400, 401, 403, 404, 409, 412, 500, 503] as const;

/** What kind of refusal it is, in the language of the page. */
export function refusalTitle({ status }: Pick<ApiError, 'status'>, text: Text): string {
  if (status === 0) return text('shell.noAnswer');
  const near = titles.find((one) => one === status) ?? (status >= 500 ? 500 : 400);
  return text(`shell.refused${near}`);
}

/** What was said: the server speaks English, and a page in another language says so. */
export function refusal(error: Error, text: Text): string {
  return error instanceof ApiError && error.status !== 0
    ? text('shell.inEnglish', { message: error.message })
    : error.message;
}
