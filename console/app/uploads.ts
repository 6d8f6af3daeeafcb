import { type Api, ApiError } from './api.ts';
import type { Dropped, Part } from './dropped.ts';
import { sendObject } from './sending.ts';
import { readSoon } from './state.ts';
import { store } from './store.ts';

/** A drop on its way. `deploymentId` is known once all of it has arrived. An interrupted one goes on once its files are chosen again: a browser forgets them with the page. */
export type Upload = {
  readonly id: string;
  readonly model: string;
  readonly title: string;
  readonly isFolder: boolean;
  /** The text of a manifest that a person filled in. */
  readonly manifest: string;
  readonly totalBytes: number;
  readonly sentBytes: number;
  readonly files: readonly FileSent[];
  readonly state: 'queued' | 'sends' | 'waits' | 'sent' | 'failed' | 'stopped' | 'interrupted';
  readonly reason: string;
  readonly fix: string;
  readonly deploymentId: string | null;
};

/** A file of a drop: what tells it from others, and whether all of it has arrived. */
type FileSent = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly uploadId: string;
  readonly isSent: boolean;
};

const KEY = 'slipway-uploads';
const stops = new Map<string, AbortController>();

// A browser has six connections to a host of HTTP/1.1: events and answers need some of them meanwhile.
const AT_ONCE = 3;
let sending = 0;
const waiting: (() => void)[] = [];

/** Resolves once fewer than three others are sent. */
async function turn(): Promise<void> {
  sending += 1;
  if (sending > AT_ONCE) await new Promise<void>((begin) => waiting.push(begin));
}

function endTurn(): void {
  sending -= 1;
  waiting.shift()?.();
}

/** The uploads of this tab, newest first, also those of before it was loaded again. */
export const uploads = store<readonly Upload[]>(kept());

function kept(): readonly Upload[] {
  const known: readonly Upload[] = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
  return known.map((each) => (isOnItsWay(each) ? { ...each, state: 'interrupted' } : each));
}

export function isOnItsWay({ state }: Upload): boolean {
  return state === 'queued' || state === 'sends' || state === 'waits';
}

function keep(): void {
  const unfinished = uploads.get().filter(({ state }) => state !== 'sent');
  sessionStorage.setItem(KEY, JSON.stringify(unfinished));
}

addEventListener('pagehide', keep);

type Choices = { readonly model: string; readonly manifest: string };

/** Sends a drop below a model's name: its manifest comes last, since it starts the deployment of a folder. */
export function send(api: Api, dropped: Dropped, { model, manifest }: Choices): Promise<void> {
  const { title, isFolder, sizeBytes } = dropped;
  const parts = inOrder(dropped, manifest);
  const upload: Upload = {
    id: crypto.randomUUID(),
    model,
    title,
    isFolder,
    manifest,
    totalBytes: sizeBytes,
    sentBytes: 0,
    files: parts.map(fileOf),
    state: 'queued',
    reason: '',
    fix: '',
    deploymentId: null,
  };
  uploads.set([upload, ...uploads.get()]);
  return sendFiles(api, upload, parts);
}

/** Goes on with the interrupted upload of these very files; false where there is none. */
export function resume(api: Api, dropped: Dropped): boolean {
  const upload = uploads.get().find((each) => isOf(each, dropped));
  if (!upload) return false;
  void sendFiles(api, upload, inOrder(dropped, upload.manifest));
  return true;
}

function isOf(upload: Upload, dropped: Dropped): boolean {
  if (upload.state !== 'interrupted' || upload.title !== dropped.title) return false;
  const files = inOrder(dropped, upload.manifest).map(fileOf);
  return (
    files.length === upload.files.length &&
    files.every((file, index) => {
      const before = upload.files[index];
      if (before?.path !== file.path || before.sizeBytes !== file.sizeBytes) return false;
      // A form's manifest is written anew each time.
      const isWritten = upload.manifest !== '' && file.path === manifestPath(dropped);
      return isWritten || before.modifiedMs === file.modifiedMs;
    })
  );
}

async function sendFiles(api: Api, upload: Upload, parts: readonly Part[]): Promise<void> {
  const { id, title, model, isFolder, totalBytes } = upload;
  const folder = `models/${model}/${isFolder ? `${title}/` : ''}`;
  const stop = new AbortController();
  stops.set(id, stop);
  const change = (changes: Partial<Upload>) =>
    uploads.set(uploads.get().map((each) => (each.id === id ? { ...each, ...changes } : each)));
  let files = upload.files;
  let sent = 0;
  let deploymentId: string | null = null;
  change({ state: 'queued', reason: '', fix: '' });
  await turn();
  try {
    stop.signal.throwIfAborted();
    change({ state: 'sends' });
    for (const [index, { path, file }] of parts.entries()) {
      const { uploadId = '', isSent = false } = files[index] ?? {};
      const before = sent;
      sent += file?.size ?? 0;
      if (isSent) continue;
      ({ deploymentId } = await sendObject(
        api,
        { key: folder + path, file, uploadId },
        {
          signal: stop.signal,
          sent: (bytes) => change({ sentBytes: before + bytes, state: 'sends' }),
          waits: () => change({ state: 'waits' }),
        },
      ));
      files = files.map((each, at) => (at === index ? { ...each, isSent: true } : each));
      change({ files, sentBytes: sent });
    }
    change({ state: 'sent', sentBytes: totalBytes, deploymentId });
    // A drop that starts nothing is told of at most once a minute.
    readSoon(api);
  } catch (error) {
    if (stop.signal.aborted) return change({ state: 'stopped' });
    const { message, fix } =
      error instanceof ApiError ? error : new ApiError(String(error), { status: 0, fix: '' });
    change({ state: 'failed', reason: message, fix });
  } finally {
    stops.delete(id);
    endTurn();
  }
}

export function stopUpload(id: string): void {
  stops.get(id)?.abort();
  // One that waits for its turn learns of it only then.
  uploads.set(uploads.get().map((each) => (each.id === id ? { ...each, state: 'stopped' } : each)));
}

export function forgetUpload(id: string): void {
  uploads.set(uploads.get().filter((each) => each.id !== id));
}

function fileOf({ path, file }: Part): FileSent {
  return {
    path,
    sizeBytes: file?.size ?? 0,
    modifiedMs: file?.lastModified ?? 0,
    uploadId: crypto.randomUUID(),
    isSent: false,
  };
}

/** A folder ends with its `model.yaml`, empty where it has none; a single file has its manifest beside it, before it. */
function inOrder(dropped: Dropped, manifest: string): readonly Part[] {
  const { parts, isFolder } = dropped;
  const path = manifestPath(dropped);
  const filled = manifest && new File([manifest], 'model.yaml');
  if (!isFolder) return [...(filled ? [{ path, file: filled }] : []), ...parts];
  const own = parts.find((part) => part.path === path);
  return [...parts.filter((part) => part !== own), { path, file: filled || own?.file || null }];
}

function manifestPath({ isFolder, title }: Dropped): string {
  return isFolder ? 'model.yaml' : `${title}.yaml`;
}
