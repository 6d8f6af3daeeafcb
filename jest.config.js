// The tiers of the tests: a folder belongs to one tier, and to `unit` if no other tier names it. test/tiers.js says what each tier is for.
import { join } from 'node:path';
import { TIERS } from './test/tiers.js';

// A short-lived process of a test spends most of its time on compiling. V8 does not count code from a cache for coverage.
if (!process.env.NODE_V8_COVERAGE) {
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled');
}

const FOLDERS = Object.values(TIERS).flatMap(({ folders = [] }) => folders);
// The folders of other tiers within the folders of this one; for `unit`, all folders of other tiers.
const elsewhere = (own) =>
  FOLDERS.filter((folder) => !own?.includes(folder))
    .filter((folder) => own?.some((each) => folder.startsWith(`${each}/`)) ?? true)
    .map((folder) => `<rootDir>/test/${folder}/`);
const under = (folder) => `<rootDir>/test/${folder}/**/*.test.ts`;

const projects = Object.entries(TIERS).map(([displayName, { folders }]) => ({
  displayName,
  // Native modules and type stripping, as Node runs the product.
  runner: 'jest-light-runner',
  roots: ['<rootDir>/test'],
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: folders?.map(under) ?? ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: elsewhere(folders),
}));

export default {
  projects,
  // Two cores give one worker where nothing is said; most tests wait now and then for a process or a disk.
  maxWorkers: '100%',
  // One server that a test left open would keep the run from ending.
  forceExit: true,
  globalSetup: './test/compile.js',
  testSequencer: './test/sequencer.js',
  reporters: ['default', './test/alone.js', './test/skipped.js'],
};
