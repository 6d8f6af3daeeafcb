/** The ways a model server of this folder behaves; the names of its files. */
export const BEHAVIOURS = [
  'allocates',
  'answers',
  'answers-wrong',
  'breaks-when-told',
  'crashes-at-load',
  'crashes-in-use',
  'crashes-on-request',
  'echoes',
  'fails-one-in-ten',
  'floods-its-log',
  'freezes',
  'ignores-sigterm',
  'leaks',
  'loads-much',
  'never-ready',
  'pauses-when-told',
  'ponders',
  'slow',
  'waits-while-held',
] as const;

export type Behaviour = (typeof BEHAVIOURS)[number];

const MARK = 'behaves-like:';

/**
 * A model file whose server, if it is `any.ts`, behaves so. `bytes` may be a whole ONNX model, and stays one:
 * the mark is appended as its `doc_string` (field 6, under 128 bytes).
 */
export function behaving(behaviour: Behaviour, bytes: Uint8Array = new Uint8Array()): Uint8Array {
  const mark = Buffer.from(`${MARK}${behaviour};`);
  return Buffer.concat([bytes, Buffer.from([0x32, mark.length]), mark]);
}

/** Undefined for a file without a mark: it is to be served for real. */
export function behaviourOf(bytes: Uint8Array): string | undefined {
  return new RegExp(`${MARK}([a-z-]+);`).exec(Buffer.from(bytes).toString('latin1'))?.[1];
}
