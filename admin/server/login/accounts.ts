import { z } from 'zod';
import type { Query } from '../database.ts';
import { hashPassword, maxPasswordLength, minPasswordLength } from './passwords.ts';

export interface Account {
  readonly id: string;
  readonly name: string;
}

export const accountName = z.string().regex(/^[\p{L}\p{N}._-]{1,64}$/u);
const newPassword = z.string().min(minPasswordLength).max(maxPasswordLength);

/** @throws Error when the name or the password will not do, or the name is taken. */
export async function createAccount(query: Query, name: string, password: string): Promise<Account> {
  if (!accountName.safeParse(name).success) {
    throw new Error('A name is 1 to 64 letters, digits, dots, hyphens and underscores.');
  }
  const [account] = await query<Account>(
    `insert into site.administrator (name, password_hash)
     values ($1, $2)
     on conflict (name) do nothing
     returning id, name`,
    [name, await hashNewPassword(password)],
  );
  if (account === undefined) throw new Error(`There is an administrator ${name} already.`);
  return account;
}

/** @throws Error when there is no such administrator, or the password will not do. */
export async function setPassword(query: Query, name: string, password: string): Promise<Account> {
  const hash = await hashNewPassword(password);
  return existing(
    name,
    await query<Account>(
      'update site.administrator set password_hash = $2 where name = $1 returning id, name',
      [name, hash],
    ),
  );
}

/** @throws Error when there is no such administrator. */
export async function deleteAccount(query: Query, name: string): Promise<Account> {
  return existing(
    name,
    await query<Account>('delete from site.administrator where name = $1 returning id, name', [name]),
  );
}

export async function findAccount(
  query: Query,
  name: string,
): Promise<(Account & { readonly password_hash: string }) | undefined> {
  const [account] = await query<Account & { password_hash: string }>(
    'select id, name, password_hash from site.administrator where name = $1',
    [name],
  );
  return account;
}

function existing(name: string, [account]: readonly Account[]): Account {
  if (account === undefined) throw new Error(`There is no administrator ${name}.`);
  return account;
}

async function hashNewPassword(password: string): Promise<string> {
  if (!newPassword.safeParse(password).success) {
    throw new Error(`A password has ${minPasswordLength} to ${maxPasswordLength} characters.`);
  }
  return hashPassword(password);
}
