import { Typography, useMediaQuery, type Theme } from '@mui/material';
import { useState, type ReactElement, type ReactNode } from 'react';
import {
  Confirm,
  Datagrid,
  DateField,
  DeleteButton,
  Edit,
  NumberField,
  Pagination,
  ReferenceManyField,
  SaveButton,
  SelectField,
  SimpleForm,
  TextField,
  Toolbar,
  useNotify,
  useRefresh,
  useTranslate,
  type SimpleFormProps,
} from 'react-admin';
import { filmTypes, roles } from '../../shared/limits.ts';

export const typeChoices = filmTypes.map((type) => ({ id: type, name: `site.${type}` }));
/** How a rating is written. */
export const tenths = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
export const roleChoices = roles.map((role) => ({ id: role, name: `site.${role}` }));

export function useIsSmall(): boolean {
  return useMediaQuery((theme: Theme) => theme.breakpoints.down('sm'));
}

/** Saves and stays; says so when somebody else was faster, and saves nothing then. */
export function CarefulEdit({ children }: { readonly children: ReactNode }): ReactElement {
  const [conflict, setConflict] = useState(false);
  const notify = useNotify();
  const refresh = useRefresh();
  const onError = (error: unknown): void => {
    const { status, message } = error as { status: number; message: string };
    if (status === 409) setConflict(true);
    else notify(message, { type: 'error' });
  };
  return (
    <>
      <Edit mutationMode="pessimistic" redirect={false} mutationOptions={{ onError }}>
        {children}
      </Edit>
      <Confirm
        isOpen={conflict}
        title="site.conflict.title"
        content="site.conflict.content"
        confirm="site.conflict.theirs"
        cancel="site.conflict.mine"
        onConfirm={() => {
          setConflict(false);
          refresh();
        }}
        onClose={() => setConflict(false)}
      />
    </>
  );
}

/** A form that is checked by its resolver, which says what is wrong in the page's language, and not by the browser. */
export function CheckedForm(props: SimpleFormProps): ReactElement {
  return <SimpleForm noValidate sx={{ maxWidth: 960 }} {...props} />;
}

export function EditToolbar(): ReactElement {
  return (
    <Toolbar sx={{ justifyContent: 'space-between' }}>
      <SaveButton />
      <DeleteButton mutationMode="pessimistic" />
    </Toolbar>
  );
}

/** The films of a genre or a person, a page at a time. */
export function FilmsOf({ target }: { readonly target: 'genre' | 'person' }): ReactElement {
  return (
    <ReferenceManyField
      reference="films"
      target={target}
      sort={{ field: 'title', order: 'ASC' }}
      perPage={10}
      pagination={<Pagination rowsPerPageOptions={[]} />}
    >
      <Datagrid rowClick="edit" bulkActionButtons={false} empty={<NoFilms />}>
        <TextField source="title" />
        <DateField source="creation_date" options={{ timeZone: 'UTC' }} />
        <SelectField source="type" choices={typeChoices} />
        <NumberField source="rating" options={tenths} />
      </Datagrid>
    </ReferenceManyField>
  );
}

function NoFilms(): ReactElement {
  return <Typography color="textSecondary">{useTranslate()('site.no_films')}</Typography>;
}
