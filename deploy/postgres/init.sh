#!/bin/sh
# Creates the films' roles, schema, grants and publication, and gives the roles their passwords. The image runs it at
# the first start, on an empty volume. It is idempotent: to apply a newer sql/ or new passwords to a database that is
# there already,
#   docker compose exec postgres /docker-entrypoint-initdb.d/init.sh
# Reads POSTGRES_USER, POSTGRES_DB, PROJECTOR_PASSWORD and FILMS_ADMIN_PASSWORD, and psql's own variables. A password may
# come as a file instead, as in PROJECTOR_PASSWORD_FILE.
set -e

[ -z "$PROJECTOR_PASSWORD_FILE" ] || PROJECTOR_PASSWORD=$(cat "$PROJECTOR_PASSWORD_FILE")
[ -z "$FILMS_ADMIN_PASSWORD_FILE" ] || FILMS_ADMIN_PASSWORD=$(cat "$FILMS_ADMIN_PASSWORD_FILE")
export PROJECTOR_PASSWORD FILMS_ADMIN_PASSWORD

# Without the notices of what is there already.
export PGOPTIONS='--client-min-messages=warning'

for file in "${FILMS_DIRECTORY:-/films}"/sql/*.sql "${FILMS_DIRECTORY:-/films}"/passwords.sql; do
  echo "init: $file"
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --file "$file"
done
