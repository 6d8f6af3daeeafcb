// A reporter that prints the command to run each failed test alone.
import { relative } from 'node:path';

/** After the last test: one command a red test, or a file that did not load. */
export default function alone({ rootDir }) {
  return {
    onRunComplete(_contexts, { testResults }) {
      const commands = testResults.flatMap((file) =>
        commandsOf(relative(rootDir, file.testFilePath), file),
      );
      if (commands.length > 0) {
        process.stderr.write(
          `\nto see what is red alone:\n${commands.map((it) => `  ${it}\n`).join('')}`,
        );
      }
    },
  };
}

function commandsOf(path, { testResults, testExecError }) {
  const names = testResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => fullName);
  if (names.length === 0) return testExecError ? [`npm test -- ${path}`] : [];
  return names.map((name) => `npm test -- ${path} -t ${quoted(name)}`);
}

// The name as a pattern that matches it, quoted for a shell.
const quoted = (name) => `'${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll("'", '.')}'`;
