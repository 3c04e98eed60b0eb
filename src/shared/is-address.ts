import { isIP } from 'node:net';

/** Whether the host name of a URL is an IP address, which stands in brackets there where it is one of IPv6. */
export function isAddress(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}
