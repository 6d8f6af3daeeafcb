// Stryker's runner for tests that jest-light-runner runs: all are loaded once, and for each mutant those that reach it run again in the same process.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { jestExpect as expect } from '@jest/expect';
import * as circus from 'jest-circus';
import { SnapshotState } from 'jest-snapshot';

const { cache } = createRequire(import.meta.url);

const GLOBALS = new URL(
  '../../node_modules/jest-light-runner/src/global-setup.js',
  import.meta.url,
);

// The format in which Jest writes snapshots.
const FORMAT = { escapeString: false, printBasicPrototype: false };

/** The state that instrumented code reads: the active mutant, and whose coverage it counts. */
// biome-ignore lint/suspicious/noAssignInExpressions: one object for all that was loaded, whoever comes first.
const stryker = (globalThis.__stryker__ ??= {});

export const strykerPlugins = [
  {
    kind: 'TestRunner',
    name: 'light',
    factory: Object.assign(testRunner, { inject: ['options'] }),
  },
];

function testRunner({ light }) {
  let loaded;
  const tests = () => {
    loaded ??= load(light);
    return loaded;
  };
  return {
    capabilities: () => ({ reloadEnvironment: light.isReloaded }),
    async dryRun() {
      const results = [];
      for (const test of await tests()) results.push(await timed(test));
      return {
        status: 'complete',
        tests: results,
        mutantCoverage: reached(stryker.mutantCoverage),
      };
    },
    async mutantRun({ activeMutant: { id }, mutantActivation, testFilter, ...run }) {
      if (run.reloadEnvironment) loaded = undefined;
      // The code that a module runs while it loads runs once in a process, or at a reload.
      const isStatic = mutantActivation === 'static';
      activate(isStatic ? id : undefined, run);
      const all = await (isStatic ? tests().catch(errorOf) : tests());
      // A mutant that makes a module fail to load is noticed. Stryker would take it for its own error, and try again in new processes.
      if (all instanceof Error) return killed(all.message);
      stryker.activeMutant = id;
      const result = await untilOneFails(chosen(all, testFilter));
      stryker.activeMutant = undefined;
      return stryker.hitCount > run.hitLimit ? { status: 'timeout', reason: 'hit limit' } : result;
    },
  };
}

function activate(activeMutant, { hitLimit }) {
  Object.assign(stryker, { activeMutant, hitCount: hitLimit && 0, hitLimit });
}

function errorOf(error) {
  return error;
}

function chosen(all, ids) {
  const wanted = ids && new Set(ids);
  return wanted ? all.filter(({ id }) => wanted.has(id)) : all;
}

/** A mutant that tests reach while they run needs no separate process, though modules also reach it while they load. */
function reached({ static: loading, perTest }) {
  const inTests = new Set(Object.values(perTest).flatMap(Object.keys));
  const only = Object.entries(loading).filter(([mutant]) => !inTests.has(mutant));
  return { static: Object.fromEntries(only), perTest };
}

function killed(failureMessage, killedBy = [], nrOfTests = 0) {
  return { status: 'killed', killedBy, failureMessage, nrOfTests };
}

async function untilOneFails(tests) {
  for (const [index, test] of tests.entries()) {
    const { id, status, failureMessage } = await timed(test);
    if (status === 1) {
      return killed(failureMessage, [id], index + 1);
    }
  }
  return { status: 'survived', nrOfTests: tests.length };
}

let loads = 0;

/** Every test of these folders and files, by its place in the file and its name. A second call loads the tests again, and the part of the code that is CommonJS. */
async function load({ tests: paths, before }) {
  loads += 1;
  if (loads === 1) process.on('unhandledRejection', () => undefined);
  await import(GLOBALS);
  for (const file of Object.keys(cache)) if (!file.includes('node_modules')) delete cache[file];
  if (before) await import(`${pathToFileURL(before)}?${loads}`);
  const tests = [];
  for (const file of paths.flatMap(testFiles)) {
    circus.resetState();
    await import(`${pathToFileURL(file)}?${loads}`);
    const { rootDescribeBlock } = circus.getState();
    rootDescribeBlock.snapshots = snapshotsOf(file);
    tests.push(...testsIn(rootDescribeBlock, relative('.', file)));
  }
  return tests;
}

function testFiles(path) {
  if (path.endsWith('.test.ts')) return [join(process.cwd(), path)];
  return readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(process.cwd(), path, name));
}

/** Read, and never written. */
function snapshotsOf(file) {
  const path = join(dirname(file), '__snapshots__', `${basename(file)}.snap`);
  return () => new SnapshotState(path, { updateSnapshot: 'none', snapshotFormat: FORMAT });
}

function testsIn(block, id, names = []) {
  return block.children.flatMap((child, index) => {
    if (child.mode === 'skip') return [];
    const own = `${id} ${index} ${child.name}`;
    const all = [...names, child.name];
    if (child.type === 'describeBlock') return testsIn(child, own, all);
    return [{ id: own, name: all.join(' '), run: child.fn, block }];
  });
}

/** A test as Stryker hears of it; its status is 0 where it passes and 1 where it fails. */
async function timed(test) {
  const { id } = test;
  const begun = performance.now();
  const failureMessage = await failureOf(test);
  const timeSpentMs = performance.now() - begun;
  const status = failureMessage === undefined ? 0 : 1;
  return { id, name: id, timeSpentMs, status, failureMessage };
}

async function failureOf({ id, name, run, block }) {
  const snapshotState = rootOf(block).snapshots();
  expect.setState({ suppressedErrors: [], currentTestName: name, snapshotState });
  try {
    stryker.currentTestId = id;
    await prepare(block);
    await hooksUp(block, 'beforeEach');
    await run();
    await hooksUp(block, 'afterEach');
    return expect.getState().suppressedErrors[0]?.message;
  } catch (error) {
    return String(error?.message ?? error);
  } finally {
    stryker.currentTestId = undefined;
  }
}

function rootOf(block) {
  return block.parent ? rootOf(block.parent) : block;
}

const prepared = new WeakMap();

/** A block's beforeAll runs before its first test, and its result stays: a server or a folder. */
async function prepare(block) {
  if (block.parent) await prepare(block.parent);
  for (const { type, fn } of block.hooks) {
    if (type !== 'beforeAll' || prepared.has(fn)) continue;
    prepared.set(fn, true);
    await fn();
  }
}

async function hooksUp(block, wanted) {
  if (wanted === 'beforeEach' && block.parent) await hooksUp(block.parent, wanted);
  for (const { type, fn } of block.hooks) if (type === wanted) await fn();
  if (wanted === 'afterEach' && block.parent) await hooksUp(block.parent, wanted);
}
