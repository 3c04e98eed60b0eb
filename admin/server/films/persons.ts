import { z } from 'zod';
import { person, type Person, type Stored } from '../../shared/rows.ts';
import { containing, paging, searchText, type Resource } from './resource.ts';

export type PersonRow = Person & Stored & { readonly film_count: number };

const filter = z.strictObject({
  ...paging,
  sort: z.enum(['full_name', 'birth_date', 'modified']).default('full_name'),
  q: searchText,
});

const columns = `
  id, full_name, birth_date, modified,
  (select count(distinct film_work_id)::int from content.person_film_work where person_id = person.id) as film_count`;

export const persons: Resource<Person, PersonRow, z.output<typeof filter>> = {
  name: 'persons',
  table: 'person',
  input: person,
  filter,
  columns,
  matching: '($1::text is null or full_name ilike $1)',
  parameters: ({ q }) => [containing(q)],
  // Of those who match, the names that begin so come first.
  order: ({ q, sort }) => (q ? `(full_name ilike substr($1, 2)) desc, ${sort}` : sort),

  async insert(query, { full_name, birth_date }) {
    const [row] = await query<{ id: string }>(
      'insert into content.person (full_name, birth_date) values ($1, $2) returning id',
      [full_name, birth_date],
    );
    return row?.id ?? '';
  },

  async update(query, personId, { full_name, birth_date }) {
    await query('update content.person set full_name = $2, birth_date = $3 where id = $1', [
      personId,
      full_name,
      birth_date,
    ]);
  },

  touches: (row) => row.id,
};
