import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { controlClient } from '#control/client.ts';
import { type MachineControl, machineOperations } from '#control/operations.ts';
import type { Slipway, Upload, Uploaded } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { askedOf, type Control, findInstance, healthOf, type Instance, lost } from './client.ts';

/** The Slipway that runs on a data folder of this machine. Fails as `findInstance` does. */
export async function openOneMachine(dataDir: string): Promise<Slipway> {
  return oneMachineAt(await findInstance(dataDir));
}

/** The Slipway of these addresses, by its control API. */
export function oneMachineAt({ gateway, ...at }: Omit<Instance, 'pid'>): Slipway {
  const control = machineControl(at);
  return {
    ...control,
    endpoint: (model) => `${gateway}/models/${model}`,
    walls: async () => (await healthOf(at)).walls ?? null,
    upload: (upload) => put(control, upload),
  };
}

/** All that the control API of one machine does. Fails with `PlatformUnavailable` where it no longer answers. */
export function machineControl(at: Control): MachineControl {
  const control = controlClient(machineOperations, (path, asking) => askedOf(at, path, asking));
  return {
    ...control,
    readEvents: async (...asked) => untilLost(await control.readEvents(...asked)),
  };
}

/** `fetch` ends a stream whose connection has failed with a TypeError. */
async function* untilLost<Item>(items: AsyncGenerator<Item, void>): AsyncGenerator<Item, void> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof TypeError) lost(error);
    throw error;
  }
}

/** Whether more or less came of a file than it was long when its upload began: then nothing of it is kept. */
function isOfAnotherLength(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isThat = 'code' in error && error.code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH';
  return isThat || isOfAnotherLength(error.cause);
}

async function put(
  { putObject }: Pick<MachineControl, 'putObject'>,
  { key, file, signal, onSent }: Upload,
): Promise<Uploaded> {
  const sizeBytes = file === null ? 0 : (await stat(file)).size;
  const content = file === null ? Readable.from([]) : createReadStream(file);
  // Before anybody listens: what is read from then on goes to both.
  const bytes = Readable.toWeb(content);
  let sentBytes = 0;
  content.on('data', (chunk: Buffer) => {
    sentBytes += chunk.length;
    onSent(sentBytes);
  });
  try {
    return await putObject({ key, bytes, sizeBytes }, signal);
  } catch (cause) {
    if (isOfAnotherLength(cause)) {
      throw new Failure('InputInvalid', `${file} changed while it was uploaded`, {
        cause,
        fix: 'Push it again once nothing writes to it any more.',
      });
    }
    if (!signal.aborted) throw cause;
    throw new Failure('PlatformUnavailable', `the upload of ${key} was stopped`, { cause });
  }
}
