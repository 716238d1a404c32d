import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import { type DatabaseServer, type ServerKind, serverUser, startServer } from '../support/database-servers.ts';
import { until } from '../support/wait.ts';

/** TLS to real servers, whose certificate changes under the tests: how each kind says it in its URL. */
const kinds = [
  {
    kind: 'mysql' as ServerKind,
    ca: 'ssl_ca',
    cert: 'ssl_cert',
    key: 'ssl_key',
    named: 'ssl_verify_identity=true',
    namedOption: 'ssl_verify_identity',
    options: (cert: string, key: string, ca: string) => [`--ssl-cert=${cert}`, `--ssl-key=${key}`, `--ssl-ca=${ca}`],
    cipher: "select variable_value from information_schema.session_status where variable_name = 'Ssl_cipher'",
    reload: ['flush ssl'],
    database: 'mysql',
    guarded: ['create user guarded require x509', 'grant select on mysql.* to guarded'],
  },
  {
    kind: 'postgres' as ServerKind,
    ca: 'sslrootcert',
    cert: 'sslcert',
    key: 'sslkey',
    named: 'sslmode=verify-full',
    namedOption: 'sslmode=verify-full',
    options: (cert: string, key: string, ca: string) => [
      'ssl=on',
      `ssl_cert_file=${cert}`,
      `ssl_key_file=${key}`,
      `ssl_ca_file=${ca}`,
    ],
    cipher: 'select cipher from pg_stat_ssl where pid = pg_backend_pid()',
    reload: ['select pg_reload_conf()'],
    database: 'postgres',
    guarded: ['create role guarded login'],
  },
];

describe.each(kinds)('$kind', (how) => {
  let folder: string;
  let server: DatabaseServer;
  let ours: CertificateAuthority;
  let other: CertificateAuthority;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'neutrino-tls-'));
    const { uid, gid } = serverUser(how.kind);
    chownSync(folder, uid, gid);
    ours = new CertificateAuthority(folder, 'ours');
    other = new CertificateAuthority(folder, 'other');
    const { cert, key } = ours.sign('server', 'IP:127.0.0.1');
    server = await startServer(how.kind, how.options(cert, key, ours.file));
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const urlOf = (query: string, user?: string) => {
    const url = server.url(how.database).replace(/\?.*/, '');
    return `${user ? url.replace(/\/\/[^@]*@/, `//${user}@`) : url}?${query}`;
  };
  /** The cipher of a connection, or why there is none. */
  async function cipherOf(query: string, user?: string): Promise<string> {
    const opened = await openDatabase({ connection: urlOf(query, user) }).catch((error: Error) => error);
    if (opened instanceof Error) {
      expect(opened.message).not.toContain('\n');
      return opened.message;
    }
    try {
      const { rows } = await sql.raw<Record<string, string | null>>(how.cipher).execute(opened.db);
      return Object.values(rows[0]!)[0] ?? '';
    } finally {
      await opened.close();
    }
  }
  /** As the servers' own administrator, without TLS. */
  async function tell(statements: readonly string[]): Promise<void> {
    const [program, ...argv] =
      how.kind === 'mysql'
        ? ['mariadb', '--no-defaults', '--skip-ssl', '-h127.0.0.1', `-P${server.port}`, '-uroot']
        : ['psql', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'neutron', 'postgres'];
    execFileSync(program!, argv, {
      input: statements.map((one) => `${one};\n`).join(''),
      stdio: ['pipe', 'ignore', 'pipe'],
    });
  }
  const secure = /^(TLS|ECDHE)/;

  it('without being asked there is none; asked for without an authority, any certificate is taken', async () => {
    expect(await cipherOf('')).toBe('');
    expect(await cipherOf(how.kind === 'mysql' ? 'ssl=true' : 'sslmode=require')).toMatch(secure);
  });

  it('a certificate that the authority vouches for, and that names the server, is taken', async () => {
    expect(await cipherOf(`${how.ca}=${ours.file}`)).toMatch(secure);
    expect(await cipherOf(`${how.ca}=${ours.file}&${how.named}`)).toMatch(secure);
  });

  it('one of another authority is refused in one line that names the option', async () => {
    expect(await cipherOf(`${how.ca}=${other.file}`)).toMatch(
      new RegExp(`^\\[database\\] connection: TLS to 127.0.0.1:${server.port}: .*; .*${how.ca}`),
    );
    const noPem = join(folder, 'no.pem');
    writeFileSync(noPem, 'nothing of the kind');
    expect(await cipherOf(`${how.ca}=${noPem}`)).toMatch(new RegExp(`${how.ca}=${noPem}`));
  });

  it('one that names another host is refused only where the name counts', async () => {
    ours.sign('server', 'DNS:localhost');
    await tell(how.reload);
    const strict = `${how.ca}=${ours.file}&${how.named}`;
    const refused = await until('the new certificate', async () => {
      const answer = await cipherOf(strict);
      return !secure.test(answer) && answer;
    });
    expect(refused).toMatch(new RegExp(`TLS to 127.0.0.1:${server.port}: .*; .*${how.namedOption}`));
    expect(await cipherOf(`${how.ca}=${ours.file}`)).toMatch(secure);
    // By its name it is who it says.
    const byName = await openDatabase({ connection: urlOf(strict).replace('@127.0.0.1', '@localhost') });
    await byName.close();
  });

  it('a certificate of our own is shown where the server wants one', async () => {
    const client = ours.sign('guarded', 'DNS:guarded');
    await tell(how.guarded);
    if (how.kind === 'postgres') {
      const file = join(server.folder, 'data/pg_hba.conf');
      writeFileSync(file, `hostssl all guarded 127.0.0.1/32 trust clientcert=verify-ca\n${readFileSync(file, 'utf8')}`);
      await tell(how.reload);
    }
    const trusted = `${how.ca}=${ours.file}`;
    const shown = `${trusted}&${how.cert}=${client.cert}&${how.key}=${client.key}`;
    await until('the rule', async () => !secure.test(await cipherOf(trusted, 'guarded')));
    expect(await cipherOf(shown, 'guarded')).toMatch(secure);
  });
});
