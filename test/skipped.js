// A reporter that lists the skipped tests, with the reasons. A test of the tier `unit` that is skipped without a reason is a failure: see needing() in support/needs.ts.
import { relative } from 'node:path';
import { TIERS } from './tiers.js';

const REASON = 'skipped: ';
const ELSEWHERE = Object.values(TIERS).flatMap(({ folders = [] }) => folders);

/** After the last test: a line for each skipped test. A pattern of names skips all that it does not match, and of these it says nothing. */
export default function skipped({ rootDir, testNamePattern }) {
  let unexplained = [];
  return {
    onRunComplete(_contexts, { testResults }) {
      if (testNamePattern) return;
      const found = testResults.flatMap((file) =>
        file.testResults
          .filter(({ status }) => status === 'pending')
          .map(({ title }) => ({ path: relative(rootDir, file.testFilePath), title })),
      );
      unexplained = found.filter(({ path, title }) => isUnit(path) && !title.startsWith(REASON));
      const lines = new Set(found.map(({ path, title }) => `  ${path}: ${reasonIn(title)}\n`));
      if (lines.size > 0) process.stderr.write(`\nskipped:\n${[...lines].join('')}`);
    },
    getLastError() {
      if (unexplained.length === 0) return undefined;
      const places = unexplained.map(({ path, title }) => `\n  ${path}: ${title}`);
      return new Error(`skipped without a reason, which needing() gives:${places.join('')}`);
    },
  };
}

const isUnit = (path) => !ELSEWHERE.some((folder) => path.startsWith(`test/${folder}/`));
const reasonIn = (title) => (title.startsWith(REASON) ? title.slice(REASON.length) : title);
