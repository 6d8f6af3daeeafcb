import { type Api, ApiError } from './api.ts';
import { pause } from './feed.ts';
import { store } from './store.ts';

/** One file of a drop; `path` is its path in the folder, or its name. */
export type Part = { readonly path: string; readonly file: File | null };

/** A file or a folder that somebody dropped, before it is sent. */
export type Dropped = {
  readonly id: number;
  readonly title: string;
  readonly isFolder: boolean;
  readonly parts: readonly Part[];
  readonly sizeBytes: number;
};

/** A drop on its way. `deploymentId` is known once all of it has arrived. */
export type Upload = {
  readonly id: number;
  readonly model: string;
  readonly title: string;
  readonly totalBytes: number;
  readonly sentBytes: number;
  readonly state: 'sends' | 'waits' | 'sent' | 'failed' | 'stopped';
  readonly reason: string;
  readonly fix: string;
  readonly deploymentId: string | null;
};

export const uploads = store<readonly Upload[]>([]);
const stops = new Map<number, AbortController>();

/** The best model name for a dropped file or folder. */
export function nameFor(title: string): string {
  const bare = title.replace(/\.tar\.gz$|\.[^.]+$/, '') || title;
  return bare
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
}

export const MODEL_NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

let lastId = 0;
export const nextId = (): number => {
  lastId += 1;
  return lastId;
};

/** Sends a drop below a model's name: its manifest comes last, since it starts the deployment of a folder. `manifest` is the text of one that a person filled in. */
export async function send(
  api: Api,
  { id, title, isFolder, parts, sizeBytes }: Dropped,
  { model, manifest }: { readonly model: string; readonly manifest: string },
): Promise<void> {
  const folder = `models/${model}/${isFolder ? `${title}/` : ''}`;
  const objects = inOrder(parts, { isFolder, manifest, title }).map(({ path, file }) => ({
    key: folder + path,
    file,
  }));
  const stop = new AbortController();
  stops.set(id, stop);
  let sent = 0;
  const change = (changes: Partial<Upload>) =>
    uploads.set(uploads.get().map((each) => (each.id === id ? { ...each, ...changes } : each)));
  uploads.set([
    {
      id,
      model,
      title,
      totalBytes: sizeBytes,
      sentBytes: 0,
      state: 'sends',
      reason: '',
      fix: '',
      deploymentId: null,
    },
    ...uploads.get(),
  ]);
  try {
    let deploymentId: string | null = null;
    for (const { key, file } of objects) {
      const before = sent;
      const answer = await persistently({
        put: () =>
          put(api, key, file, stop.signal, (bytes) =>
            change({ sentBytes: before + bytes, state: 'sends' }),
          ),
        waits: () => change({ state: 'waits' }),
        signal: stop.signal,
      });
      sent += file?.size ?? 0;
      deploymentId = answer.deploymentId;
    }
    change({ state: 'sent', sentBytes: sizeBytes, deploymentId });
  } catch (error) {
    if (stop.signal.aborted) return change({ state: 'stopped' });
    const { message, fix } =
      error instanceof ApiError ? error : new ApiError(String(error), { status: 0, fix: '' });
    change({ state: 'failed', reason: message, fix });
  } finally {
    stops.delete(id);
  }
}

export function stopUpload(id: number): void {
  stops.get(id)?.abort();
}

/** A folder ends with its `model.yaml`, empty where it has none; a single file has its manifest beside it, before it. */
function inOrder(
  parts: readonly Part[],
  { isFolder, manifest, title }: { isFolder: boolean; manifest: string; title: string },
): readonly Part[] {
  const filled = manifest && new File([manifest], 'model.yaml');
  if (!isFolder) return [...(filled ? [{ path: `${title}.yaml`, file: filled }] : []), ...parts];
  const own = parts.find(({ path }) => path === 'model.yaml');
  return [
    ...parts.filter((part) => part !== own),
    { path: 'model.yaml', file: filled || own?.file || null },
  ];
}

const AGAIN_MS = 1000;

/** Sends again, as often as it takes, where the connection is lost. An upload that was refused is not sent again. */
async function persistently<Answer>({
  put,
  waits,
  signal,
}: {
  put: () => Promise<Answer>;
  waits: () => void;
  signal: AbortSignal;
}): Promise<Answer> {
  for (;;) {
    try {
      return await put();
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError) || error.status !== 0) throw error;
      waits();
      await pause(AGAIN_MS, signal);
    }
  }
}

/** `fetch` does not report how much has been sent, so this is an XMLHttpRequest. */
function put(
  api: Api,
  key: string,
  file: File | null,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<{ deploymentId: string | null }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `objects/${key.split('/').map(encodeURIComponent).join('/')}`);
    request.setRequestHeader('authorization', `Bearer ${api.token}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => {
      const answer = read(request.responseText);
      if (request.status < 300) return resolve({ deploymentId: answer.deploymentId ?? null });
      const { error = `the upload was refused (${request.status})`, fix = '' } = answer;
      reject(new ApiError(error, { status: request.status, fix }));
    };
    request.onerror = () => reject(new ApiError('the connection was lost', { status: 0, fix: '' }));
    request.onabort = () => reject(new ApiError('stopped', { status: 0, fix: '' }));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file ?? new Blob([]));
  });
}

function read(text: string): { deploymentId?: string | null; error?: string; fix?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Reads the files of a drop; each file or folder at its top is a drop by itself. */
export async function droppedOf(transfer: DataTransfer): Promise<readonly Dropped[]> {
  // They are gone once anything is awaited.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  return (await Promise.all(entries.map(droppedEntry))).filter(({ parts }) => parts.length > 0);
}

async function droppedEntry(entry: FileSystemEntry): Promise<Dropped> {
  const isFolder = entry.isDirectory;
  const files = await filesOf(entry);
  const parts = files.map(({ path, file }) => ({
    path: isFolder ? path.slice(entry.name.length + 1) : path,
    file,
  }));
  return dropOf(entry.name, isFolder, parts);
}

/** Reads the files that somebody chose by a button: single files, or all files of one folder. */
export function chosenOf(files: readonly File[]): readonly Dropped[] {
  const [first] = files;
  const folder = first?.webkitRelativePath.split('/')[0];
  if (folder) {
    const parts = files
      .map((file) => ({ path: file.webkitRelativePath.slice(folder.length + 1), file }))
      .filter(({ path }) => !isHidden(path));
    return parts.length > 0 ? [dropOf(folder, true, parts)] : [];
  }
  return files.map((file) => dropOf(file.name, false, [{ path: file.name, file }]));
}

function dropOf(title: string, isFolder: boolean, parts: readonly Part[]): Dropped {
  const sizeBytes = parts.reduce((sum, { file }) => sum + (file?.size ?? 0), 0);
  return { id: nextId(), title, isFolder, parts, sizeBytes };
}

/** As the bucket folder does, hidden files are left out. */
const isHidden = (path: string) => path.split('/').some((part) => part.startsWith('.'));

async function filesOf(entry: FileSystemEntry, prefix = ''): Promise<readonly Part[]> {
  const path = prefix + entry.name;
  if (entry.name.startsWith('.')) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Part[] = [];
  for (;;) {
    // A browser answers a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return found;
    for (const each of some) found.push(...(await filesOf(each, `${path}/`)));
  }
}
