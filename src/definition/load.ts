import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ProjectorError } from '../ops/errors.ts';
import { type Location, type Problem, throwProblems } from './problems.ts';
import { plainIssues, type SpecPath } from './issues.ts';
import { definitionSchema, type DefinitionSpec } from './schema.ts';
import { specIssues } from './limits.ts';
import { parseYaml } from './yaml.ts';

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
    const parsed = await readFile(file).then(
      (content) => parseDefinition(file, content),
      (error: unknown): ReturnType<typeof parseDefinition> => ({ problems: [unreadable(file, error)] }),
    );
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

/** Parses and validates the content of one definition file. */
export function parseDefinition(
  file: string,
  content: Uint8Array | string,
): { readonly definition?: Definition; readonly problems: readonly Problem[] } {
  const yaml = parseYaml(content);
  const problem = (at: Omit<Location, 'file'>, message: string): Problem => ({
    code: 'PROJ_DEFINITION_INVALID',
    at: { file, line: at.line, column: at.column },
    message,
  });
  if (yaml.problems.length > 0)
    return { problems: yaml.problems.map(({ message, ...at }) => problem(at, message)) };
  const locate = (path: SpecPath): Location => ({ file, ...yaml.locate(path) });
  const { value } = yaml;
  const result = definitionSchema.safeParse(value);
  const issues = result.success
    ? specIssues(result.data)
    : result.error.issues.flatMap((issue) => plainIssues(issue, value));
  if (result.success && issues.length === 0)
    return { definition: { spec: result.data, file, locate }, problems: [] };
  return { problems: issues.map(({ path, message }) => problem(locate(path), message)) };
}

/** What is wrong with a file that cannot be read at all. */
function unreadable(file: string, error: unknown): Problem {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const why =
    {
      EISDIR: 'it is a directory',
      ENOENT: 'it leads nowhere',
      EACCES: 'this user may not',
      EPERM: 'this user may not',
    }[code] ?? code;
  return {
    code: 'PROJ_DEFINITION_INVALID',
    at: { file, line: 1, column: 1 },
    message: `the file cannot be read: ${why}`,
  };
}

function duplicateNames(definitions: readonly Definition[]): Problem[] {
  const first = new Map<string, string>();
  return definitions.flatMap(({ spec, file, locate }) => {
    const other = first.get(spec.index);
    if (other === undefined) {
      first.set(spec.index, file);
      return [];
    }
    const message = `the index ${spec.index} is already defined in ${other}`;
    return [{ code: 'PROJ_DEFINITION_INVALID', at: locate(['index']), message }];
  });
}
