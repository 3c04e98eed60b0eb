import type { IncomingHttpHeaders } from 'node:http';
import { isAddress } from '../shared/is-address.ts';

/**
 * Whether the `Host` of a request is one by which only whoever runs this can have meant it: an address, a name without a
 * dot, or one of `names`. A page of another site whose name was made to lead here (DNS rebinding) comes by its own name.
 * Where there is no `Host`, there is no browser.
 */
export function isOwnHost(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return true;
  const name = URL.parse(`http://${host}`)?.hostname;
  if (name === undefined) return false;
  return isAddress(name) || !name.includes('.') || name.endsWith('.localhost') || names.includes(name);
}

/**
 * Whether a browser says that a page of another origin has made the request. What is no browser says nothing, and is
 * believed: it could say anything.
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
export function isCrossOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  // Browsers leave it out where the page came by plain HTTP from elsewhere than loopback.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return headers.origin !== undefined && URL.parse(headers.origin)?.host !== headers.host;
}
