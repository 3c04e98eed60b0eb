export const usage = `Loads films into the database that Projector follows.

  npm run load -- films                            about 3,800 real films with directors, genres and ratings
  npm run load -- generated --films N [--seed S]   N invented films with invented people
  npm run load -- ndjson FILE                      films of your own
  npm run load -- sqlite PATH                      an older SQLite database of films

Everything is loaded in one transaction, or nothing is. What the database has already is left as it is, so loading
twice changes nothing.

  --films N            generated: how many films
  --seed S             generated: a whole number, 1 unless given; another one gives other films
  --database-url URL   where to load to, with a role that may write the films' tables
  --help               this

Without --database-url: the variable ADMIN_DATABASE_URL, else the one that \`make stack\` wrote into .stack/env.

ndjson: one film a line, as plain or gzipped UTF-8:
  {"title": "Metropolis", "year": 1927, "genres": ["Drama"], "cast": ["Brigitte Helm"], "rating": 8.3, "director": "Fritz Lang"}
  Title and year are needed. The same name is the same genre or person. Every line is a film: a second line of the
  same title and year is a second film. Further fields are left out.

sqlite: the tables film_work, genre, person, genre_film_work and person_film_work, with created_at and updated_at for
  the times (UTC where they name no zone). Columns that are missing or null stay empty, except ids, titles, names and
  what a link links. If anything cannot be loaded, up to 20 faults are listed with table, row and column.
`;
