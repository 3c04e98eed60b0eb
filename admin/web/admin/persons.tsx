import { Typography } from '@mui/material';
import type { ReactElement } from 'react';
import {
  BulkDeleteButton,
  Create,
  Datagrid,
  DateField,
  DateInput,
  List,
  NumberField,
  SearchInput,
  SimpleList,
  TextField,
  TextInput,
  useTranslate,
  type RaRecord,
} from 'react-admin';
import { person } from '../../shared/rows.ts';
import { CarefulEdit, CheckedForm, EditToolbar, FilmsOf, useIsSmall } from './parts.tsx';
import { resolverOf } from './resolver.ts';

const filters = [<SearchInput key="q" source="q" alwaysOn />];
const resolver = resolverOf(person);

export function PersonList(): ReactElement {
  const small = useIsSmall();
  return (
    <List filters={filters} sort={{ field: 'full_name', order: 'ASC' }} perPage={25} exporter={false}>
      {small ? (
        <SimpleList
          primaryText={(row: RaRecord) => String(row['full_name'])}
          tertiaryText={(row: RaRecord) => String(row['film_count'])}
          rowClick="edit"
        />
      ) : (
        <Datagrid rowClick="edit" bulkActionButtons={<BulkDeleteButton mutationMode="pessimistic" />}>
          <TextField source="full_name" />
          <DateField source="birth_date" options={{ timeZone: 'UTC' }} />
          <NumberField source="film_count" sortable={false} />
          <DateField source="modified" showTime />
        </Datagrid>
      )}
    </List>
  );
}

export function PersonEdit(): ReactElement {
  const translate = useTranslate();
  return (
    <CarefulEdit>
      <CheckedForm resolver={resolver} toolbar={<EditToolbar />}>
        <PersonFields />
        <Typography variant="h6" component="h2" sx={{ mt: 2 }}>
          {translate('site.films')}
        </Typography>
        <FilmsOf target="person" />
      </CheckedForm>
    </CarefulEdit>
  );
}

export function PersonCreate(): ReactElement {
  return (
    <Create redirect="edit">
      <CheckedForm resolver={resolver} defaultValues={{ full_name: '', birth_date: null }}>
        <PersonFields />
      </CheckedForm>
    </Create>
  );
}

function PersonFields(): ReactElement {
  return (
    <>
      <TextInput source="full_name" required />
      <DateInput source="birth_date" />
    </>
  );
}
