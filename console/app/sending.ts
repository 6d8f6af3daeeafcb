import { parsed } from '../look/json.ts';
import { type Api, ApiError } from './api.ts';
import { pause } from './feed.ts';

/** An object on its way to the bucket; `uploadId` names its pieces for the control API. */
export type Sending = {
  readonly key: string;
  readonly file: File | null;
  readonly uploadId: string;
};

type Uploaded = { readonly deploymentId: string | null };
type Refused = { readonly error?: string; readonly fix?: string };
type Progress = { readonly offset: number; readonly uploaded: Uploaded | null };

type Way = {
  readonly signal: AbortSignal;
  /** Called with the bytes that have arrived, as far as is known. */
  sent(bytes: number): void;
  /** Called when the connection is lost. */
  waits(): void;
};

// A smaller file is sent again from its beginning sooner than it is asked how far it is.
const PIECED_BYTES = 4 * 2 ** 20;
const AGAIN_MS = 1000;

/** Sends an object, and goes on as often as it takes where the connection is lost. An upload that was refused is not sent again, nor one whose file has changed meanwhile: the rest of it would belong to other bytes. */
export async function sendObject(api: Api, sending: Sending, way: Way): Promise<Uploaded> {
  const { file } = sending;
  const isPieced = file !== null && file.size >= PIECED_BYTES;
  const isChanged = changesOf(file);
  const stop = new AbortController();
  const watched: Way = {
    ...way,
    signal: AbortSignal.any([way.signal, stop.signal]),
    sent(bytes) {
      if (isChanged()) stop.abort();
      else way.sent(bytes);
    },
  };
  for (;;) {
    try {
      return await (isPieced
        ? goOn(api, { ...sending, file }, watched)
        : putWhole(api, sending, watched));
    } catch (error) {
      if (way.signal.aborted) throw error;
      if (file !== null && (isChanged() || !(await isReadable(file)))) throw changed(file);
      const isLost = error instanceof ApiError && [0, 409].includes(error.status);
      if (!isLost) throw error;
      way.waits();
      await pause(AGAIN_MS, way.signal);
    }
  }
}

/** Tells whether a file is another one than now: some browsers read it as it is on the disk (https://w3c.github.io/FileAPI/#snapshot-state). */
function changesOf(file: File | null): () => boolean {
  if (file === null) return () => false;
  const { size, lastModified } = file;
  return () => file.size !== size || file.lastModified !== lastModified;
}

/** Other browsers, and all where it is gone, report a changed file as a lost connection, and cannot read it. */
function isReadable(file: File): Promise<boolean> {
  return file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );
}

function changed({ name }: File): ApiError {
  return new ApiError(`${name} was changed, moved or removed while it was uploaded`, {
    status: 400,
    fix: 'Drop it again once it is whole.',
  });
}

function putWhole(api: Api, { key, file }: Sending, way: Way): Promise<Uploaded> {
  const path = `objects/${key.split('/').map(encodeURIComponent).join('/')}`;
  return put<Uploaded>(api, path, file ?? new Blob([]), way);
}

/** Sends what has not arrived yet. */
async function goOn(
  api: Api,
  { key, file, uploadId }: Sending & { readonly file: File },
  way: Way,
): Promise<Uploaded> {
  const path = `uploads/${uploadId}`;
  const { offset, uploaded } = await api.json<Progress>(path, { signal: way.signal });
  if (uploaded) return uploaded;
  way.sent(offset);
  const query = new URLSearchParams({ key, totalBytes: `${file.size}`, offset: `${offset}` });
  const { uploaded: whole } = await put<Progress>(api, `${path}?${query}`, file.slice(offset), {
    ...way,
    sent: (bytes) => way.sent(offset + bytes),
  });
  if (whole) return whole;
  throw new ApiError('the connection was lost', { status: 0, fix: '' });
}

/** `fetch` does not report how much has been sent, so this is an XMLHttpRequest. */
function put<Answer>(api: Api, path: string, body: Blob, { signal, sent }: Way): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', path);
    request.setRequestHeader('authorization', `Bearer ${api.token}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded }) => sent(loaded);
    request.onload = () => {
      const answer = parsed(request.responseText);
      // A proxy's own page while Slipway starts again.
      if (answer === undefined) return reject(lostAt(request.status));
      if (request.status < 300) return resolve(answer as Answer);
      const { error = `the upload was refused (${request.status})`, fix = '' } = answer as Refused;
      reject(new ApiError(error, { status: request.status, fix }));
    };
    request.onerror = () => reject(lostAt(0));
    request.onabort = () => reject(lostAt(0));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

/** The gateway errors of proxies pass by; any other answer that is no JSON is final. */
function lostAt(status: number): ApiError {
  const passes = [0, 502, 503, 504].includes(status);
  return new ApiError(
    passes ? 'the connection was lost' : `the upload was refused (${status}) by a proxy`,
    { status: passes ? 0 : status, fix: '' },
  );
}
