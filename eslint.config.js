import tseslint from 'typescript-eslint';

/** The data's way. A folder imports only what lies before it, and `cli` may import everything. */
const way = [
  'shared',
  'ops',
  'config',
  'servers',
  'definition',
  'replication',
  'router',
  'debouncer',
  'resolver',
  'loader',
  'checkpoint',
  'snapshot',
  'verify',
  'service',
  'cli',
];

const directions = way.map((folder, position) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...way.slice(position + 1).map((later) => ({
            group: [`../${later}/*`, `../../${later}/*`],
            message: `src/${folder} lies before src/${later} on the data's way.`,
          })),
          {
            group: ['**/dev/*', '**/test/*', '**/bench/*', '**/admin/**'],
            message: "src/ ships; dev/, test/ and bench/ do not, and the films' site ships by itself.",
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules/', '.stack/', '.cache/', 'admin/web/dist/', 'eslint.config.js'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // node:test's test() and describe() return promises that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach'],
            },
          ],
        },
      ],
    },
  },
  ...directions,
  {
    files: ['admin/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/src/**', '**/dev/**', '**/test/**', '**/bench/**'],
              message: "The films' site is a workspace of its own.",
            },
          ],
        },
      ],
    },
  },
);
