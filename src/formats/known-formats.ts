/** A format that is recognised where another is expected: what to call it, how to know it, and what its owner can do. */
export type KnownFormat = {
  readonly name: string;
  readonly extensions: readonly string[];
  /** Of the file's first bytes, in hex. */
  readonly magic?: RegExp;
  readonly fix: string;
  /** By its own name. */
  readonly isServed?: boolean;
};

const SERVED = {
  isServed: true,
  fix: 'It is served as it is: upload it under a name with its own ending.',
};
const TORCH = 'Export it with torch.onnx.export and upload the .onnx file.';
const TENSORFLOW = 'Convert it to ONNX with tf2onnx and upload the .onnx file.';
const HUGGING_FACE = 'Export it with `optimum-cli export onnx` and upload the result.';
const ZIP = /^504b0304/;

// Of two that share a magic, the one with the file's extension is meant, else the last: it is the plainest.
const KNOWN_FORMATS: readonly KnownFormat[] = [
  {
    name: 'a joblib dump',
    extensions: ['.joblib'],
    magic: /^(78(01|5e|9c|da)|800[2-5])/,
    ...SERVED,
  },
  { name: 'a pickle', extensions: ['.pkl', '.pickle'], magic: /^800[2-5]/, ...SERVED },
  { name: 'a skops archive', extensions: ['.skops'], magic: ZIP, ...SERVED },
  {
    name: 'a PyTorch file',
    extensions: ['.pt', '.pth', '.pt2', '.ckpt', '.ts'],
    magic: /^(504b0304|80028a0a6cfc)/,
    fix: TORCH,
  },
  { name: 'a TorchServe archive', extensions: ['.mar'], magic: ZIP, fix: TORCH },
  { name: 'a Keras model', extensions: ['.keras'], magic: ZIP, fix: TENSORFLOW },
  { name: 'a zip archive', extensions: ['.zip'], magic: ZIP, ...SERVED },
  {
    name: 'a gzip archive',
    extensions: ['.tar.gz', '.tgz', '.gz'],
    magic: /^1f8b/,
    ...SERVED,
  },
  {
    name: 'an HDF5 file',
    extensions: ['.h5', '.hdf5'],
    magic: /^894844460d0a1a0a/,
    fix: TENSORFLOW,
  },
  {
    name: 'a TensorFlow Lite model',
    extensions: ['.tflite'],
    magic: /^.{8}54464c33/,
    fix: TENSORFLOW,
  },
  { name: 'a TensorFlow model', extensions: ['.pb'], fix: TENSORFLOW },
  { name: 'a GGUF file', extensions: ['.gguf'], magic: /^47475546/, fix: HUGGING_FACE },
  {
    name: 'a safetensors file',
    extensions: ['.safetensors'],
    magic: /^.{8}000000007b/,
    fix: HUGGING_FACE,
  },
  {
    name: 'an XGBoost model',
    extensions: ['.ubj', '.bst'],
    magic: /^(7b4c0{14}076c6561726e6572|7b(20|0a)*226c6561726e6572|62696e66)/,
    ...SERVED,
  },
  {
    name: 'a LightGBM model',
    extensions: ['.lgb'],
    magic: /^747265650a76657273696f6e3d/,
    ...SERVED,
  },
  { name: 'a CatBoost model', extensions: ['.cbm'], magic: /^43424d31/, ...SERVED },
  {
    name: 'a Git LFS pointer, not the model itself',
    extensions: [],
    magic: /^76657273696f6e2068747470733a2f2f6769742d6c6673/,
    fix: 'Run `git lfs pull` and upload the file it brings.',
  },
];

/** How many of a file's first bytes `recognise` and `isText` look at. */
export const HEAD_BYTES = 512;

/** Known by its first bytes, or failing these by its name; undefined when it is none of the formats here. */
export function recognise(name: string, head: Uint8Array): KnownFormat | undefined {
  const hex = Buffer.from(head).toString('hex');
  const lower = name.toLowerCase();
  const byMagic = KNOWN_FORMATS.filter(({ magic }) => magic?.test(hex));
  const isNamed = ({ extensions }: KnownFormat) => extensions.some((end) => lower.endsWith(end));
  return byMagic.find(isNamed) ?? byMagic.at(-1) ?? KNOWN_FORMATS.find(isNamed);
}

/** True when no byte of the head is one that texts do not have. */
export function isText(head: Uint8Array): boolean {
  return head.every((byte) => (byte >= 0x20 && byte !== 0x7f) || WHITE_SPACE.has(byte));
}

const WHITE_SPACE: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d]);
