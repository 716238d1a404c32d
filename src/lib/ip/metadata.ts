/** Where guests ask for their metadata (EC2's link-local address, which Nova took over): nobody else may have it. */
export const METADATA_ADDRESS = '169.254.169.254';
