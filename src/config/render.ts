import { composeVariables, type ComposeVariable } from './compose-variables.ts';
import { groups, listSettings, type Setting } from './table.ts';

const helpWidth = 100;

/** `.env.example`: every variable with its meaning, all commented out, so that a copy changes nothing by itself. */
export function renderEnvExample(): string {
  const sections = Object.entries(groups).map(([group, title]) => [
    `## ${title}`,
    ...listSettings()
      .filter((setting) => setting.group === group)
      .flatMap(envExampleLines),
  ]);
  return [
    ["# Projector's settings, made from src/config/table.ts by `npm run config:docs`: edit that, not this."],
    [
      '# Copy this file to .env and take the # from the lines to change. The environment itself wins over .env, and',
      '# .env over .stack/env, which `make stack` writes. A secret may come as <NAME>_FILE, the path of a file.',
    ],
    ...sections,
    [
      '## Read by docker compose alone (besides those above)',
      ...composeVariables.flatMap((variable) =>
        exampleLines(variable, variable.description, variable.default),
      ),
    ],
  ]
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function envExampleLines(setting: Setting): string[] {
  const notes = [
    setting.description,
    `Must be ${setting.type.expected}`,
    ...(setting.secret ? ['Secret'] : []),
    ...(setting.default === undefined ? ['Required'] : []),
    ...(typeof setting.default === 'object' ? [`Default: the same as ${setting.default.sameAs}`] : []),
  ];
  const shown = typeof setting.default === 'string' ? setting.default : (setting.example ?? '');
  return exampleLines(setting, notes.join('. '), shown);
}

function exampleLines(variable: Pick<ComposeVariable, 'env'>, note: string, value: string): string[] {
  return [...wrap(`${note}.`, 110 - 2).map((line) => `# ${line}`), `#${variable.env}=${value}`];
}

/** The settings' part of `--help`: by group, aligned, at most 100 columns wide, no newline at the end. */
export function renderHelp(): string {
  const settings = listSettings();
  const column = Math.max(...settings.map(({ env }) => env.length)) + 4;
  const lines = Object.entries(groups).flatMap(([group, title]) => [
    '',
    `${title}:`,
    ...settings
      .filter((setting) => setting.group === group)
      .flatMap((setting) => {
        const [first = '', ...more] = wrap(
          `${setting.description} (${whenUnset(setting)})`,
          helpWidth - column,
        );
        return [`  ${setting.env}`.padEnd(column) + first, ...more.map((line) => ' '.repeat(column) + line)];
      }),
  ]);
  return [
    'Settings are environment variables. What is not set there is taken from .env, then from .stack/env.',
    'A secret may come as <NAME>_FILE instead, the path of a file that holds it.',
    ...lines,
  ].join('\n');
}

function whenUnset(setting: Setting): string {
  const secret = setting.secret ? 'secret, ' : '';
  if (setting.default === undefined) return `${secret}required`;
  if (typeof setting.default === 'object') return `${secret}default: ${setting.default.sameAs}`;
  return `${secret}default: ${setting.default === '' ? 'empty' : setting.default}`;
}

/** The README's table of the settings, laid out as prettier would, no newline at the end. */
export function renderMarkdownTable(): string {
  const rows = listSettings().map((setting) => [
    `\`${setting.env}\``,
    markdownDefault(setting),
    `${setting.description}${setting.secret ? ' (secret)' : ''}`,
  ]);
  return alignTable([['Variable', 'Default', 'Meaning'], ...rows]);
}

function markdownDefault({ default: value }: Setting): string {
  if (value === undefined) return '**required**';
  if (typeof value === 'object') return `that of \`${value.sameAs}\``;
  return value === '' ? 'empty' : `\`${value}\``;
}

/** A Markdown table of `rows`, the first of which is its head. */
function alignTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? '').length)),
  );
  const [head = '', ...body] = rows.map(
    (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [head, rule, ...body].join('\n');
}

/** `text` cut at spaces into lines of at most `width` characters, longer words left whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
