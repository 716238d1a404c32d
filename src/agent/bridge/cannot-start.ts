/** The file says something that this host does not have: the agent must not start. One line, for people. */
export class CannotStart extends Error {
  readonly section: string;
  readonly option: string;

  constructor(section: string, optionName: string, reason: string) {
    super(`[${section}] ${optionName}: ${reason}`);
    this.name = 'CannotStart';
    this.section = section;
    this.option = optionName;
  }
}
