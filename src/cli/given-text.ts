import { readFile } from 'node:fs/promises';
import { Failure } from '#domain/failure.ts';

/** The text of a file that a person named. Fails with `InputInvalid` where it cannot be read. */
export async function givenText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: Error) => {
    throw new Failure('InputInvalid', `${path} cannot be read: ${cause.message}`, { cause });
  });
}
