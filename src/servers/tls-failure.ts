/** Broken on the way, or refused for a reason of the moment. */
const PASSING = /bad record mac|internal error|unexpected eof/i;

/**
 * Whether a connection failed because the two sides do not agree on TLS, so that another attempt fails likewise: the
 * certificate is not trusted or is another host's, or the server speaks no TLS. By the words of OpenSSL and Node, since
 * Elasticsearch's client passes on these alone.
 */
export function isTlsFailure({ message }: Error): boolean {
  return /certificate|:SSL routines:|does not support SSL/i.test(message) && !PASSING.test(message);
}
