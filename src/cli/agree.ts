import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { Failure } from '#domain/failure.ts';

/** The message when the user declines; `fix` is for when there is no terminal to ask at. */
type Refused = { readonly refusal: string; readonly fix: string };

/** Where the user reads and types. */
type Place = {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
};

/** Asks the user at the terminal to type `word`. Fails with `InputInvalid` when they do not, leave by Ctrl-C or Ctrl-D, or when there is no terminal. */
export async function agree(
  word: string,
  { refusal, fix }: Refused,
  place: Place = { input: process.stdin, output: process.stderr },
): Promise<void> {
  const isAsked = place.input.isTTY === true && place.output.isTTY === true;
  const answer = isAsked ? await answerTo(`Type ${word} to continue: `, place) : '';
  if (answer.trim() === word) return;
  throw new Failure('InputInvalid', refusal, { fix: isAsked ? '' : fix });
}

/** The empty text from who leaves. */
async function answerTo(question: string, place: Place): Promise<string> {
  const asking = createInterface(place);
  try {
    return await asking.question(question);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    place.output.write('\n');
    return '';
  } finally {
    asking.close();
  }
}
