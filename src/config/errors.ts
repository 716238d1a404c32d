/**
 * A configuration that cannot be used. The message is one line, complete enough to act on without reading code:
 * `file:line: [section] option = value: reason; remedy`. Programs print it and exit with code 1, without a stack.
 */
export class ConfigError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(oneLine(message), options);
    this.name = 'ConfigError';
  }
}

/** A value with continuation lines would break the promise of one line. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
