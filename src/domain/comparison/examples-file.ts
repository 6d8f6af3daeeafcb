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
 * `truth` is a label or a number, or a list with one for each row of the request.
 */
export type ExampleLine = {
  readonly request: unknown;
  readonly expect?: unknown;
  readonly truth?: unknown;
};

/** Reads the examples, in their order; empty lines are none. Fails with `ArtifactRejected`, which names the first line that is not one. */
export function readExamples(text: string, fileName: string): readonly ExampleLine[] {
  const lines = text.split('\n').flatMap((content, index) => {
    const trimmed = content.trim();
    return trimmed === '' ? [] : [{ content: trimmed, number: index + 1 }];
  });
  if (lines.length > MAX_EXAMPLES) {
    throw rejected(`${fileName} has ${lines.length} examples; the limit is ${MAX_EXAMPLES}`);
  }
  return lines.map(({ content, number }) => {
    const fault = costFault(content);
    if (fault) throw rejected(`${fileName} line ${number} comes ${fault}`);
    const value = parseJson(content);
    const { data } = line.safeParse(value);
    if (data && data.request !== undefined) return data;
    throw rejected(
      value === undefined
        ? `${fileName} line ${number} is not JSON`
        : `${fileName} line ${number} is not an object with \`request\`, and with \`expect\` and \`truth\` at most`,
    );
  });
}

/** Fails with `ArtifactRejected` where the file is larger than the limit. */
export function requireReadable(fileName: string, sizeBytes: number): void {
  if (sizeBytes > MAX_EXAMPLES_BYTES) {
    throw rejected(
      `${fileName} is ${sizeBytes} bytes; the limit for examples is ${MAX_EXAMPLES_BYTES}`,
    );
  }
}

function rejected(reason: string): Failure {
  return new Failure('ArtifactRejected', reason, {
    fix: 'Write one example to a line: {"request": {"inputs": [[1, 2]]}, "truth": "cat"}.',
  });
}
