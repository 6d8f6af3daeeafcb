// The tiers of the tests: a folder belongs to one tier, whatever no other tier names to `unit`. What each is for: test/tiers.js.
import { join } from 'node:path';
import { TIERS } from './test/tiers.js';

// Most of what a short-lived process of a test costs is compiling. What V8 has from a cache it does not count for coverage.
if (!process.env.NODE_V8_COVERAGE) {
  process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled');
}

const FOLDERS = Object.values(TIERS).flatMap(({ folders = [] }) => folders);
// What lies in a folder of this tier and is another's; of `unit` all that is another's.
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
