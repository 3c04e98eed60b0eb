import { Stack, Typography } from '@mui/material';
import type { ReactElement } from 'react';
import {
  ArrayInput,
  AutocompleteArrayInput,
  AutocompleteInput,
  BulkDeleteButton,
  ChipField,
  Create,
  Datagrid,
  DateField,
  DateInput,
  List,
  NumberField,
  NumberInput,
  ReferenceArrayField,
  ReferenceArrayInput,
  ReferenceInput,
  SearchInput,
  SelectField,
  SelectInput,
  SimpleFormIterator,
  SimpleList,
  SingleFieldList,
  TextField,
  TextInput,
  useCreate,
  useTranslate,
  type RaRecord,
} from 'react-admin';
import { film } from '../../shared/rows.ts';
import {
  CarefulEdit,
  CheckedForm,
  EditToolbar,
  roleChoices,
  tenths,
  typeChoices,
  useIsSmall,
} from './parts.tsx';
import { resolverOf } from './resolver.ts';

const filters = [
  <SearchInput key="q" source="q" alwaysOn />,
  <SelectInput key="type" source="type" choices={typeChoices} />,
  <ReferenceInput
    key="genre"
    source="genre"
    reference="genres"
    perPage={100}
    sort={{ field: 'name', order: 'ASC' }}
  >
    <AutocompleteInput filterToQuery={(q: string) => ({ q })} />
  </ReferenceInput>,
  <NumberInput key="rating_from" source="rating_from" min={0} max={10} step={0.1} />,
  <NumberInput key="rating_to" source="rating_to" min={0} max={10} step={0.1} />,
  <NumberInput key="year_from" source="year_from" min={1} max={9999} />,
  <NumberInput key="year_to" source="year_to" min={1} max={9999} />,
];

export function FilmList(): ReactElement {
  const small = useIsSmall();
  const translate = useTranslate();
  return (
    <List filters={filters} sort={{ field: 'title', order: 'ASC' }} perPage={25} exporter={false}>
      {small ? (
        <SimpleList
          primaryText={(row: RaRecord) => String(row['title'])}
          secondaryText={(row: RaRecord) =>
            [
              row['creation_date'] && String(row['creation_date']).slice(0, 4),
              row['type'] && translate(`site.${String(row['type'])}`),
            ]
              .filter(Boolean)
              .join(' · ')
          }
          tertiaryText={(row: RaRecord) => (row['rating'] === null ? '' : `★ ${String(row['rating'])}`)}
          rowClick="edit"
        />
      ) : (
        <Datagrid rowClick="edit" bulkActionButtons={<BulkDeleteButton mutationMode="pessimistic" />}>
          <TextField source="title" />
          <DateField source="creation_date" options={{ timeZone: 'UTC' }} />
          <SelectField source="type" choices={typeChoices} />
          <NumberField source="rating" options={tenths} />
          <ReferenceArrayField source="genres" reference="genres" sortable={false}>
            <SingleFieldList linkType={false} sx={{ gap: 0.5 }}>
              <ChipField source="name" size="small" />
            </SingleFieldList>
          </ReferenceArrayField>
          <DateField source="modified" showTime />
        </Datagrid>
      )}
    </List>
  );
}

export function FilmEdit(): ReactElement {
  return (
    <CarefulEdit>
      <FilmForm toolbar={<EditToolbar />} />
    </CarefulEdit>
  );
}

export function FilmCreate(): ReactElement {
  return (
    <Create redirect="edit">
      <FilmForm />
    </Create>
  );
}

const emptyFilm = {
  title: '',
  description: null,
  creation_date: null,
  certificate: null,
  file_path: null,
  rating: null,
  type: null,
  genres: [],
  people: [],
};
const resolver = resolverOf(film);

function FilmForm({ toolbar }: { readonly toolbar?: ReactElement }): ReactElement {
  const translate = useTranslate();
  return (
    <CheckedForm resolver={resolver} defaultValues={emptyFilm} {...(toolbar && { toolbar })}>
      <TextInput source="title" required />
      <TextInput source="description" multiline minRows={3} />
      <Stack direction={{ xs: 'column', sm: 'row' }} sx={{ width: '100%', columnGap: 2 }}>
        <DateInput source="creation_date" />
        <SelectInput source="type" choices={typeChoices} />
        <NumberInput source="rating" min={0} max={10} step={0.1} />
        <TextInput source="certificate" />
      </Stack>
      <TextInput source="file_path" />
      <ReferenceArrayInput
        source="genres"
        reference="genres"
        perPage={100}
        sort={{ field: 'name', order: 'ASC' }}
      >
        <AutocompleteArrayInput filterToQuery={(q: string) => ({ q })} />
      </ReferenceArrayInput>
      <Typography variant="h6" component="h2" sx={{ mt: 2 }}>
        {translate('site.people')}
      </Typography>
      <ArrayInput source="people" label={false}>
        <SimpleFormIterator inline disableReordering fullWidth>
          <PersonInput />
          <SelectInput source="role" choices={roleChoices} defaultValue="actor" required />
        </SimpleFormIterator>
      </ArrayInput>
    </CheckedForm>
  );
}

/** Finds a person as one types, out of any number; makes one who is not there yet. */
function PersonInput(): ReactElement {
  const [create] = useCreate();
  const onCreate = async (full_name?: string): Promise<RaRecord> =>
    (await create('persons', { data: { full_name, birth_date: null } }, { returnPromise: true })) as RaRecord;
  return (
    <ReferenceInput
      source="person_id"
      reference="persons"
      perPage={20}
      sort={{ field: 'full_name', order: 'ASC' }}
    >
      <AutocompleteInput
        optionText="full_name"
        filterToQuery={(q: string) => ({ q })}
        debounce={200}
        onCreate={onCreate}
        isRequired
        sx={{ minWidth: { sm: 320 } }}
      />
    </ReferenceInput>
  );
}
