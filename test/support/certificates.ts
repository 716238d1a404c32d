import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate authority of a test's own; its files lie in `folder` and belong to who owns that. */
export class CertificateAuthority {
  readonly #folder: string;
  readonly #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.#openssl([
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name} authority`, '-keyout', this.#path('.key'), '-out', this.file],
    ]);
    this.#own(this.file);
  }

  /** Its own certificate. */
  get file(): string {
    return this.#path('.pem');
  }

  /**
   * Makes (or makes anew, in the same place) a certificate.
   *
   * @param who its subject, and the name of its files
   * @param names as `subjectAltName` has them: `IP:127.0.0.1`, `DNS:localhost`
   */
  sign(who: string, names: string): { cert: string; key: string } {
    const [cert, key, request, extensions] = ['.pem', '.key', '.csr', '.ext'].map((end) =>
      join(this.#folder, `${who}${end}`),
    );
    writeFileSync(extensions!, `subjectAltName = ${names}\n`);
    this.#openssl([
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', `/CN=${who}`, '-keyout', key!, '-out', request!],
    ]);
    this.#openssl([
      ...['x509', '-req', '-in', request!, '-CA', this.file, '-CAkey', this.#path('.key'), '-CAcreateserial'],
      ...['-days', '2', '-extfile', extensions!, '-out', cert!],
    ]);
    this.#own(cert!);
    this.#own(key!);
    return { cert: cert!, key: key! };
  }

  #path(end: string): string {
    return join(this.#folder, `${this.#name}${end}`);
  }

  #openssl(argv: readonly string[]): void {
    execFileSync('openssl', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** Servers refuse keys that others may read. */
  #own(file: string): void {
    const { uid, gid } = statSync(this.#folder);
    chownSync(file, uid, gid);
    chmodSync(file, 0o600);
  }
}
