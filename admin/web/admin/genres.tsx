import { Typography } from '@mui/material';
import type { ReactElement } from 'react';
import {
  BulkDeleteButton,
  Create,
  Datagrid,
  DateField,
  List,
  NumberField,
  SearchInput,
  SimpleList,
  TextField,
  TextInput,
  useTranslate,
  type RaRecord,
} from 'react-admin';
import { genre } from '../../shared/rows.ts';
import { CarefulEdit, CheckedForm, EditToolbar, FilmsOf, useIsSmall } from './parts.tsx';
import { resolverOf } from './resolver.ts';

const filters = [<SearchInput key="q" source="q" alwaysOn />];
const resolver = resolverOf(genre);

export function GenreList(): ReactElement {
  const small = useIsSmall();
  return (
    <List filters={filters} sort={{ field: 'name', order: 'ASC' }} perPage={25} exporter={false}>
      {small ? (
        <SimpleList
          primaryText={(row: RaRecord) => String(row['name'])}
          tertiaryText={(row: RaRecord) => String(row['film_count'])}
          rowClick="edit"
        />
      ) : (
        <Datagrid rowClick="edit" bulkActionButtons={<BulkDeleteButton mutationMode="pessimistic" />}>
          <TextField source="name" />
          <TextField source="description" sortable={false} />
          <NumberField source="film_count" />
          <DateField source="modified" showTime />
        </Datagrid>
      )}
    </List>
  );
}

export function GenreEdit(): ReactElement {
  const translate = useTranslate();
  return (
    <CarefulEdit>
      <CheckedForm resolver={resolver} toolbar={<EditToolbar />}>
        <GenreFields />
        <Typography variant="h6" component="h2" sx={{ mt: 2 }}>
          {translate('site.films')}
        </Typography>
        <FilmsOf target="genre" />
      </CheckedForm>
    </CarefulEdit>
  );
}

export function GenreCreate(): ReactElement {
  return (
    <Create redirect="edit">
      <CheckedForm resolver={resolver} defaultValues={{ name: '', description: null }}>
        <GenreFields />
      </CheckedForm>
    </Create>
  );
}

function GenreFields(): ReactElement {
  return (
    <>
      <TextInput source="name" required />
      <TextInput source="description" multiline minRows={3} />
    </>
  );
}
