import { Failure, type FailureName, failureName } from '#domain/failure.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { InspectOptions } from '#formats/inspect.ts';

/** The task of an inspection process. */
export type Inspection =
  | {
      readonly kind: 'files';
      readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
      readonly options: InspectOptions;
    }
  | { readonly kind: 'manifest'; readonly text: string; readonly fileName: string };

/** The messages of the process: reads, by file number, and its outcome; `failedRead` is the id of the read that ended it. */
export type ProcessMessage =
  | { readonly kind: 'begun' }
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly file: number;
      readonly start: number;
      readonly length: number;
    }
  | { readonly kind: 'done'; readonly value: unknown }
  | {
      readonly kind: 'failed';
      readonly name: FailureName | null;
      readonly message: string;
      readonly fix: string;
      readonly failedRead: number | null;
    };

/** The answer to a read; null where it failed. */
export type Answered = { readonly id: number; readonly bytes: Uint8Array | null };

/** The URL of this module, or of its bundle: the inspection process runs it again, with MARK as its argument. */
export const PROCESS: URL = new URL(import.meta.url);
export const MARK = '--slipway-inspection';

const waiting = new Map<number, (answered: Answered) => void>();
let reads = 0;

// The parent of such a process has this module too, and does without the ninety that read formats.
const readers = process.argv[2] === MARK ? loadReaders() : undefined;

if (readers && process.send) {
  process.on('message', async (message: Inspection | Answered) => {
    if ('id' in message) return waiting.get(message.id)?.(message);
    const loaded = await readers;
    tell({ kind: 'begun' });
    tell(await outcomeOf(message, loaded));
  });
  // Ctrl-C reaches the parent and this process: a running inspection finishes, unless the parent is gone.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit());
}

async function loadReaders() {
  const [{ inspectFiles }, { parseManifest }] = await Promise.all([
    import('#formats/inspect.ts'),
    import('#formats/manifest/manifest-yaml.ts'),
  ]);
  return { inspectFiles, parseManifest };
}

type Readers = Awaited<ReturnType<typeof loadReaders>>;

function tell(told: ProcessMessage): void {
  process.send?.(told);
}

async function outcomeOf(inspection: Inspection, readers: Readers): Promise<ProcessMessage> {
  try {
    return { kind: 'done', value: await resultOf(inspection, readers) };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): ProcessMessage {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const name = failureName(error) ?? null;
  return {
    kind: 'failed',
    name,
    message: name ? message : (stack ?? message),
    fix: error instanceof Failure ? error.fix : '',
    failedRead: error instanceof FailedRead ? error.id : null,
  };
}

async function resultOf(
  inspection: Inspection,
  { inspectFiles, parseManifest }: Readers,
): Promise<unknown> {
  if (inspection.kind === 'manifest') return parseManifest(inspection.text, inspection.fileName);
  const files = inspection.files.map(
    ({ name, sizeBytes }, file): ArtifactFile => ({
      name,
      sizeBytes,
      open: async () => ({
        sizeBytes,
        read: (start, length) => read({ file, start, length }),
      }),
    }),
  );
  return inspectFiles(files, inspection.options);
}

class FailedRead extends Error {
  readonly id: number;

  constructor(id: number) {
    super(`read ${id} failed`);
    this.id = id;
  }
}

type Range = { readonly file: number; readonly start: number; readonly length: number };

/** Asks the parent process to read, since only it can reach the files. */
function read(range: Range): Promise<Uint8Array> {
  reads += 1;
  const id = reads;
  return new Promise((resolve, reject) => {
    waiting.set(id, ({ bytes }) => {
      waiting.delete(id);
      if (bytes) resolve(bytes);
      else reject(new FailedRead(id));
    });
    tell({ kind: 'read', id, ...range });
  });
}
