-- The login roles' passwords, from the environment and not from the command line, which everybody on the machine sees.
\getenv projector_password PROJECTOR_PASSWORD
\getenv films_admin_password FILMS_ADMIN_PASSWORD

alter role projector password :'projector_password';
alter role films_admin password :'films_admin_password';
