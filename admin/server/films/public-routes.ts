import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { filmTypes } from '../../shared/limits.ts';
import { id } from '../../shared/rows.ts';
import type { Query } from '../database.ts';
import { notFound } from './resource.ts';

const perPage = 50;

const movie = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  creation_date: z.string().nullable(),
  rating: z.number().nullable(),
  type: z.enum(filmTypes).nullable(),
  genres: z.array(z.string()),
  actors: z.array(z.string()),
  directors: z.array(z.string()),
  writers: z.array(z.string()),
});

const movies = z.object({
  count: z.number(),
  total_pages: z.number(),
  prev: z.number().nullable(),
  next: z.number().nullable(),
  results: z.array(movie),
});

const wanted = z.strictObject({
  page: z
    .literal('last')
    .or(z.coerce.number().int().min(1).max(1_000_000))
    .default(1)
    .meta({ description: 'From 1, or `last`' }),
});

const namesInRole = (role: string): string => `
  array(
    select full_name
      from content.person_film_work
      join content.person on person.id = person_id
     where film_work_id = film_work.id and role = '${role}'
     order by full_name, person_id
  )`;

const columns = `
  id, title, description, creation_date, rating, type,
  array(
    select name
      from content.genre_film_work
      join content.genre on genre.id = genre_id
     where film_work_id = film_work.id
     order by name
  ) as genres,
  ${namesInRole('actor')} as actors,
  ${namesInRole('director')} as directors,
  ${namesInRole('writer')} as writers`;

/** The films for everybody to read, as the system before this one gave them. */
export function addPublicRoutes(app: FastifyInstance, query: Query): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  const config = { open: true };
  const tags = ['movies'];

  routes.get(
    '/api/v1/movies/',
    {
      config,
      schema: {
        tags,
        summary: `Films by title, ${perPage} a page`,
        querystring: wanted,
        response: { 200: movies },
      },
    },
    async (request) => {
      const [counted] = await query<{ count: number }>('select count(*)::int from content.film_work');
      const count = counted?.count ?? 0;
      const totalPages = Math.max(1, Math.ceil(count / perPage));
      const page = request.query.page === 'last' ? totalPages : request.query.page;
      if (page > totalPages) throw notFound();
      const results = await query<z.output<typeof movie>>(
        `select ${columns}
           from (select id from content.film_work order by title, id limit $1 offset $2) as page
           join content.film_work using (id)
          order by title, id`,
        [perPage, (page - 1) * perPage],
      );
      return {
        count,
        total_pages: totalPages,
        prev: page > 1 ? page - 1 : null,
        next: page < totalPages ? page + 1 : null,
        results,
      };
    },
  );

  routes.get(
    '/api/v1/movies/:id/',
    {
      config,
      schema: { tags, summary: 'One film', params: z.strictObject({ id }), response: { 200: movie } },
    },
    async ({ params }) => {
      const [found] = await query<z.output<typeof movie>>(
        `select ${columns} from content.film_work where id = $1`,
        [params.id],
      );
      if (found === undefined) throw notFound();
      return found;
    },
  );
}
