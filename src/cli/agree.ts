import { createInterface } from 'node:readline/promises';
import { Failure } from '#domain/failure.ts';

/** The message when the user declines; `fix` is for when there is no terminal to ask at. */
type Refused = { readonly refusal: string; readonly fix: string };

/** Asks the user at the terminal to type `word`. Fails with `InputInvalid` when they do not, or when there is no terminal. */
export async function agree(word: string, { refusal, fix }: Refused): Promise<void> {
  const isAsked = process.stdin.isTTY && process.stderr.isTTY;
  const asked = isAsked && createInterface({ input: process.stdin, output: process.stderr });
  const answer = asked ? await asked.question(`Type ${word} to continue: `) : '';
  if (asked) asked.close();
  if (answer.trim() === word) return;
  throw new Failure('InputInvalid', refusal, { fix: isAsked ? '' : fix });
}
