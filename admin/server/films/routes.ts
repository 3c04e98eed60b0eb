import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { id, version, type Stored } from '../../shared/rows.ts';
import type { Database, Query } from '../database.ts';
import { parse } from '../parse.ts';
import { listRows, lockRow, notFound, readRows, rowIds, type Page, type Resource } from './resource.ts';

const one = z.strictObject({ id });
const many = z.strictObject({
  ids: z
    .string()
    .max(4_000)
    .transform((text) => text.split(','))
    .pipe(rowIds),
});
const several = z.strictObject({ ids: rowIds });
const atVersion = z.strictObject({ modified: version });
/** A row as it is to be, with the version that it was made from. */
const edited = z.looseObject({ modified: version }).transform(({ modified, ...row }) => ({ modified, row }));

/** List, read, create, change and delete of one kind of row, under `/api/admin/<name>`. */
export function addResourceRoutes<Input extends object, Row extends Stored, Filter extends Page>(
  app: FastifyInstance,
  database: Database,
  resource: Resource<Input, Row, Filter>,
): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const url = `/api/admin/${resource.name}`;

  const readOne = async (query: Query, rowId: string): Promise<Row> => {
    const [row] = await readRows(query, resource, [rowId]);
    if (row === undefined) throw notFound();
    return row;
  };

  const removeAll = (query: Query, ids: readonly string[]): Promise<object[]> =>
    query(`delete from content.${resource.table} where id = any ($1::uuid[])`, [ids]);

  routes.get(url, { schema: { querystring: resource.filter } }, ({ query }) =>
    listRows(database.query, resource, query as Filter),
  );

  routes.get(`${url}/some`, { schema: { querystring: many } }, ({ query }) =>
    readRows(database.query, resource, query.ids),
  );

  routes.get(`${url}/:id`, { schema: { params: one } }, ({ params }) => readOne(database.query, params.id));

  routes.post(url, { schema: { body: resource.input } }, async ({ body }, reply) => {
    const row = await database.edit(async (query, touch) => {
      const created = await readOne(query, await resource.insert(query, body as Input));
      touch(resource.touches(created));
      return created;
    });
    return reply.code(201).send(row);
  });

  routes.put(`${url}/:id`, { schema: { params: one, body: edited } }, ({ params, body }) => {
    const input = parse(resource.input, body.row);
    return database.edit(async (query, touch) => {
      await lockRow(query, resource.table, params.id, body.modified);
      touch(resource.touches(await readOne(query, params.id)));
      await resource.update(query, params.id, input);
      const changed = await readOne(query, params.id);
      touch(resource.touches(changed));
      return changed;
    });
  });

  routes.delete(
    `${url}/:id`,
    { schema: { params: one, querystring: atVersion } },
    async ({ params, query: { modified } }, reply) => {
      await database.edit(async (query, touch) => {
        await lockRow(query, resource.table, params.id, modified);
        touch(resource.touches(await readOne(query, params.id)));
        await removeAll(query, [params.id]);
      });
      return reply.code(204).send();
    },
  );

  // Those of a list that are marked: whoever marks rows in a list has not read them.
  routes.post(`${url}/delete`, { schema: { body: several } }, async ({ body: { ids } }, reply) => {
    await database.edit(async (query, touch) => {
      touch(...(await readRows(query, resource, ids)).map((row) => resource.touches(row)));
      await removeAll(query, ids);
    });
    return reply.code(204).send();
  });
}
