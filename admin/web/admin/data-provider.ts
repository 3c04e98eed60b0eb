import type { DataProvider, GetListResult, Identifier, RaRecord } from 'react-admin';
import { request } from './request.ts';

interface Page {
  readonly rows: RaRecord[];
  readonly total: number;
}

/** The site's API as react-admin asks for data. */
export const dataProvider = {
  getList: (resource, { pagination, sort, filter }) => list(resource, pagination, sort, filter as object),
  getManyReference: (resource, { target, id, pagination, sort, filter }) =>
    list(resource, pagination, sort, { ...(filter as object), [target]: id }),
  getOne: async (resource, { id }) => ({ data: await request('GET', `/${resource}/${id}`) }),
  getMany: async (resource, { ids }) => ({ data: await some(resource, ids) }),
  create: async (resource, { data }) => ({ data: await request('POST', `/${resource}`, data) }),
  update: async (resource, { id, data }) => ({
    data: await request('PUT', `/${resource}/${id}`, editable(data)),
  }),
  delete: async (resource, { id, previousData }) => {
    const modified = String((previousData as RaRecord | undefined)?.['modified']);
    await request('DELETE', `/${resource}/${id}?${new URLSearchParams({ modified })}`);
    return { data: previousData };
  },
  deleteMany: async (resource, { ids }) => {
    await request('POST', `/${resource}/delete`, { ids });
    return { data: ids };
  },
  updateMany: () => Promise.reject(new Error('Nothing changes many rows at once.')),
} as DataProvider;

async function list(
  resource: string,
  pagination: { page: number; perPage: number } | undefined,
  sort: { field: string; order: string } | undefined,
  filter: object,
): Promise<GetListResult> {
  const parameters = new URLSearchParams();
  parameters.set('page', String(pagination?.page ?? 1));
  parameters.set('per_page', String(Math.min(pagination?.perPage ?? 25, 100)));
  if (sort !== undefined && sort.field !== 'id') {
    parameters.set('sort', sort.field);
    parameters.set('order', sort.order.toLowerCase());
  }
  for (const [name, value] of Object.entries(filter) as [string, unknown][]) {
    if (typeof value === 'string' || typeof value === 'number') parameters.set(name, String(value));
  }
  const { rows, total } = (await request('GET', `/${resource}?${parameters}`)) as Page;
  return { data: rows, total };
}

/** As many at once as an address has room for. */
const atOnce = 100;

async function some(resource: string, ids: readonly Identifier[]): Promise<RaRecord[]> {
  const parts = Array.from({ length: Math.ceil(ids.length / atOnce) }, (_, part) =>
    ids.slice(part * atOnce, (part + 1) * atOnce),
  );
  const found = await Promise.all(
    parts.map((part) => request('GET', `/${resource}/some?ids=${part.join(',')}`) as Promise<RaRecord[]>),
  );
  return found.flat();
}

/** A row without what an editor does not write, nor those fields. */
export function editable(row: object, ...others: readonly string[]): object {
  const left = ['id', 'film_count', ...others];
  return Object.fromEntries(Object.entries(row).filter(([name]) => !left.includes(name)));
}
