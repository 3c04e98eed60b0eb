import { z } from 'zod';

/**
 * The definition language: one file an index. A relation is one hop over a foreign key; depth comes from recursion.
 * The descriptions below are what editors show, through the JSON Schema published from this one.
 */

const tableName = z.string().min(1).describe('A table, `name` (in the schema of the root) or `schema.name`.');

const via = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .describe("The foreign key's column or columns, where several foreign keys fit.");

const condition = z
  .string()
  .min(1)
  .describe('An SQL condition, immutable, over the columns of this table alone. Other rows are left out.');

const order = z
  .array(z.string().regex(/^\S+( (asc|desc))?$/, 'expected `name`, `name asc` or `name desc`'))
  .min(1)
  .describe(
    "Names of the element's own fields (`value` for a list of plain values), each with `desc` where it descends. " +
      "Nulls come last; ties go by the element table's primary key.",
  );

/** A field's value, as a definition writes it. */
export type FieldSpec =
  | string
  | { readonly expression: string }
  | (RelationSpec & { readonly one: string } & BodySpec)
  | (RelationSpec & { readonly many: string; readonly order?: readonly string[] | undefined } & BodySpec)
  | (RelationSpec & { readonly count: string });

export interface RelationSpec {
  readonly via?: string | readonly string[] | undefined;
  readonly where?: string | undefined;
}

/** What a relation gives of the related row: one value, or an object. */
export type BodySpec =
  | { readonly value: FieldSpec; readonly fields?: undefined }
  | { readonly value?: undefined; readonly fields: FieldsSpec };

export type FieldsSpec = Readonly<Record<string, FieldSpec>>;

/** The fields of the objects that a field gives; null where it gives plain values. */
export function fieldsOf(field: FieldSpec): FieldsSpec | null {
  if (typeof field === 'string' || 'expression' in field || 'count' in field) return null;
  return field.fields ?? fieldsOf(field.value);
}

const fieldRef: z.ZodType<FieldSpec> = z.lazy(() => field);
const fieldName = z
  .string()
  .regex(/^[^.\s]+$/, 'a field name has no dots and no spaces; an object is a relation with `fields:`');
const fields = z
  .record(fieldName, fieldRef)
  .refine((given) => Object.keys(given).length > 0, 'expected at least one field')
  .meta({ id: 'fields', description: "An object's fields." });

const one = { one: tableName, via: via.optional(), where: condition.optional() };
const many = { many: tableName, via: via.optional(), where: condition.optional(), order: order.optional() };
const value = fieldRef.describe('One value of the related row.');

const field = z
  .union([
    z.string().min(1).describe('A column.'),
    z.strictObject({
      expression: z
        .string()
        .min(1)
        .describe('An SQL expression, immutable, over the columns of this table alone.'),
    }),
    z
      .strictObject({ ...one, value })
      .describe('A value of the one row related to this one; null without one.'),
    z
      .strictObject({ ...one, fields })
      .describe('The one row related to this one, as an object; null without one.'),
    z
      .strictObject({ ...many, value })
      .describe('The rows that point here, as a list of values without nulls; [] without any.'),
    z
      .strictObject({ ...many, fields })
      .describe('The rows that point here, as a list of objects; [] without any.'),
    z
      .strictObject({ count: tableName, via: via.optional(), where: condition.optional() })
      .describe('The number of rows that point here.'),
  ])
  .meta({ id: 'field', description: 'A column, an expression, or a relation.' });

/** The forms of a field, in the order of the union above: the word that tells each, and the body it has. */
export const FIELD_FORMS = [
  { word: null, body: null },
  { word: 'expression', body: null },
  { word: 'one', body: 'value' },
  { word: 'one', body: 'fields' },
  { word: 'many', body: 'value' },
  { word: 'many', body: 'fields' },
  { word: 'count', body: null },
] as const;

const verbatim = z.record(z.string(), z.json());

export const definitionSchema = z
  .strictObject({
    index: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9_-]{0,99}$/,
        'an index name is lower-case letters, digits, `_` and `-`, and begins with a letter or digit',
      )
      .describe('The name of the index (of its alias).'),
    root: z
      .string()
      .min(1)
      .describe('The table whose rows become documents, `schema.name`. Its primary key is the document id.'),
    where: condition.optional(),
    fields,
    settings: verbatim.default({}).describe('Elasticsearch index settings, verbatim.'),
    mappings: verbatim.default({}).describe('Elasticsearch mappings, verbatim.'),
  })
  .meta({ title: 'A Projector index definition' });

export type DefinitionSpec = z.output<typeof definitionSchema>;
