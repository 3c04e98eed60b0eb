import { hash } from 'node:crypto';

/** This project's own namespace, 16 bytes. Any would do, but it must never change. */
const namespace = 'projector\0films\0';

const variants = '89ab';

/**
 * The id of a thing that has a natural key: a UUID version 5 (https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5)
 * over the parts. The same parts always give the same id, which is why loading twice changes nothing.
 */
export function identity(...parts: readonly (string | number)[]): string {
  const hex = hash('sha1', namespace + parts.join('\0'));
  const variant = variants.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
