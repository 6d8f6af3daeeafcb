import type { FileFormat } from './format.ts';

/** A kind of file that holds a model or an archive of one, and all by which it is told from others. */
export type KnownFile = {
  /** What messages call it. */
  readonly what: string;
  /** The format that it is served as; null of an archive, and of what is recognised alone. */
  readonly format: FileFormat | null;
  /** Endings that are its own; behind each of them may stand one of `compressions`. */
  readonly endings: readonly string[];
  readonly compressions?: readonly string[];
  /** Endings which other kinds of files have too, so that the first bytes tell. */
  readonly shared?: readonly string[];
  /** Endings by which it is known among other files, and which start no deployment. */
  readonly inside?: readonly string[];
  /** What the whole name may be, in a folder. */
  readonly fileName?: string;
  /** Of the first bytes, in hex: `magic` is no other's, `hint` is. */
  readonly magic?: RegExp;
  readonly hint?: RegExp;
  /** It holds a model in files of its own. */
  readonly isArchive?: true;
  /** What its owner can do, where it is not served; undefined where it is. */
  readonly fix?: string;
};

const COMPRESSIONS: readonly string[] = ['.gz', '.z', '.bz2', '.xz', '.lzma', '.lz4'];
const PICKLE = /^800[2-5]/;
const ZIP = /^504b0304/;

export const PREDICT =
  'a predict.py that loads it (`slipway inspect PATH --write-predict` writes one)';
/** The way out that there is for every model. */
export const BY_CODE = `put it in a folder with ${PREDICT}`;

const TORCH = `Export it with torch.onnx.export and upload the .onnx file, or ${BY_CODE}.`;
export const TENSORFLOW = `Convert it to ONNX with tf2onnx and upload the .onnx file, or ${BY_CODE}.`;
export const HUGGING_FACE = `Export it with \`optimum-cli export onnx\` and upload the result, or ${BY_CODE}.`;

/** Of two that have the same first bytes the one whose ending the file has is meant, else the last: it is the plainest. */
export const KNOWN_FILES: readonly KnownFile[] = [
  { what: 'an ONNX model', format: 'onnx', endings: ['.onnx'] },
  {
    what: 'a joblib dump',
    format: 'sklearn',
    endings: ['.joblib'],
    compressions: COMPRESSIONS,
    magic: PICKLE,
    hint: /^78(01|5e|9c|da)/,
  },
  {
    what: 'a pickle',
    format: 'sklearn',
    endings: ['.pkl', '.pickle'],
    compressions: COMPRESSIONS,
    magic: PICKLE,
  },
  { what: 'a skops archive', format: 'skops', endings: ['.skops'], hint: ZIP },
  {
    what: 'a PyTorch file',
    format: null,
    endings: ['.pt', '.pth', '.pt2', '.ckpt'],
    inside: ['.ts'],
    magic: /^80028a0a6cfc/,
    hint: ZIP,
    fix: TORCH,
  },
  { what: 'a TorchServe archive', format: null, endings: ['.mar'], hint: ZIP, fix: TORCH },
  { what: 'a Keras model', format: null, endings: ['.keras'], hint: ZIP, fix: TENSORFLOW },
  { what: 'a zip archive', format: null, isArchive: true, endings: ['.zip'], hint: ZIP },
  { what: 'a tar archive', format: null, isArchive: true, endings: ['.tar'] },
  {
    what: 'a gzip archive',
    format: null,
    isArchive: true,
    endings: ['.tar.gz', '.tgz'],
    inside: ['.gz'],
    hint: /^1f8b/,
  },
  {
    what: 'an HDF5 file',
    format: null,
    endings: ['.h5', '.hdf5'],
    magic: /^894844460d0a1a0a/,
    fix: TENSORFLOW,
  },
  {
    what: 'a TensorFlow Lite model',
    format: null,
    endings: ['.tflite'],
    magic: /^.{8}54464c33/,
    fix: TENSORFLOW,
  },
  { what: 'a TensorFlow model', format: null, endings: ['.pb'], fix: TENSORFLOW },
  {
    what: 'a GGUF model',
    format: 'gguf',
    endings: ['.gguf'],
    magic: /^47475546/,
  },
  {
    what: 'a safetensors file',
    format: null,
    endings: ['.safetensors'],
    magic: /^.{8}000000007b/,
    fix: HUGGING_FACE,
  },
  {
    what: 'an XGBoost model',
    format: 'xgboost',
    endings: ['.ubj', '.bst', '.xgb'],
    shared: ['.json', '.model'],
    inside: ['.deprecated'],
    fileName: 'xgboost-model',
    // `{"learner"` with white space, the same in UBJSON; `binf` and `bs64` of before 1.0.
    magic: /^(7b(09|0a|0d|20)*226c6561726e6572|7b4c0{14}076c6561726e6572|62696e66|62733634)/,
  },
  {
    what: 'a LightGBM model',
    format: 'lightgbm',
    endings: ['.lgb', '.lgbm', '.lightgbm'],
    shared: ['.txt'],
    magic: /^74726565(0d)?0a76657273696f6e3d/,
  },
  {
    what: 'a CatBoost model',
    format: 'catboost',
    endings: ['.cbm', '.cb'],
    magic: /^43424d31/,
  },
  {
    what: 'a Git LFS pointer, not the model itself',
    format: null,
    endings: [],
    magic: /^76657273696f6e2068747470733a2f2f6769742d6c6673/,
    fix: 'Run `git lfs pull` and upload the file it brings.',
  },
];

/** The endings of a kind that say what it is, with those that a compressed one has. */
export function ownEndings({ endings, compressions = [] }: KnownFile): readonly string[] {
  return [...endings, ...endings.flatMap((ending) => compressions.map((each) => ending + each))];
}

/** Whether a file has one of the endings, and more than that: in whatever case they are written. */
export function endsIn(file: string, endings: readonly string[]): boolean {
  const lower = file.toLowerCase();
  return endings.some((ending) => lower.length > ending.length && lower.endsWith(ending));
}
