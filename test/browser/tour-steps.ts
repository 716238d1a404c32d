import type { MessageKey } from '../../dashboard/src/messages/all.ts';
import type { Screen } from '../support/browser.ts';
import type { DashboardHost } from '../support/dashboard.ts';
import { findGuest, type Guest } from '../support/guest.ts';
import { until } from '../support/wait.ts';

/** What somebody does with the mouse, each step as the page offers it; what is to be seen after it is waited for. */
export class Tour {
  readonly #screen: Screen;
  readonly #dashboard: DashboardHost;

  constructor(screen: Screen, dashboard: DashboardHost) {
    this.#screen = screen;
    this.#dashboard = dashboard;
  }

  /** A network with its subnet, from the first page. */
  async makeNetwork(name: string): Promise<void> {
    const screen = this.#screen;
    await screen.go('shell.home');
    await screen.button('network.title').click();
    await screen.type(screen.dialog.getByLabel(screen.text('network.name'), { exact: true }), name);
    await screen.picture('network-dialog');
    await screen.send();
    await screen.go('topology.title');
    await this.#screen.drawn(name, 'network', 'up').waitFor();
  }

  /** A security group. */
  async makeGroup(name: string): Promise<void> {
    const screen = this.#screen;
    await screen.go({ list: 'security_groups' });
    await screen.button('lists.create').click();
    await screen.type(screen.field('name'), name);
    await screen.send();
    await screen.page.getByRole('cell', { name, exact: true }).waitFor();
  }

  /**
   * A port of the network, and a guest plugged into it by the line that the page has for it. While the page looks on, the
   * guest boots and its port becomes ACTIVE.
   */
  async makeGuest(network: string, name: string, { group }: { group?: string } = {}): Promise<Guest> {
    const screen = this.#screen;
    await screen.go('topology.title');
    await this.#screen.drawn(network, 'network').click();
    await screen.button('topology.newPort').click();
    await screen.type(screen.field('name'), name);
    if (group) await screen.choose(screen.field('security_groups', 'combobox'), new RegExp(`^${group} `));
    await screen.send();
    await this.#screen.drawn(name, 'guest', 'down').waitFor();

    const { host } = this.#dashboard.one;
    await host.run(['sh', '-c', await this.#plugLine(name)]);
    const guest = await findGuest(host, name);
    const [address] = (await guest.addresses()) as [string];
    await this.#screen.drawn(name, 'guest', 'up').filter({ hasText: address }).waitFor();
    return guest;
  }

  /** A rule of a guest's group, from its panel and by one of the buttons of the form. */
  async letIn(guest: string, preset: 'forms.presetHttp'): Promise<void> {
    const screen = this.#screen;
    await screen.go('topology.title');
    await screen.drawn(guest, 'guest').click();
    const panel = screen.page.getByRole('complementary', { name: guest });
    await panel.getByRole('button', { name: screen.text('topology.openPortOf', { name: 'default' }) }).click();
    await screen.button(preset, screen.dialog).click();
    await screen.send();
    await screen.button('topology.closePanel').click();
  }

  /** The network `public` of this host, as README has it. Returns the address of the host there. */
  async makeOutside(name: string): Promise<string> {
    const screen = this.#screen;
    const { up } = this.#dashboard.one;
    const gateway = await until('the gateway', () => /gateway (172\.24\.\d+\.1)/.exec(up.output)?.[1]);
    await screen.go({ list: 'networks' });
    await screen.button('lists.create').click();
    await screen.type(screen.field('name'), name);
    await screen.dialog.getByRole('switch', { name: screen.attribute('router:external') }).click();
    await screen.button('forms.more', screen.dialog).click();
    await screen.type(screen.field('provider:network_type'), 'flat');
    await screen.type(screen.field('provider:physical_network'), 'public');
    await screen.send();
    await screen.go('topology.title');
    await this.#screen.drawn(name, 'external').click();
    await screen.button('topology.newSubnet').click();
    await screen.choose(screen.field('ip_version', 'combobox'), '4');
    await screen.type(screen.field('cidr'), gateway.replace(/1$/, '0/24'));
    await screen.send();
    await this.#screen
      .drawn(name, 'external')
      .filter({ hasText: gateway.replace(/1$/, '0/24') })
      .waitFor();
    return gateway;
  }

  /** A router with an interface in each network; an external one becomes its gateway. */
  async makeRouter(name: string, networks: readonly string[]): Promise<void> {
    const screen = this.#screen;
    await screen.go('topology.title');
    await screen.button('topology.newRouter').click();
    await screen.type(screen.field('name'), name);
    await screen.send();
    for (const network of networks) {
      await this.#screen.drawn(name, 'router').click();
      await screen.button('topology.join').click();
      const field = screen.dialog.getByRole('combobox', { name: screen.text('topology.network'), exact: true });
      await screen.choose(field, new RegExp(`${network}$`));
      await screen.send('topology.join');
    }
    await this.#screen.drawn(name, 'router', 'up').waitFor();
  }

  /** Returns the address by which a guest is reached from outside. */
  async giveFloatingIp(guest: string, network: string): Promise<string> {
    const screen = this.#screen;
    await this.#screen.drawn(guest, 'guest').click();
    await screen.button('topology.newFloating').click();
    await screen.choose(screen.field('floating_network_id', 'combobox'), new RegExp(`^${network} `));
    await screen.send();
    const box = this.#screen.drawn(guest, 'guest').filter({ hasText: '☁' });
    await screen.picture('topology-bars');
    return /172\.24\.\d+\.\d+/.exec((await box.textContent())!)![0];
  }

  /** What is told of a packet's way, found by the names of two guests. */
  async trace(from: string, to: string, port: number, { mend = false } = {}): Promise<string> {
    const screen = this.#screen;
    await screen.drawn(from, 'guest').click();
    const panel = screen.page.getByRole('complementary', { name: from });
    await screen.button('topology.traceFromHere', panel).click();
    const form = screen.page.getByRole('region', { name: screen.text('topology.trace') });
    const field = (key: MessageKey, role: 'textbox' | 'combobox') =>
      form.getByRole(role, { name: screen.text(key), exact: true });
    await screen.choose(field('topology.traceToGuest', 'combobox'), new RegExp(`^${to} 10\\.`));
    await screen.type(field('topology.portNumber', 'textbox'), String(port));
    await screen.button('topology.follow', form).click();
    await screen.button('topology.forget', form).waitFor();
    await form
      .getByRole('link', { name: / default$/ })
      .first()
      .waitFor();
    const told = await form.innerText();
    await screen.picture('trace');
    if (mend) {
      const what = screen.one('security_group_rules', 'security_group_rule');
      await screen.button('topology.mendMake', form, { what }).click();
      await screen.send();
      await form
        .getByRole('alert')
        .filter({ hasText: screen.text('topology.arrives') })
        .waitFor();
    }
    await screen.button('topology.forget', form).click();
    await screen.button('topology.closePanel').click();
    return told;
  }

  /** What is told of a guest's port: what should be beside what is. */
  async explain(name: string): Promise<string> {
    const screen = this.#screen;
    await this.#screen.drawn(name, 'guest').click();
    const panel = screen.page.getByRole('complementary', { name });
    await screen.button('topology.why', panel).click();
    await panel.getByText(screen.text('underneath.allWell')).waitFor();
    await screen.picture('explain');
    return await panel.innerText();
  }

  /** The same as a graph, in the dark. */
  async showGraph(names: readonly string[]): Promise<void> {
    const screen = this.#screen;
    await screen.go('topology.title');
    await screen.button('shell.dark').click();
    await screen.page.getByText(screen.text('topology.graph'), { exact: true }).click();
    for (const name of names) await screen.page.locator('.react-flow__node').filter({ hasText: name }).waitFor();
    await screen.picture('topology-graph', 'zh');
  }

  guest(name: string): Promise<Guest> {
    return findGuest(this.#dashboard.one.host, name);
  }

  /** The line that the panel of a guest has for it, copied by its button. */
  async #plugLine(name: string): Promise<string> {
    const screen = this.#screen;
    await screen.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await screen.drawn(name, 'guest').click();
    const note = screen.page.getByRole('alert').filter({ hasText: screen.text('underneath.plug') });
    await note.getByRole('button', { name: screen.text('shell.copy') }).click();
    await note.getByText(screen.text('shell.copied')).waitFor();
    return await screen.page.evaluate('navigator.clipboard.readText()');
  }
}
