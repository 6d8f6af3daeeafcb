// A part of test/mutation/parts.js, changed in a copy of this tree, in each of these ways: https://stryker-mutator.io/docs/mutation-testing-elements/supported-mutators/
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PARTS } from './parts.js';

const ROOT = join(import.meta.dirname, '../..');
const RESULTS = join(ROOT, 'coverage/mutation');

const name = process.env.SLIPWAY_MUTATION;
const part = PARTS[name];
if (!part) throw new Error(`one of ${Object.keys(PARTS).join(', ')} is mutated, no ${name}`);

export default {
  plugins: [join(import.meta.dirname, 'runner.js')],
  testRunner: 'light',
  light: { tests: part.tests, before: part.before, isReloaded: part.isStatic ?? false },
  mutate: part.mutate,
  // Without tsconfig.json Stryker needs no TypeScript to rewrite it.
  ignorePatterns: ['/coverage', '/dist', '/.serverless', '/test/fixtures/walls', '/tsconfig.json'],
  coverageAnalysis: 'perTest',
  ignoreStatic: !part.isStatic,
  concurrency: 1,
  timeoutMS: 4000,
  incremental: true,
  incrementalFile: join(RESULTS, `${name}.json`),
  tempDirName: join(tmpdir(), `slipway-mutation-${name}`),
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: join(RESULTS, `${name}.report.json`) },
  thresholds: { high: 90, low: 85, break: 85 },
  warnings: { unknownOptions: false },
  disableTypeChecks: false,
};
