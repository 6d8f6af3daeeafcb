import type { DataFolder, Job } from '#compose/data-folder/data-folder.ts';
import { Failure, type FailureName } from '#domain/failure.ts';
import { askedOf, runningInstance } from './client.ts';
import type { Output } from './output.ts';

type Asked<Result> = {
  /** Asked of the Slipway that runs on the folder. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Done here where none runs. */
  readonly here: (folder: DataFolder) => Promise<Job<Result>>;
};

/** Runs a job on a data folder: in the Slipway that runs there, so that nothing comes between, else in this process, which then holds the folder's lock. */
export async function runOnFolder<Result>(
  dataDir: string,
  { path, query = {}, here }: Asked<Result>,
  output: Output,
): Promise<Result> {
  const found = await runningInstance(dataDir);
  if (found) {
    const url = `${path}?${new URLSearchParams(query)}`;
    return lastOf(readLines<Result>(await askedOf(found, url, { method: 'POST' })), output);
  }
  const { openDataFolder } = await import('#compose/data-folder/open.ts');
  using folder = openDataFolder(dataDir);
  return await lastOf(await here(folder), output);
}

/** Shows a job's progress until its result is there. */
export async function lastOf<Result>(job: Job<Result>, output: Output): Promise<Result> {
  let progress = 'begins';
  const done = output.busy(() => [progress]);
  try {
    for await (const line of job) {
      if ('result' in line) return line.result;
      progress = line.progress;
    }
  } finally {
    done();
  }
  throw new Failure('PlatformUnavailable', 'Slipway ended before the job was done', {
    fix: 'Start Slipway again, then run the command again.',
  });
}

type Failed = {
  readonly failure: { readonly name: FailureName; readonly message: string; readonly fix: string };
};

async function* readLines<Result>(response: Response): Job<Result> {
  let rest = '';
  for await (const text of (response.body ?? new ReadableStream()).pipeThrough(
    new TextDecoderStream(),
  )) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const each of lines) {
      const line: { readonly progress: string } | { readonly result: Result } | Failed =
        JSON.parse(each);
      if (!('failure' in line)) {
        yield line;
        continue;
      }
      const { name, message, fix } = line.failure;
      throw new Failure(name, message, { fix });
    }
  }
}
