import type { MachineControl } from '#control/operations.ts';
import { Failure, failureNamed } from '#domain/failure.ts';
import type { DataFolder, Job } from '#operations/data-folder/data-folder.ts';
import { runningInstance } from './client.ts';
import { machineControl } from './one-machine.ts';
import type { Output } from './output.ts';

type Failed = {
  readonly failure: { readonly name: string; readonly message: string; readonly fix: string };
};

/** A job's lines, from whoever does it. */
type Lines<Result> = AsyncGenerator<
  { readonly progress: string } | { readonly result: Result } | Failed,
  void
>;

type Asked<Result> = {
  /** Asked of the Slipway that runs on the folder. */
  readonly there: (machine: MachineControl) => Promise<Lines<Result>>;
  /** Done here where none runs. */
  readonly here: (folder: DataFolder) => Promise<Job<Result>>;
};

/** Runs a job on a data folder: in the Slipway that runs there, so that nothing comes between, else in this process, which then holds the folder's lock. */
export async function runOnFolder<Result>(
  dataDir: string,
  { there, here }: Asked<Result>,
  output: Output,
): Promise<Result> {
  const found = await runningInstance(dataDir);
  if (found) return lastOf(await there(machineControl(found)), output);
  const { openDataFolder } = await import('#operations/data-folder/open.ts');
  using folder = openDataFolder(dataDir);
  return await lastOf(await here(folder), output);
}

/** Shows a job's progress until its result is there. */
export async function lastOf<Result>(job: Lines<Result>, output: Output): Promise<Result> {
  let progress = 'begins';
  const done = output.busy(() => [progress]);
  try {
    for await (const line of job) {
      if ('result' in line) return line.result;
      if ('failure' in line) throw failed(line);
      progress = line.progress;
    }
  } finally {
    done();
  }
  throw new Failure('PlatformUnavailable', 'Slipway ended before the job was done', {
    fix: 'Start Slipway again, then run the command again.',
  });
}

function failed({ failure: { name, message, fix } }: Failed): Failure {
  return new Failure(failureNamed(name) ?? 'PlatformUnavailable', message, { fix });
}
