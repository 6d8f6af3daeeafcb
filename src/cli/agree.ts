import { createInterface } from 'node:readline/promises';
import { Failure } from '#domain/failure.ts';

/** What is said where nobody agrees; `fix` where nobody is there to ask. */
type Refused = { readonly refusal: string; readonly fix: string };

/** Asks the person at the terminal to type `word`. Fails with `InputInvalid` when they do not, or nobody is there to ask. */
export async function agree(word: string, { refusal, fix }: Refused): Promise<void> {
  const isAsked = process.stdin.isTTY && process.stderr.isTTY;
  const asked = isAsked && createInterface({ input: process.stdin, output: process.stderr });
  const answer = asked ? await asked.question(`Type ${word} to continue: `) : '';
  if (asked) asked.close();
  if (answer.trim() === word) return;
  throw new Failure('InputInvalid', refusal, { fix: isAsked ? '' : fix });
}
