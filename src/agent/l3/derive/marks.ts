/** Lower half of a packet's mark: what kind of packet it is. */
export function routerMark(text: string): string {
  return `0x${(Number(text) & 0xffff).toString(16)}/0xffff`;
}
