import { defineConfig } from 'vitest/config';

/** Everything that goes through the plugin: once more on MariaDB, and with `--long` on PostgreSQL, too. */
const ofPlugin = ['src/plugin/**/*.test.ts'];
/** The contract of the databases: once more on each kind of database server. */
const ofDatabases = [
  'src/db/write/*.test.ts',
  'test/contract/{api-plugin,binding-races,db-*,duties,floating-races,list-queries,live-upgrade,l2-population,mix,quota-races,races,resource-races,router-interface-races,router-races,network-ip-availability}.test.ts',
  'test/contract/{security-group-tenants,segments-hostile,subnet-pool-tenants,statement-counts,workers}.test.ts',
];
/** Ends what hangs; how long a test takes on a busy machine is nobody's business. */
const patient = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 40_000 } } };
const onServer = (name: string, kind: string, include: readonly string[]) => ({
  test: {
    name,
    env: { NEUTRINO_TEST_ON: kind },
    include: [...include],
    // What a message is made of is no matter of the database, and has a hundred fixtures.
    exclude: ['src/plugin/objects/objects.test.ts'],
    globalSetup: [`test/support/on-${name}.ts`],
    isolate: false,
    maxWorkers: 2,
    pool: 'threads' as const,
    ...patient,
  },
});

/**
 * `unit`, `contract` and the projects of the database servers share processes and leave no module state behind (CONTRIBUTING.md);
 * files of `functional` run side by side, each in namespaces of its own, and never touch the machine's; `vm` is minutes of one
 * virtual machine, which runs beside all else.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,cli,bin,setup,bench,dashboard}/**/*.test.ts', 'test/structure/**/*.test.ts', 'test/support/**/*.test.ts'],
          isolate: false,
          maxWorkers: 2,
          pool: 'threads',
          ...patient,
        },
      },
      onServer('mariadb', 'mysql', [...ofDatabases, ...ofPlugin]),
      onServer('postgresql', 'postgres', process.env.NEUTRINO_TEST_LONG ? [...ofDatabases, ...ofPlugin] : ofDatabases),
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: ['test/support/shared-rabbit.ts'],
          ...patient,
          isolate: false,
          pool: 'forks',
          // Most of them wait for programs of their own most of the time.
          maxWorkers: 3,
        },
      },
      { test: { name: 'compat', include: ['test/compat/*.test.ts'], ...patient } },
      {
        test: {
          name: 'differential',
          include: ['test/compat/differential/**/*.test.ts'],
          globalSetup: ['test/compat/differential/set-up.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'clients',
          include: ['test/compat/clients/**/*.test.ts'],
          globalSetup: ['test/compat/clients/set-up.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'mixes',
          include: ['test/compat/mixes/**/*.test.ts'],
          globalSetup: ['test/compat/mixes/set-up.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'keystone',
          include: ['test/compat/keystone/**/*.test.ts'],
          ...patient,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'messaging',
          include: ['test/compat/messaging/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'tempest',
          include: ['test/compat/tempest/**/*.test.ts'],
          globalSetup: ['test/compat/tempest/set-up.ts'],
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/browser/set-up.ts'],
          isolate: false,
          pool: 'forks',
          // A Chromium, a server and their hosts each.
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'systemd',
          include: ['test/functional/systemd.test.ts'],
          pool: 'forks',
          ...patient,
        },
      },
      {
        test: {
          name: 'vm',
          include: ['test/vm/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          ...patient,
        },
      },
      {
        test: {
          name: 'functional',
          include: ['test/functional/**/*.test.ts'],
          exclude: ['test/functional/systemd.test.ts'],
          isolate: false,
          pool: 'forks',
          // They wait most of the time; a host of theirs shares no name, port or process with another's.
          maxWorkers: 2,
          ...patient,
        },
      },
    ],
  },
});
