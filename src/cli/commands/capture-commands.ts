import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { Failure } from '#domain/failure.ts';
import { parseJson } from '#domain/parse-json.ts';
import { examples, openSlipway, type Place, placedCommand, show } from '../command.ts';
import { captureLines } from '../views/capture.ts';

/** Adds the commands for kept requests, on one machine and in AWS alike. */
export function addCaptureCommands(program: Command): void {
  addCapture(program);
  addFeedback(program);
}

type CaptureOptions = Place & { export?: string; forget?: string | true };

function addCapture(program: Command): void {
  placedCommand(
    program,
    'capture <model>',
    'Shows, exports or forgets the kept requests of clients (`capture` in model.yaml).',
  )
    .option('--export <file>', 'write the kept requests to a new file, one line of JSON for each')
    .option(
      '--forget [day]',
      'delete the keys that open the requests of a day, as 2026-01-31, or of all days',
    )
    .addHelpText(
      'after',
      examples(
        'slipway capture digits',
        'slipway capture digits --export requests.jsonl',
        'slipway capture digits --forget 2026-01-31',
      ),
    )
    .action(async (model: string, options: CaptureOptions) => {
      const slipway = await openSlipway(options);
      if (options.export !== undefined) {
        const requests = await writeLines(
          options.export,
          await slipway.exportCapture({ name: model }),
        );
        return show(options, { file: options.export, requests }, [
          `${requests} kept requests are in ${options.export}, readable by you alone`,
        ]);
      }
      if (options.forget !== undefined) {
        const { forget } = options;
        const day = forget === true || forget === 'all' ? undefined : forget;
        const asked = { name: model, ...(day !== undefined && { day }) };
        const forgotten = await slipway.forgetCapture(asked);
        return show(options, forgotten, [
          day === undefined
            ? 'No kept request can ever be opened again.'
            : `The requests of ${day} can never be opened again.`,
          'The live version cannot keep requests with a deleted key: deploy it again to keep requests.',
        ]);
      }
      const state = await slipway.readCapture({ name: model });
      show(options, state, captureLines(model, state));
    });
}

function addFeedback(program: Command): void {
  placedCommand(
    program,
    'feedback <model> [id] [truth]',
    'Records the correct answer to a kept request, which is named by the `x-request-id` of its answer.',
  )
    .option('--file <file>', 'many at once: one line of JSON for each, {"id": …, "truth": …}')
    .addHelpText(
      'after',
      examples(
        'slipway feedback iris 5f1c2a9e-7 setosa',
        'slipway feedback iris --file truth.jsonl',
      ),
    )
    .action(
      async (
        model: string,
        id: string | undefined,
        truth: string | undefined,
        options: Place & { file?: string },
      ) => {
        const content = feedback(id, truth, options.file);
        const slipway = await openSlipway(options);
        const bytes = Readable.toWeb(content);
        const asked = { name: model, bytes, sizeBytes: undefined };
        const { joined, unknown } = await slipway.giveFeedback(asked);
        process.exitCode = joined > 0 || unknown.length === 0 ? 0 : 1;
        show(options, { joined, unknown }, [
          `${joined} joined`,
          ...(unknown.length > 0
            ? [
                `${unknown.length} not joined, since no kept request has the id ${unknown.slice(0, 3).join(', ')}`,
              ]
            : []),
        ]);
      },
    );
}

function feedback(
  id: string | undefined,
  truth: string | undefined,
  file: string | undefined,
): Readable {
  if (file !== undefined && id === undefined) return createReadStream(file);
  if (file === undefined && id !== undefined && truth !== undefined) {
    return Readable.from([Buffer.from(JSON.stringify({ id, truth: truthOf(truth) }))]);
  }
  throw new Failure('InputInvalid', 'feedback takes an id and a truth, or --file', {
    fix: 'See `slipway feedback --help`.',
  });
}

/** JSON where it is JSON, else the text itself. */
function truthOf(text: string): unknown {
  const value = parseJson(text);
  return value === undefined ? text : value;
}

/** Writes a file that only its owner may read, and that was not there. */
async function writeLines(path: string, items: AsyncIterable<unknown>): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  let count = 0;
  try {
    for await (const item of items) {
      await file.write(`${JSON.stringify(item)}\n`);
      count += 1;
    }
  } finally {
    await file.close();
  }
  return count;
}
