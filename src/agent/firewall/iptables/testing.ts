import { CommandFailed, type CommandResult, type Exec, type RunOptions } from '../../../linux/contract.ts';

/** Tables of one family, changed as `iptables-restore --noflush` changes them. */
export class FakeTables {
  readonly tables = new Map<string, Map<string, string[]>>([
    [
      'raw',
      new Map([
        ['PREROUTING', []],
        ['OUTPUT', []],
      ]),
    ],
    [
      'filter',
      new Map([
        ['INPUT', []],
        ['FORWARD', []],
        ['OUTPUT', []],
      ]),
    ],
  ]);
  /** A reason for refusing a rule, or null. */
  refuses: (body: string) => string | null = () => null;
  /** Whether errors name the line. */
  namesLine = true;

  /** What a rule counted, by chain and place: packets, bytes. Null: this host does not count. */
  counted: ((chain: string, at: number) => readonly [number, number]) | null = null;

  /** @param withCounters as `-c` asks */
  save(table: string, withCounters = false): string {
    const chains = [...(this.tables.get(table) ?? [])];
    const count = (chain: string, at: number) =>
      withCounters && this.counted ? `[${this.counted(chain, at).join(':')}] ` : '';
    return [
      `*${table}`,
      ...chains.map(([name]) => `:${name} ${/^[A-Z]+$/.test(name) ? 'ACCEPT' : '-'} [0:0]`),
      ...chains.flatMap(([name, bodies]) => bodies.map((body, at) => `${count(name, at)}-A ${name} ${body}`)),
      'COMMIT',
      '',
    ].join('\n');
  }

  /** @throws Error with what the program prints, and then the table is as before */
  restore(text: string): void {
    let name = '';
    let table = new Map<string, string[]>();
    text.split('\n').forEach((line, index) => {
      const fail = (why: string) =>
        new Error(
          this.namesLine ? `iptables-restore v1.8.9 (nf_tables): ${why}\nError occurred at line: ${index + 1}\n` : why,
        );
      if (line.startsWith('*')) {
        name = line.slice(1);
        table = new Map([...(this.tables.get(name) ?? [])].map(([chain, bodies]) => [chain, [...bodies]]));
      } else if (line === 'COMMIT') {
        for (const [chain, bodies] of table) {
          for (const body of bodies) {
            const target = /-[jg] (\S+)/.exec(body)?.[1] as string;
            if (target.startsWith('neutron-') && !table.has(target)) throw fail(`${chain} leads to ${target}`);
          }
        }
        this.tables.set(name, table);
      } else if (line !== '') this.#line(line, table, fail);
    });
  }

  #line(line: string, table: Map<string, string[]>, fail: (why: string) => Error): void {
    const declared = /^:(\S+) - \[0:0\]$/.exec(line)?.[1];
    if (declared) {
      table.set(declared, []);
      return;
    }
    const [, command, chain = '', number, body = ''] = /^-([AIDFX]) (\S+)(?: (\d+))?(?: (.*))?$/.exec(line) ?? [];
    const bodies = table.get(chain);
    if (!bodies) throw fail(`No chain/target/match by that name: ${line}`);
    const reason = command === 'A' || command === 'I' ? this.refuses(body) : null;
    if (reason) throw fail(reason);
    if (command === 'A') bodies.push(body);
    else if (command === 'I') {
      const at = Number(number ?? 1);
      if (at > bodies.length + 1) throw fail('Index of insertion too big.');
      bodies.splice(at - 1, 0, body);
    } else if (command === 'D') {
      const at = bodies.indexOf(body);
      if (at < 0) throw fail('Bad rule (does a matching rule exist in that chain?).');
      bodies.splice(at, 1);
    } else if (command === 'F') bodies.length = 0;
    else {
      const uses = [...table.values()].flat().some((one) => new RegExp(`-[jg] ${chain}$`).test(one));
      if (uses || bodies.length > 0) throw fail(`CHAIN_DEL failed (Device or resource busy): chain ${chain}`);
      table.delete(chain);
    }
  }
}

/** A host with tables of both families, sets and no connections. */
export class FakeFirewallHost implements Exec {
  readonly 4 = new FakeTables();
  readonly 6 = new FakeTables();
  readonly sets = new Map<string, { create: string; entries: Set<string> }>();
  readonly ran: { argv: readonly string[]; stdin: string }[] = [];
  /** Connections, as `conntrack -L` prints them. */
  connections: Record<'ipv4' | 'ipv6', string> = { ipv4: '', ipv6: '' };
  /** What fails in place of being run. */
  breaks: (argv: readonly string[]) => { code: number; stderr: string } | null = () => null;

  async run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    const stdin = options.stdin ?? '';
    this.ran.push({ argv, stdin });
    const fail = (code: number, stderr: string) => new CommandFailed({ argv, code, stderr });
    const broken = this.breaks(argv);
    if (broken) throw fail(broken.code, broken.stderr);
    const program = argv[0] as string;
    const version = program.startsWith('ip6') ? 6 : 4;
    const done = (stdout = ''): CommandResult => ({ code: 0, stdout, stderr: '' });
    try {
      if (/tables-save$/.test(program)) return done(this[version].save(argv.at(-1) as string, argv.includes('-c')));
      if (/tables-restore$/.test(program)) this[version].restore(stdin);
      else if (program === 'ipset') return done(this.#ipset(argv, stdin));
      else if (program === 'conntrack' && argv[1] === '-L') return done(this.connections[argv[3] as 'ipv4' | 'ipv6']);
      return done();
    } catch (error) {
      throw fail(1, (error as Error).message);
    }
  }

  async daemon(): Promise<void> {}
  async close(): Promise<void> {}

  /** What was written since the last call. */
  takeWrites(): string[] {
    const writes = this.ran
      .filter(({ stdin }) => stdin !== '')
      .map(({ argv, stdin }) => `${argv[0]}: ${stdin.trimEnd()}`);
    this.ran.length = 0;
    return writes;
  }

  #ipset(argv: readonly string[], stdin: string): string {
    if (argv[1] === 'save') {
      const lines = [...this.sets].flatMap(([name, { create, entries }]) => [
        create,
        ...[...entries].map((entry) => `add ${name} ${entry}`),
      ]);
      return `${lines.join('\n')}\n`;
    }
    if (argv[1] !== 'restore') return '';
    stdin
      .trimEnd()
      .split('\n')
      .forEach((line, index) => {
        const [command, name = '', third = ''] = line.split(' ');
        const set = this.sets.get(name);
        const fail = (why: string) => new Error(`ipset v7.17: Error in line ${index + 1}: ${why}`);
        if (command === 'create') this.sets.set(name, { create: line, entries: new Set() });
        else if (!set) throw fail('The set with the given name does not exist');
        else if (command === 'add') {
          const max = Number(/maxelem (\d+)/.exec(set.create)?.[1] ?? 65_536);
          if (set.entries.size >= max) throw fail('Hash is full, cannot add more elements');
          set.entries.add(third);
        } else if (command === 'del') set.entries.delete(third);
        else if (command === 'swap') {
          const other = this.sets.get(third) as NonNullable<typeof set>;
          this.sets.set(name, { create: other.create.replaceAll(third, name), entries: other.entries });
          this.sets.set(third, { create: set.create.replaceAll(name, third), entries: set.entries });
        } else if (command === 'destroy') {
          if (this.#isReferred(name)) throw fail('Set cannot be destroyed: it is in use by a kernel component');
          this.sets.delete(name);
        }
      });
    return '';
  }

  #isReferred(set: string): boolean {
    return [this[4], this[6]].some(({ tables }) =>
      [...tables.values()].some((chains) =>
        [...chains.values()].flat().some((body) => body.includes(`--match-set ${set} `)),
      ),
    );
  }
}
