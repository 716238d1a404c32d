/** One family of figures, as Prometheus's text format (version 0.0.4) has it. */
export interface Family {
  type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Parses a whole answer, strictly: every line is accounted for, every family has HELP and TYPE before its samples and stands
 * in one piece, no sample comes twice, histograms grow and end with `+Inf`, counters are not negative.
 * @throws Error with the line
 */
export function parsePrometheus(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    if (line === '') continue;
    const help = new RegExp(`^# HELP (${NAME}) (.*)$`).exec(line);
    if (help) {
      if (helps.has(help[1]!)) fail('a second HELP');
      helps.set(help[1]!, help[2]!);
      continue;
    }
    const type = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`).exec(line);
    if (type) {
      current = type[1]!;
      if (families.has(current)) fail('a second TYPE');
      families.set(current, {
        type: type[2] as Family['type'],
        help: helps.get(current) ?? fail('no HELP'),
        samples: [],
      });
      continue;
    }
    const sample = SAMPLE.exec(line) ?? fail('no line of the format');
    const [, name, labelText = '', valueText] = sample as unknown as [string, string, string | undefined, string];
    const family = families.get(current) ?? fail('a sample before its TYPE');
    const { type: kind, samples } = family as Family;
    if (!(SUFFIXES[kind] ?? ['']).some((suffix) => name === current + suffix)) fail(`not of ${current}`);
    const labels = parseLabels(labelText, fail);
    const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
    if (valueText.trim() === '' || Number.isNaN(value)) fail('not a number');
    if (kind === 'counter' && value < 0) fail('a negative counter');
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(key)) fail('the same sample again');
    seen.add(key);
    samples.push({ name, labels, value });
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
}

function parseLabels(text: string, fail: (why: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) return fail('bad labels');
    if (Object.hasOwn(labels, match[1]!)) fail('a label twice');
    labels[match[1]!] = match[2]!.replace(/\\([\\"n])/g, (_, c) => (c === 'n' ? '\n' : c));
  }
  return labels;
}

function checkHistogram(name: string, { samples }: Family): void {
  const series = new Map<string, { last: number; bound: number; total: number | null }>();
  for (const { name: sample, labels, value } of samples) {
    const { le, ...others } = labels;
    const key = JSON.stringify(others);
    const one = series.get(key) ?? { last: 0, bound: Number.NEGATIVE_INFINITY, total: null };
    series.set(key, one);
    if (sample === `${name}_bucket`) {
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      if (!(bound > one.bound) || value < one.last) throw new Error(`the buckets of ${name}${key} do not grow`);
      Object.assign(one, { bound, last: value });
    } else if (sample === `${name}_count`) one.total = value;
  }
  for (const [key, { last, bound, total }] of series) {
    if (bound !== Number.POSITIVE_INFINITY || total !== last) throw new Error(`${name}${key} does not add up`);
  }
}

/** The sum of the samples of a name that have these labels. */
export function sumOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number {
  const samples = [...families.values()].flatMap((family) => family.samples);
  const fits = samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  return fits.reduce((sum, { value }) => sum + value, 0);
}
