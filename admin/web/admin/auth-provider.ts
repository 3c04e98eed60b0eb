import type { AuthProvider, UserIdentity } from 'react-admin';
import { request } from './request.ts';

/** Who has logged in, as far as this page knows; undefined when it has to ask. */
let identity: UserIdentity | undefined;

async function whoAmI(): Promise<UserIdentity> {
  return (identity ??= toIdentity(await request('GET', '/session')));
}

function toIdentity(account: unknown): UserIdentity {
  const { id, name } = account as { id: string; name: string };
  return { id, fullName: name };
}

export const authProvider: AuthProvider = {
  login: async ({ username, password }: { username: string; password: string }) => {
    identity = toIdentity(await request('POST', '/login', { name: username, password }));
  },
  logout: async () => {
    const known = identity !== undefined;
    identity = undefined;
    // One that has ended already needs no ending.
    if (known) await request('POST', '/logout').catch(() => undefined);
  },
  checkAuth: async () => {
    await whoAmI();
  },
  checkError: ({ status }: { status?: number }) => {
    if (status !== 401) return Promise.resolve();
    identity = undefined;
    return Promise.reject(new Error('site.errors.login_required'));
  },
  getIdentity: whoAmI,
  getPermissions: () => Promise.resolve(),
};

/** Ends every session of this administrator, this one included. */
export async function logOutEverywhere(): Promise<void> {
  await request('POST', '/logout-everywhere');
  identity = undefined;
}
