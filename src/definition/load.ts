import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { isMap, isNode, isPair, LineCounter, parseDocument, type Document } from 'yaml';
import { ProjectorError } from '../ops/errors.ts';
import { type Location, type Problem, throwProblems } from './problems.ts';
import { plainIssues, type SpecPath } from './issues.ts';
import { definitionSchema, type DefinitionSpec } from './schema.ts';

/** A definition that is well-formed; the database has not been asked yet. */
export interface Definition {
  readonly spec: DefinitionSpec;
  /** The plan's name of the index, where it is another than the definition's. */
  readonly as?: string;
  readonly file: string;
  /** Where a node stands in the file; for a path that is not there, the nearest node above it. */
  readonly locate: (path: SpecPath) => Location;
}

/**
 * Reads every `*.yaml` and `*.yml` file of a directory, in the order of their names.
 *
 * Throws one PROJ_DEFINITION_INVALID that names everything that is wrong in any of them, by file, line and column.
 */
export async function loadDefinitions(directory: string): Promise<Definition[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw new ProjectorError(
      'PROJ_DEFINITION_INVALID',
      `the definitions' directory ${directory} cannot be read`,
      'Set DEFINITIONS_DIR to a directory with one YAML file an index.',
      { cause: error },
    );
  });
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  if (files.length === 0) {
    throw new ProjectorError(
      'PROJ_DEFINITION_INVALID',
      `there is no definition in ${directory}`,
      'Put one YAML file an index there, or set DEFINITIONS_DIR.',
    );
  }
  const problems: Problem[] = [];
  const definitions: Definition[] = [];
  for (const name of files) {
    const file = path.join(directory, name);
    const parsed = parseDefinition(file, await readFile(file, 'utf8'));
    problems.push(...parsed.problems);
    if (parsed.definition) definitions.push(parsed.definition);
  }
  problems.push(...duplicateNames(definitions));
  throwProblems(problems);
  return definitions;
}

/** A definition that an index was made from, as it is kept with the index. */
export function keptDefinition(spec: DefinitionSpec, physical: string): Definition {
  const file = `the definition that ${physical} was made from`;
  return { spec, file, locate: () => ({ file, line: 1, column: 1 }) };
}

/** Parses and validates the text of one definition file. */
export function parseDefinition(
  file: string,
  text: string,
): { readonly definition?: Definition; readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const problem = (location: Location, message: string): Problem => ({
    code: 'PROJ_DEFINITION_INVALID',
    at: location,
    message,
  });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return {
      problems: faults.map(({ pos, message }) =>
        problem(at(pos[0]), message.replace(/ at line \d+, column \d+:[^]*$/, '')),
      ),
    };
  }
  const locate = (path: SpecPath): Location => at(offsetOf(document, path));
  const value: unknown = document.toJS();
  const result = definitionSchema.safeParse(value);
  if (result.success) return { definition: { spec: result.data, file, locate }, problems: [] };
  return {
    problems: result.error.issues
      .flatMap((issue) => plainIssues(issue, value))
      .map(({ path, message }) => problem(locate(path), message)),
  };
}

/** The offset of the key that leads to a node (or of the node, in a list). */
function offsetOf(document: Document, path: SpecPath): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isNode(item.key) && item.key.toJSON() === key);
      if (isPair(pair) && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function duplicateNames(definitions: readonly Definition[]): Problem[] {
  return definitions.flatMap((definition, position) => {
    const first = definitions.slice(0, position).find(({ spec }) => spec.index === definition.spec.index);
    if (!first) return [];
    const message = `the index ${definition.spec.index} is already defined in ${first.file}`;
    return [{ code: 'PROJ_DEFINITION_INVALID', at: definition.locate(['index']), message }];
  });
}
