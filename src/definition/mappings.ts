import type { Definition } from './load.ts';
import type { ObjectValue, ResolvedIndex, Value } from './model.ts';
import type { Problem } from './problems.ts';

type Json = Definition['spec']['mappings'][string];

/**
 * Fields that a strict mapping does not have, which Elasticsearch would refuse each document for. `dynamic` is
 * inherited: https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/dynamic
 */
export function mappingProblems({ definition, document }: ResolvedIndex): Problem[] {
  return objectProblems(definition, document, definition.spec.mappings, false, definition.spec.index);
}

function objectProblems(
  definition: Definition,
  { fields }: ObjectValue,
  mapping: Readonly<Record<string, Json>>,
  inherited: boolean,
  where: string,
): Problem[] {
  const dynamic = mapping['dynamic'];
  const isStrict = dynamic === undefined ? inherited : dynamic === 'strict';
  const properties = asObject(mapping['properties']) ?? {};
  return fields.flatMap(({ name, value, path }): Problem[] => {
    const problem = (message: string): Problem[] => [
      { code: 'PROJ_DEFINITION_INVALID', at: definition.locate(path), message },
    ];
    const property = asObject(Object.hasOwn(properties, name) ? properties[name] : undefined);
    if (!property) {
      return isStrict ? problem(`the mapping of ${where} is strict and has no property ${name}`) : [];
    }
    const object = objectIn(value);
    const type = typeof property['type'] === 'string' ? property['type'] : 'object';
    if (!object) {
      const isObject = type === 'nested' || (type === 'object' && property['properties'] !== undefined);
      return isObject && isPlain(value)
        ? problem(`${name} is mapped as an object, but is a plain value`)
        : [];
    }
    if (plainTypes.test(type)) return problem(`${name} is an object, but is mapped as ${type}`);
    return type === 'object' || type === 'nested'
      ? objectProblems(definition, object, property, isStrict, name)
      : [];
  });
}

/** The mapping types that take no JSON object. */
const plainTypes =
  /^(keyword|constant_keyword|text|match_only_text|long|integer|short|byte|double|float|half_float|scaled_float|unsigned_long|boolean|date|date_nanos|ip|binary|version)$/;

/** The object, or the object in the list, that a value is. */
function objectIn(value: Value): ObjectValue | null {
  switch (value.kind) {
    case 'object':
      return value;
    case 'one':
    case 'many':
      return objectIn(value.value);
    case 'column':
    case 'expression':
    case 'count':
      return null;
  }
}

/** Certainly no JSON object: not a column of a JSON or composite type, nor an expression. */
function isPlain(value: Value): boolean {
  if (value.kind === 'one' || value.kind === 'many') return isPlain(value.value);
  return value.kind === 'count' || (value.kind === 'column' && value.column.textClass !== null);
}

function asObject(json: Json | undefined): Readonly<Record<string, Json>> | null {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : null;
}
