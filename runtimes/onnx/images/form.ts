import { refusal } from '../refusal.ts';
import { messageOf } from '../values/json.ts';
import { worded } from '../worded.ts';

// The Python server has the same limit.
const MOST_PARTS = 64;

/**
 * Turns a form with images, as `curl -F image=@cat.jpg` sends it, into a request of Hugging Face's inference API: one image is the input,
 * several are a list, and the form's other fields are the parameters. Refuses with 400 a form that cannot be read, has no file, or has more than 64 parts.
 */
export async function inferenceOfForm(bytes: Uint8Array, contentType: string): Promise<object> {
  const parts = [...(await read(bytes, contentType))];
  const files = parts.flatMap(([, value]) => (typeof value === 'string' ? [] : [value]));
  const fields = parts.flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, numberOr(value)] as const] : [],
  );
  const inputs = await Promise.all(
    files.map(async (file) => Buffer.from(await file.arrayBuffer()).toString('base64')),
  );
  if (inputs.length === 0) {
    throw refusal(400, worded('formWithoutFile'));
  }
  return {
    inputs: inputs.length === 1 ? inputs[0] : inputs,
    parameters: Object.fromEntries(fields),
  };
}

/** Refuses a form of so many parts that reading them would keep other requests waiting for seconds. */
function refuseManyParts(bytes: Uint8Array, contentType: string): void {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^\s;,"]+))/i.exec(contentType) ?? [];
  // A form without a boundary cannot be read.
  const boundary = quoted ?? plain;
  if (boundary === undefined) return;
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = `--${boundary}`;
  // The last one ends the form.
  let left = MOST_PARTS + 1;
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + 1)) left -= 1;
  if (left < 0) throw refusal(400, worded('tooManyParts', MOST_PARTS));
}

async function read(bytes: Uint8Array, contentType: string): Promise<FormData> {
  refuseManyParts(bytes, contentType);
  const body = new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } });
  try {
    return await body.formData();
  } catch (error) {
    throw refusal(400, worded('formUnreadable', messageOf(error)));
  }
}

function numberOr(text: string): string | number {
  return /^-?\d{1,9}$/.test(text) ? Number(text) : text;
}
