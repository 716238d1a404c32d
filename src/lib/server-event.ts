/** What Nova is told of one port of a server (Compute API, `POST /os-server-external-events`). */
export interface ServerEvent {
  readonly name: 'network-vif-plugged' | 'network-vif-unplugged' | 'network-vif-deleted' | 'network-changed';
  readonly server_uuid: string;
  /** The port. */
  readonly tag: string;
  /** Of plugged and unplugged only. */
  readonly status?: 'completed' | 'failed';
}
