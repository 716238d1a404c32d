import { apiErrors } from './errors.ts';

/**
 * The revision a change is conditional on: `If-Match: revision_number=7`, quoted or not, among other etags or alone.
 * Other etags are ignored, as upstream ignores them.
 *
 * @throws BadRequest for several revisions or one that is no number
 */
export function readRevision(header: string | undefined): number | null {
  if (header === undefined) return null;
  const revisions: string[] = [];
  for (const tag of header.split(',')) {
    const match = /^\s*(?:W\/)?"?\s*revision_number\s*=(.*?)"?\s*$/.exec(tag);
    if (match) revisions.push(match[1]!.trim());
  }
  if (revisions.length === 0) return null;
  if (revisions.length > 1 || !/^\d{1,15}$/.test(revisions[0]!)) {
    throw apiErrors.BadRequest({
      resource: 'if-match',
      message: 'Revision number etag must be in the format of revision_number=<int>',
    });
  }
  return Number(revisions[0]);
}
