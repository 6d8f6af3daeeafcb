import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Declares tests, or one skipped test in their place when something is `missing`; its name says why, and `npm test` lists it at its end. */
export function needing(missing: string | undefined, tests: () => void): void {
  if (missing === undefined) tests();
  else it.skip(`skipped: ${missing}`, () => undefined);
}

/** The reason why features of Linux are missing here; undefined on Linux. */
export const notLinux = process.platform === 'linux' ? undefined : 'this is not Linux';

/** The reason why refusals cannot be tested as root, who is never refused; undefined for every other user. */
export const asRoot =
  process.getuid?.() === 0 ? 'root is refused no file: run it as another user' : undefined;

/** Names the programs that are not on the PATH; undefined when all are. */
export function missingPrograms(...programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => !programOnPath(program));
  return missing.length > 0 ? `there is no ${missing.join(', no ')}` : undefined;
}

/** The reason why Python cannot be used here; undefined where `python3` runs: one on the PATH may be a launcher of versions that are not installed. */
export const missingPython =
  spawnSync('python3', ['-c', 'import venv']).status === 0
    ? undefined
    : 'there is no python3 that runs';

/** The path of a program in these folders, or else on the PATH; undefined where it is in none. */
export function programOnPath(program: string, ...folders: readonly string[]): string | undefined {
  return [...folders, ...(process.env['PATH'] ?? '').split(delimiter)]
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
      } catch {
        return false;
      }
    });
}
