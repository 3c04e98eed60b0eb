import type { ReactElement } from 'react';
import { Admin, Resource } from 'react-admin';
import MovieIcon from '@mui/icons-material/Movie';
import CategoryIcon from '@mui/icons-material/Category';
import PeopleIcon from '@mui/icons-material/People';
import { authProvider } from './auth-provider.ts';
import { dataProvider } from './data-provider.ts';
import { FilmCreate, FilmEdit, FilmList } from './films.tsx';
import { GenreCreate, GenreEdit, GenreList } from './genres.tsx';
import { i18nProvider } from './i18n.ts';
import { SiteLayout } from './layout.tsx';
import { PersonCreate, PersonEdit, PersonList } from './persons.tsx';
import { darkTheme, lightTheme } from './theme.ts';

export function Site(): ReactElement {
  return (
    <Admin
      title="Films"
      dataProvider={dataProvider}
      authProvider={authProvider}
      i18nProvider={i18nProvider}
      layout={SiteLayout}
      theme={lightTheme}
      darkTheme={darkTheme}
      requireAuth
      disableTelemetry
    >
      <Resource
        name="films"
        icon={MovieIcon}
        list={FilmList}
        edit={FilmEdit}
        create={FilmCreate}
        recordRepresentation="title"
      />
      <Resource
        name="persons"
        icon={PeopleIcon}
        list={PersonList}
        edit={PersonEdit}
        create={PersonCreate}
        recordRepresentation="full_name"
      />
      <Resource
        name="genres"
        icon={CategoryIcon}
        list={GenreList}
        edit={GenreEdit}
        create={GenreCreate}
        recordRepresentation="name"
      />
    </Admin>
  );
}
