import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Passwords as scrypt makes them, in the PHC string format: `$scrypt$ln=15,r=8,p=3$salt$hash`, base64 without padding.
 * One verification takes 32 MiB and about a tenth of a second.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
 */

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
const cost = { ln: 15, r: 8, p: 3 };
const saltBytes = 16;
const hashBytes = 32;

export const minPasswordLength = 12;
export const maxPasswordLength = 256;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await deriveKey(password, salt, cost, hashBytes);
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${encode(salt)}$${encode(hash)}`;
}

/** Whether the password is the one of the stored text. Without a text it takes as long, and is not. */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, ln, r, p, salt = '', hash = ''] =
    /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(stored ?? '') ?? [];
  const expected = hash === '' ? Buffer.alloc(hashBytes) : Buffer.from(hash, 'base64');
  const parameters = hash === '' ? cost : { ln: Number(ln), r: Number(r), p: Number(p) };
  const derived = await deriveKey(password, Buffer.from(salt, 'base64'), parameters, expected.length);
  return timingSafeEqual(derived, expected) && hash !== '';
}

function deriveKey(
  password: string,
  salt: Buffer,
  { ln, r, p }: typeof cost,
  length: number,
): Promise<Buffer> {
  const N = 2 ** ln;
  return derive(password.normalize('NFKC'), salt, length, { N, r, p, maxmem: 128 * N * r * 2 });
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
