/** Something that the person at the keyboard can mend: one line that says what and how. Exit code 1, no stack. */
export class OneHostError extends Error {
  override name = 'OneHostError';
}

/** What a failed system call means, in words. */
export function systemReason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    EACCES: 'no permission',
    EPERM: 'not permitted',
    EROFS: 'the file system is read-only',
    ENOENT: 'no such file or directory',
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'there is a file of that name',
    ENOSPC: 'the disk is full',
  };
  return (code && words[code]) ?? message;
}
