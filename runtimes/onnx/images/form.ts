import { refusal } from '../refusal.ts';
import { messageOf } from '../values/json.ts';

/**
 * A form with pictures, as `curl -F image=@cat.jpg` sends it, in the shape of Hugging Face's inference API: one picture is the input,
 * several are a list, and the form's other fields are the parameters. Refuses with 400 what cannot be read, and a form without a file.
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
    throw refusal(
      400,
      'the form has no file; it takes an image, as `curl -F image=@FILE` sends it',
    );
  }
  return {
    inputs: inputs.length === 1 ? inputs[0] : inputs,
    parameters: Object.fromEntries(fields),
  };
}

async function read(bytes: Uint8Array, contentType: string): Promise<FormData> {
  const body = new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } });
  try {
    return await body.formData();
  } catch (error) {
    throw refusal(400, `the form cannot be read: ${messageOf(error)}`);
  }
}

function numberOr(text: string): string | number {
  return /^-?\d{1,9}$/.test(text) ? Number(text) : text;
}
