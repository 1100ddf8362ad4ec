import javascript from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import { configs } from 'typescript-eslint';
import house from './.ci/eslint-rules.mjs';

const noDefaultExport = { selector: 'ExportDefaultDeclaration', message: 'An export has a name.' };
const noBarrel = {
  selector: ':matches(ExportAllDeclaration, ExportNamedDeclaration[source])',
  message: 'Import from the file that has it; only src/client/index.ts re-exports.',
};
const noBareWrite = {
  selector:
    ':matches(ForStatement, ForOfStatement, ForInStatement, WhileStatement, DoWhileStatement) :not(AwaitExpression) > CallExpression[callee.property.name="write"]',
  message: 'Writes in a loop wait for drain or for the end of the call: use the one helper that does.',
};
const noProcess = (property) => ({
  object: 'process',
  property,
  message: 'Configuration is read once, in src/config.',
});

export default defineConfig(
  globalIgnores(['dist/', 'gen/', '.cache/', '.venv/', 'python/', 'examples/go/', 'coverage/']),
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [javascript.configs.recommended],
    languageOptions: { globals: { AbortController: 'readonly', clearTimeout: 'readonly', console: 'readonly', module: 'writable', setTimeout: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [javascript.configs.recommended, configs.strictTypeChecked, configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { house },
    rules: {
      'house/kebab-case-file': 'error',
      'no-restricted-syntax': ['error', noDefaultExport, noBarrel],
      eqeqeq: 'error',
      'no-console': 'error',
      'object-shorthand': 'error',
      'prefer-template': 'error',
      'no-param-reassign': 'error',
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'house/documented': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'no-restricted-properties': ['error', noProcess('env'), noProcess('argv')],
    },
  },
  { files: ['src/{rpc,client,network,daemon}/**/*.ts'], rules: { 'no-restricted-syntax': ['error', noDefaultExport, noBarrel, noBareWrite] } },
  { files: ['src/client/index.ts'], rules: { 'no-restricted-syntax': ['error', noDefaultExport] } },
  { files: ['src/config/**/*.ts', 'src/cli/main.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
