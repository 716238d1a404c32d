/** An event of Node's test runner, as far as it matters here. */
interface TestEvent {
  type: string;
  data: {
    name: string;
    nesting: number;
    skip?: unknown;
    details?: { type?: string; duration_ms?: number; error?: Error & { cause?: unknown } };
  };
}

/** A line for each case when it has ended: `+ ` and an `InsideResult`; `= ` and the time of a group; and what the cases print themselves. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') names.splice(data.nesting, names.length, data.name);
    if (type === 'test:stdout' || type === 'test:stderr') yield (data as unknown as { message: string }).message;
    if ((type !== 'test:pass' && type !== 'test:fail') || data.skip) continue;
    const { error, type: kind, duration_ms = 0 } = data.details ?? {};
    const name = [...names.slice(0, data.nesting), data.name].join(': ');
    const seconds = Math.round(duration_ms / 100) / 10;
    // A group fails with its cases; by itself only where its own set-up or clean-up failed.
    if (kind === 'suite' && (type === 'test:pass' || /subtests? failed/.test(error?.message ?? ''))) {
      yield `= ${JSON.stringify({ name, seconds })}\n`;
      continue;
    }
    const cause = error?.cause instanceof Error ? error.cause : error;
    const failure = type === 'test:pass' ? '' : (cause?.stack ?? String(cause));
    yield `+ ${JSON.stringify({ name, failure, seconds })}\n`;
  }
}
