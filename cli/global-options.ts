import { type Command, Option } from 'commander';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Values of the options below, by the names commander gives them: text, but for flags. */
export type GlobalOptions = Readonly<Record<string, unknown>>;

/** What `auth` of clouds.yaml holds: option `--os-project-name`, variable `OS_PROJECT_NAME`. */
export const authNames = [
  'auth_url',
  'username',
  'user_id',
  'password',
  'token',
  'project_name',
  'project_id',
  'project_domain_name',
  'project_domain_id',
  'user_domain_name',
  'user_domain_id',
  'default_domain_name',
  'default_domain_id',
  'domain_id',
  'domain_name',
  'system_scope',
  'application_credential_id',
  'application_credential_name',
  'application_credential_secret',
] as const;

export type AuthName = (typeof authNames)[number];

const helped: Readonly<Partial<Record<AuthName, string>>> = {
  auth_url: 'address of Keystone',
  username: 'who signs in',
  password: 'password',
  token: 'a token instead of a password',
  project_name: 'project to work in',
};

/**
 * Where the API is and who asks; the same for every command, before or behind its name. The oldest client's `--service-type`
 * and `--endpoint-type` are not among them: behind a command they are its attributes.
 */
export function addGlobalOptions(command: Command): Command {
  const options = [
    new Option('--os-cloud <cloud>', 'cloud of clouds.yaml (OS_CLOUD)'),
    new Option('--os-auth-type <type>', 'password, token, v3applicationcredential, admin_token, none (OS_AUTH_TYPE)'),
    new Option('--os-auth-strategy <type>', 'the same, older: noauth, keystone').hideHelp(),
    ...authNames.map((name) => {
      const help = helped[name];
      const option = new Option(
        `--os-${name.replaceAll('_', '-')} <value>`,
        help && `${help} (OS_${name.toUpperCase()})`,
      );
      return help ? option : option.hideHelp();
    }),
    new Option('--os-tenant-name <name>', 'the same as --os-project-name, older').hideHelp(),
    new Option('--os-tenant-id <id>', 'the same as --os-project-id, older').hideHelp(),
    new Option('--os-region-name <region>', 'which endpoint of the catalog (OS_REGION_NAME)'),
    new Option('--os-interface <interface>', 'public, internal or admin (OS_INTERFACE)'),
    new Option('--os-endpoint-type <interface>', 'the same, older').hideHelp(),
    new Option('--os-service-type <type>', 'network, if not told otherwise').hideHelp(),
    new Option('--os-endpoint <url>', 'address of the API, instead of the catalog (OS_ENDPOINT or OS_URL)'),
    new Option('--os-endpoint-override <url>', 'the same').hideHelp(),
    new Option('--os-url <url>', 'the same, older').hideHelp(),
    new Option('--os-cacert <file>', 'certificate authority of https addresses (OS_CACERT)'),
    new Option('--os-cert <file>', 'our certificate (OS_CERT)').hideHelp(),
    new Option('--os-key <file>', 'its key (OS_KEY)').hideHelp(),
    new Option('--insecure', 'accept any certificate'),
    new Option('--http-timeout <seconds>', 'how long an answer may take'),
    new Option('--debug', 'print requests and answers'),
    new Option('-v, --verbose', 'the same').hideHelp(),
    new Option('-q, --quiet', 'as always').hideHelp(),
  ];
  for (const option of options) command.addOption(option);
  return command;
}
