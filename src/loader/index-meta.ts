import { z } from 'zod';
import type { BasisPart } from '../definition/basis.ts';
import type { IndexPlan } from '../definition/plan.ts';
import { definitionSchema, type DefinitionSpec } from '../definition/schema.ts';

/** Which history of which database an index or a resume point belongs to. */
export const originSchema = z.object({
  systemIdentifier: z.string(),
  timeline: z.number(),
  database: z.string(),
  /** Made anew with every slot. */
  incarnation: z.string(),
});

export type Origin = z.output<typeof originSchema>;

/** Settings, by their full names, as Elasticsearch gives them. */
export type GivenSettings = Readonly<Record<string, string>>;

/** What is kept with an index, in the mapping's `_meta`. */
export const metaSchema = z.object({
  projector: z.object({
    /** PROJECTOR_NAME. */
    name: z.string(),
    index: z.string(),
    /** The plan's hash. */
    hash: z.string(),
    /** The index's own uuid: another one means that it was restored from a snapshot. */
    uuid: z.string(),
    origin: originSchema,
    /** What its documents rest on apart from the rows; absent in an index of before this was kept so. */
    basis: z
      .array(z.object({ what: z.string(), is: z.string(), apart: z.string().optional() }))
      .optional()
      .catch(undefined),
    /** The definition that it was made from, as JSON text; absent in an index of before this was kept. */
    definition: z.string().optional(),
    /** What the settings that are others while it is built were when it was made; absent where that was not kept. */
    given: z.record(z.string(), z.string()).optional(),
    /** Since when it is kept although another has taken its place. */
    kept: z.string().optional(),
  }),
});

/** The `_meta` of an index: the definition's own, and what the projector of that name keeps. */
export function metaOf(
  name: string,
  { alias, hash, definition, mappings }: IndexPlan,
  own: {
    readonly uuid: string;
    readonly origin: Origin;
    readonly basis: readonly BasisPart[];
    readonly given?: GivenSettings;
  },
): Record<string, unknown> {
  return {
    ...(mappings['_meta'] ?? {}),
    projector: { name, index: alias, hash, ...own, definition: JSON.stringify(definition) },
  };
}

/** The definition that an index was made from; null where it was not kept, or is no definition any more. */
export function parseDefinition(text: string | undefined): DefinitionSpec | null {
  if (text === undefined) return null;
  const parsed = definitionSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}
