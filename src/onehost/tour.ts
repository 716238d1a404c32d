import { showAgents } from './tour/agents.ts';
import { cleanUp } from './tour/clean-up.ts';
import { giveAddresses } from './tour/first-network.ts';
import { Narrator, TourFailed } from './tour/narrator.ts';
import { showWorld } from './tour/out-into-the-world.ts';
import { Stage } from './tour/stage.ts';
import { showTwoFlatNetworks } from './tour/two-flat-networks.ts';
import { showTwoHosts } from './tour/two-hosts.ts';
import { lookUnderneath } from './tour/underneath.ts';
import { showVlan } from './tour/vlan.ts';
import { showWhoMayTalk } from './tour/who-may-talk.ts';

/**
 * `neutrino tour`: how networks come into being, from the API to the host, on emulated hosts. Every command is run for
 * real and its true answer printed; a step that does not come out as said ends the tour with exit code 1. The machine's own
 * network is not touched.
 */
export async function runTour({
  write = (text: string) => void process.stdout.write(text),
  colour = process.stdout.isTTY === true,
  programs,
}: {
  write?: (text: string) => void;
  colour?: boolean;
  /** The folder of executables (`bin`). */
  programs: string;
}): Promise<number> {
  if (process.getuid?.() !== 0) {
    write('The tour makes emulated hosts from network namespaces, and that needs root: sudo npm run tour\n');
    return 1;
  }
  const narrator = new Narrator({ write, colour, env: environment(programs) });
  const stage = await Stage.open(programs);
  try {
    narrator.say(
      'Two emulated hosts, made of namespaces: nothing of this machine is touched. Every command below is run now, for real.',
    );
    await stage.start(narrator);
    const guests = await giveAddresses(stage, narrator);
    await lookUnderneath(stage, narrator, guests);
    await showWhoMayTalk(stage, narrator, guests);
    await showWorld(stage, narrator, guests);
    await showAgents(stage, narrator);
    await showTwoHosts(stage, narrator, guests);
    await showTwoFlatNetworks(stage, narrator);
    await showVlan(stage, narrator);
    await cleanUp(stage, narrator);
    narrator.say(`The end: ${narrator.checks} things were said and came out so.`);
    return 0;
  } catch (error) {
    if (!(error instanceof TourFailed)) throw error;
    write(`\nThis did not come out as said: ${error.message}\n`);
    write(`\n${stage.lastWords()}\n`);
    return 1;
  } finally {
    await stage.close();
  }
}

/** What the programs print at the start of `neutrino up`, for both clients. */
function environment(programs: string): Record<string, string> {
  return {
    PATH: `${programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    OS_AUTH_TYPE: 'none',
    OS_ENDPOINT: 'http://127.0.0.1:9696',
    OS_URL: 'http://127.0.0.1:9696',
  };
}
