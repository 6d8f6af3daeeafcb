import { readInference } from '../language/inference-api.ts';
import { textOf } from '../serving/body.ts';
import type { Call, Reply } from '../serving/route.ts';
import { parseJson } from '../values/json.ts';
import { inferenceOfForm } from './form.ts';
import type { ImageModel } from './model.ts';

const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/jpg', 'image/webp'] as const;
// The content types that clients declare for bytes of an unknown kind.
const BYTES = 'application/octet-stream';
const FORM = 'multipart/form-data';

/** The answer to `/invocations` with an image as the body or in a form, or with several in a request of Hugging Face's inference API; undefined for a body in another form, which the call then still has. */
export async function imagesReply(
  call: Call,
  { task, labelled }: ImageModel,
): Promise<{ readonly reply: Reply | undefined; readonly call: Call }> {
  const type = call.type('text/csv', BYTES, FORM, ...IMAGE_TYPES);
  const bytes = await call.body();
  const kept = { ...call, body: async () => bytes };
  if (type === 'text/csv') return { reply: undefined, call: kept };
  const asked = { isGone: call.isGone, cut: 0 };
  if (type === BYTES || type.startsWith('image/') || isImage(bytes))
    return answered(await labelled(bytes, asked), kept);
  const body =
    type === FORM
      ? await inferenceOfForm(bytes, call.header('content-type') ?? '')
      : parseJson(textOf(bytes));
  const request = readInference(body, { task });
  if (!request) return { reply: undefined, call: kept };
  const answers = await task.answers(request.items, request.parameters, asked);
  return answered(request.isOne ? answers[0] : answers, kept);
}

// The first bytes of PNG, JPEG, WebP and GIF, in Latin-1: requests declares no type for a file in the body, and curl declares form fields.
const STARTS = ['\x89PNG', '\xff\xd8\xff', 'RIFF', 'GIF8'];

function isImage(bytes: Uint8Array): boolean {
  const begin = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  return STARTS.some((start) => begin.startsWith(start));
}

function answered(answer: unknown, call: Call) {
  return { reply: { status: 200, body: JSON.stringify(answer) }, call };
}
