/** What the server tells after a commit; nothing of the content. */
export interface Change {
  /** Member name: `network`, `port`; `*` when something may have been missed. */
  readonly resource: string;
  readonly id: string | null;
  readonly action: string;
}

export interface EventsParts {
  /** Asks for the stream, with the headers of who asks: `EventSource` could send none. */
  readonly open: (signal: AbortSignal) => Promise<Response>;
  readonly onOpen: () => void;
  readonly onChange: (change: Change) => void;
  /** It broke off, or cannot be had (null: nothing answered); it is tried again. */
  readonly onLoss: (status: number | null) => void;
  /** Pause before each new try, ms. */
  readonly pause?: (failures: number) => number;
}

/** Silence for longer than three heartbeats of the server: the way there is cut, though nobody said so. */
const MOST_SILENCE_MS = 50_000;
/** So long nothing answers where a cable is out; browsers themselves would wait for minutes. */
const MOST_WAIT_MS = 20_000;
const pauseAfter = (failures: number) => Math.min(1000 * 2 ** (failures - 1), 8_000) * (0.75 + Math.random() / 2);

/** Follows the server's event stream until told to stop, and takes it up again whenever it breaks off. */
export function followEvents({ open, onOpen, onChange, onLoss, pause = pauseAfter }: EventsParts): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  void (async () => {
    for (let failures = 0; !signal.aborted; ) {
      let status: number | null = null;
      try {
        const silence = new AbortController();
        const waiting = setTimeout(() => silence.abort(), MOST_WAIT_MS);
        const response = await open(AbortSignal.any([signal, silence.signal])).finally(() => clearTimeout(waiting));
        status = response.status;
        if (response.ok && response.body !== null) {
          failures = 0;
          onOpen();
          await readEvents(response.body, silence, onChange);
        }
      } catch {
        // Told by onLoss like every other end.
      }
      if (signal.aborted) return;
      failures++;
      onLoss(status);
      await sleep(pause(failures), signal);
    }
  })();
  return () => stopping.abort();
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  silence: AbortController,
  onChange: (change: Change) => void,
): Promise<void> {
  const watch = () => setTimeout(() => silence.abort(), MOST_SILENCE_MS);
  let timer = watch();
  let rest = '';
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = watch();
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const change = changeIn(block);
        if (change !== null) onChange(change);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The change in a block of lines; null for comments, and for events of a name. */
function changeIn(block: string): Change | null {
  const lines = block.split('\n');
  const data = lines.find((line) => line.startsWith('data: '));
  if (data === undefined || lines.some((line) => line.startsWith('event: '))) return null;
  return JSON.parse(data.slice('data: '.length)) as Change;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
