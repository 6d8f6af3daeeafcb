import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { parseJson } from '#domain/parse-json.ts';
import { costFault } from '#domain/rollout/answer-json.ts';

/** A folder's examples by the thousand; a single-file artifact has them beside it, as FILE.examples.jsonl. */
export const EXAMPLES_FILE = 'examples.jsonl';

/** The step that reads them holds all of them in memory. */
export const MAX_EXAMPLES_BYTES = 16 * 1024 ** 2;
export const MAX_EXAMPLES = 10_000;

const line = z.strictObject({
  request: z.unknown(),
  expect: z.exactOptional(z.unknown()),
  truth: z.exactOptional(z.unknown()),
});

/**
 * One line: a request, what the version that comes with it answers (as in the manifest's examples), and what is true of it.
 * `truth` is a label or a number, or a list with one for each row of the request. `text` is the request as JSON: equal ones have one text.
 */
export type ExampleLine = {
  readonly request: unknown;
  readonly text: string;
  readonly expect?: unknown;
  readonly truth?: unknown;
};

/** Reads a file of examples whose text comes in parts. Both fail with `ArtifactRejected`, which names the first line that is no example. */
export type ExamplesReader = {
  take(text: string): void;
  /** All examples, in their order, once all text was taken; empty lines are none. */
  end(): readonly ExampleLine[];
};

export function examplesReader(fileName: string): ExamplesReader {
  const examples: ExampleLine[] = [];
  let number = 0;
  let begun = '';
  const read = (text: string) => {
    number += 1;
    const content = text.trim();
    if (content === '') return;
    if (examples.length === MAX_EXAMPLES) {
      throw rejected(
        `${fileName} has more than ${MAX_EXAMPLES} examples, which is the limit`,
        FEWER,
      );
    }
    examples.push(exampleIn(content, `${fileName} line ${number}`));
  };
  return {
    take(text) {
      const [first = '', ...more] = text.split('\n');
      begun += first;
      for (const next of more) {
        read(begun);
        begun = next;
      }
    },
    end() {
      read(begun);
      return examples;
    },
  };
}

function exampleIn(content: string, where: string): ExampleLine {
  const fault = costFault(content);
  if (fault) throw rejected(`${where} comes ${fault}`);
  const value = parseJson(content);
  const { data } = line.safeParse(value);
  if (data && data.request !== undefined) return { ...data, text: JSON.stringify(data.request) };
  throw rejected(
    value === undefined
      ? `${where} is not JSON`
      : `${where} is not an object with \`request\`, and with \`expect\` and \`truth\` at most`,
  );
}

/** Fails with `ArtifactRejected` where the file is larger than the limit. */
export function requireReadable(fileName: string, sizeBytes: number): void {
  if (sizeBytes > MAX_EXAMPLES_BYTES) {
    throw rejected(
      `${fileName} is ${sizeBytes} bytes; the limit for examples is ${MAX_EXAMPLES_BYTES}`,
      FEWER,
    );
  }
}

const FEWER = `Keep at most ${MAX_EXAMPLES} examples and ${MAX_EXAMPLES_BYTES} bytes: a random sample of them says as much.`;
const FORM = 'Write one example to a line: {"request": {"inputs": [[1, 2]]}, "truth": "cat"}.';

function rejected(reason: string, fix = FORM): Failure {
  return new Failure('ArtifactRejected', reason, { fix });
}
