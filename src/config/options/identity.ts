import { type AnyOption, declareOptions, type OptionExtras, option } from '../../lib/options.ts';

const authUrl = (help: string, more: Partial<OptionExtras<string | null>> = {}) =>
  option.maybe({ help, check: httpUrl, secret: 'url', ...more });

function httpUrl(url: string | null): string | null {
  return url === null || /^https?:\/\/[^\s/]+/.test(url) ? null : 'is no http(s):// URL';
}

/** keystoneauth's options, in every section that says how to reach another service. */
function sessionOptions() {
  return {
    auth_type: option.maybe({ help: 'how to get a token', deprecated: [{ name: 'auth_plugin' }] }),
    auth_section: option.maybe({ help: 'section that the options of authentication stand in instead' }),
    auth_url: authUrl('where Keystone gives tokens'),
    region_name: option.maybe({ help: 'region of the catalog' }),
    username: option.maybe({
      help: 'user to get a token for',
      deprecated: [{ name: 'user-name' }, { name: 'user_name' }, { name: 'admin_user' }],
    }),
    user_id: option.maybe({ help: 'that user, by id' }),
    password: option.maybe({ help: 'password of that user', secret: true, deprecated: [{ name: 'admin_password' }] }),
    token: option.maybe({ help: 'a token instead of a password', secret: true, deprecated: [{ name: 'admin_token' }] }),
    project_name: option.maybe({
      help: 'project of the token',
      deprecated: [{ name: 'tenant-name' }, { name: 'tenant_name' }, { name: 'admin_tenant_name' }],
    }),
    project_id: option.maybe({
      help: 'that project, by id',
      deprecated: [{ name: 'tenant-id' }, { name: 'tenant_id' }],
    }),
    project_domain_name: option.maybe({ help: 'domain of the project' }),
    project_domain_id: option.maybe({ help: 'domain of the project, by id' }),
    user_domain_name: option.maybe({ help: 'domain of the user' }),
    user_domain_id: option.maybe({ help: 'domain of the user, by id' }),
    default_domain_name: option.maybe({ help: 'domain of user and project where they name none' }),
    default_domain_id: option.maybe({ help: 'that domain, by id' }),
    domain_id: option.maybe({ help: 'domain that the token is for' }),
    domain_name: option.maybe({ help: 'that domain, by name' }),
    system_scope: option.maybe({ help: 'all: a token for the whole system' }),
    application_credential_id: option.maybe({ help: 'application credential instead of a password' }),
    application_credential_name: option.maybe({ help: 'that credential of the user, by name' }),
    application_credential_secret: option.maybe({ help: 'its secret', secret: true }),
    cafile: option.maybe({ help: 'certificates to trust' }),
    certfile: option.maybe({ help: 'certificate to show' }),
    keyfile: option.maybe({ help: 'key of that certificate' }),
    insecure: option.bool({ default: false, help: 'do not check the certificate of the other side' }),
    timeout: option.maybeInt({ help: 'seconds to wait for an answer', min: 0 }),
  } satisfies Record<string, AnyOption>;
}

/** keystonemiddleware's options. */
export const keystoneOptions = declareOptions('keystone_authtoken', {
  ...sessionOptions(),
  www_authenticate_uri: authUrl('where a client without a token is sent', { deprecated: [{ name: 'auth_uri' }] }),
  identity_uri: authUrl('where Keystone is, as very old files have it'),
  http_connect_timeout: option.maybeInt({ help: 'seconds to wait for Keystone', min: 1 }),
  memcached_servers: option.list({
    default: [],
    help: 'host:port of memcached servers for tokens',
    deprecated: [{ name: 'memcache_servers' }],
  }),
  memcache_security_strategy: option.string({
    default: 'None',
    choices: ['None', 'MAC', 'ENCRYPT'],
    help: 'whether cached tokens are signed or encrypted',
  }),
  memcache_secret_key: option.maybe({ help: 'key to sign or encrypt cached tokens with', secret: true }),
  token_cache_time: option.int({ default: 300, min: -1, help: 'seconds a token stays in the cache; -1: none does' }),
  service_token_roles: option.list({ default: ['service'], help: 'roles of a service token' }),
  service_token_roles_required: option.bool({ default: false, help: 'refuse service tokens without those roles' }),
  interface: option.string({ default: 'internal', help: 'endpoint of Keystone to use' }),
});

/** How Nova is told that a port works. */
export const novaOptions = declareOptions('nova', {
  ...sessionOptions(),
  endpoint_type: option.string({
    default: 'public',
    choices: ['public', 'admin', 'internal'],
    help: 'endpoint of Nova to use',
  }),
  endpoint_override: option.maybe({ help: 'where Nova is, whatever the catalog says', check: httpUrl, secret: 'url' }),
});

export const placementOptions = declareOptions('placement', {
  ...sessionOptions(),
  endpoint_type: option.string({
    default: 'public',
    choices: ['public', 'admin', 'internal'],
    help: 'endpoint of Placement to use',
  }),
});
