import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import type { ApiClient, HttpAnswer, Json } from '../support/api.ts';
import { makeDeployment } from '../support/deployment.ts';
import { authtoken } from '../support/identity.ts';
import { reportAgents } from '../support/stand-in-agents.ts';
import { withoutAbsent } from './attributes.ts';
import { rulesOf21, sameAsReal } from './openstack/ours.ts';
import { bodyText, type RecordedPair, readRecording } from './recording.ts';
import { Renaming } from './renaming.ts';

/** The roles that the users of the recordings have. */
const roles: Readonly<Record<Exclude<RecordedPair['as'], 'none'>, readonly string[]>> = {
  admin: ['admin', 'manager', 'member', 'reader'],
  demo: ['member', 'reader'],
  alt: ['member', 'reader'],
  viewer: ['reader'],
};

type Tokens = Readonly<Record<RecordedPair['as'], string | null>>;

/** The recorded headers alone, without those a client has anyway. */
const notSent = { accept: null, 'content-type': null };

/** Our server as the real one was when it was recorded: its users, agents, types of networks, and the names both gave to things. */
export class Stage implements AsyncDisposable {
  readonly api: ApiClient;
  /** Aliases that ours lists. */
  readonly extensions: ReadonlySet<string>;
  readonly renaming = new Renaming();
  readonly #tokens: Tokens;
  readonly #end: AsyncDisposableStack;

  private constructor(
    end: AsyncDisposableStack,
    { api, extensions, tokens }: { api: ApiClient; extensions: ReadonlySet<string>; tokens: Tokens },
  ) {
    this.#end = end;
    this.api = api;
    this.extensions = extensions;
    this.#tokens = tokens;
  }

  static async start(): Promise<Stage> {
    await using undo = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'neutrino-compat-'));
    undo.defer(() => rm(folder, { recursive: true, force: true }));
    const keystone = undo.use(await FakeKeystone.start());
    const { projects } = readRecording('errors');
    const token = (user: keyof typeof roles) => keystone.add({ user, project: projects[user]!, roles: roles[user] });
    const tokens = {
      admin: token('admin'),
      demo: token('demo'),
      alt: token('alt'),
      viewer: token('viewer'),
      none: null,
    };
    const deployment = undo.use(
      await makeDeployment({
        folder,
        token: tokens.admin,
        server: {
          ...sameAsReal,
          ...rulesOf21,
          DEFAULT: { ...sameAsReal.DEFAULT, auth_strategy: 'keystone' },
          keystone_authtoken: { ...authtoken(keystone), www_authenticate_uri: 'http://127.0.0.1:35000/v3' },
        },
      }),
    );
    await deployment.start();
    const { api } = deployment;
    const listed = await api.expect('GET', '/v2.0/extensions');
    const extensions = new Set<string>(listed.extensions.map((extension: Json) => extension.alias));
    await reportAgents(deployment, recordedAgents());
    const stage = new Stage(undo.move(), { api, extensions, tokens });
    await learnAgents(stage);
    await learnDefaultGroups(stage);
    return stage;
  }

  /** Sends what was recorded, as the user who sent it. */
  send(pair: RecordedPair): Promise<HttpAnswer> {
    const { method, path, headers, body } = pair.request;
    // Links in answers repeat the Host header.
    const own = {
      host: '127.0.0.1:39696',
      'x-auth-token': pair.name === 'bad-token' ? 'nonsense' : this.#tokens[pair.as],
    };
    const text = bodyText(withoutAbsent(this.renaming.applyTo(body), this.extensions));
    return this.api.request(method, this.renaming.apply(path), text, { ...notSent, ...lowerCase(headers), ...own });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end.disposeAsync();
  }
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function recordedAgents(): Json[] {
  return readRecording('agents').pairs.find((pair) => pair.name === 'list-admin')!.response.body.agents;
}

async function learnAgents({ api, renaming }: Stage): Promise<void> {
  const ours = await api.list('agent');
  for (const agent of recordedAgents())
    renaming.learn(agent.id, ours.find((one) => one.binary === agent.binary && one.host === agent.host)!.id);
}

/** The groups that ports are in when nothing is said: each project's own. */
async function learnDefaultGroups({ api, renaming }: Stage): Promise<void> {
  const { projects, pairs } = readRecording('security-groups');
  const [demo] = pairs.find(({ name }) => name === 'list name=default')!.response.body.security_groups;
  const [port] = readRecording('ports-admin-bound').pairs;
  for (const [project, recorded] of [
    [projects.demo, demo.id],
    [projects.admin, port!.response.body.port.security_groups[0]],
  ]) {
    const found = await api.expect('GET', `/v2.0/security-groups?name=default&project_id=${project}`);
    renaming.learn(recorded, found.security_groups[0].id);
    for (const rule of found.security_groups[0].security_group_rules) {
      const same = demo.security_group_rules.find(
        (one: Json) => one.direction === rule.direction && one.ethertype === rule.ethertype,
      );
      if (recorded === demo.id) renaming.learn(same.id, rule.id);
    }
  }
}
