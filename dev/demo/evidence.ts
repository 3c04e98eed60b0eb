import type { estypes } from '@elastic/elasticsearch';

/** What a search finds once an edit has arrived: so many documents of an index. */
export interface Evidence {
  readonly index: 'movies' | 'persons' | 'genres';
  readonly query: estypes.QueryDslQueryContainer;
  readonly count: number;
}

type Query = estypes.QueryDslQueryContainer;

const all = (...filter: Query[]): Query => ({ bool: { filter } });

/** A list of objects in a document has one of which the query holds. */
const some = (path: string, query: Query): Query => ({ nested: { path, query } });

const phrase = (field: string, text: string): Query => ({ match_phrase: { [field]: text } });

/** The film itself and everybody who has to do with it have its title. */
export function filmIsCalled(film: string, title: string, people: number): Evidence[] {
  return [
    { index: 'movies', query: all({ ids: { values: [film] } }, { term: { 'title.raw': title } }), count: 1 },
    ...(people === 0
      ? []
      : [
          {
            index: 'persons',
            query: some('films', all({ term: { 'films.id': film } }, phrase('films.title', title))),
            count: people,
          } as const,
        ]),
  ];
}

/** So many films, and so many people with such a film, have the words in a title. */
export function titlesSay(words: string, films: number, people: number): Evidence[] {
  return [
    { index: 'movies', query: phrase('title', words), count: films },
    { index: 'persons', query: some('films', phrase('films.title', words)), count: people },
  ];
}

/** The person and so many films have the name. */
export function personIsCalled(person: string, name: string, films: number): Evidence[] {
  const inRole = (role: string): Query =>
    some(role, all({ term: { [`${role}.id`]: person } }, phrase(`${role}.name`, name)));
  const should = ['actors', 'writers', 'directors'].map(inRole);
  return [
    {
      index: 'persons',
      query: all({ ids: { values: [person] } }, { term: { 'full_name.raw': name } }),
      count: 1,
    },
    { index: 'movies', query: { bool: { should } }, count: films },
  ];
}

/** Whether the film is of the genre. */
export function filmIsOf(genre: string, film: string, isOf: boolean): Evidence {
  return {
    index: 'movies',
    query: all({ ids: { values: [film] } }, { term: { genres: genre } }),
    count: isOf ? 1 : 0,
  };
}

/** The genre counts so many films. */
export function genreCounts(genre: string, films: number): Evidence {
  return {
    index: 'genres',
    query: all({ term: { 'name.raw': genre } }, { term: { film_count: films } }),
    count: 1,
  };
}

/** The film is nowhere any more. */
export function filmIsGone(film: string): Evidence[] {
  return [
    { index: 'movies', query: { ids: { values: [film] } }, count: 0 },
    { index: 'persons', query: some('films', { term: { 'films.id': film } }), count: 0 },
  ];
}
