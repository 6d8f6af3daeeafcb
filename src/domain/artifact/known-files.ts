import { FOREIGN_FILES } from './foreign-files.ts';
import type { KnownFile } from './known-file.ts';

const COMPRESSIONS: readonly string[] = ['.gz', '.z', '.bz2', '.xz', '.lzma', '.lz4'];
const PICKLE = /^800[2-5]/;
const ZIP = /^504b0304/;

/** When two kinds match the same first bytes, the one with the file's ending wins, else the last, which is the most generic. */
export const KNOWN_FILES: readonly KnownFile[] = [
  ...FOREIGN_FILES,
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
    endings: ['.pkl', '.pickle', '.sav', '.dill', '.cloudpickle'],
    compressions: COMPRESSIONS,
    magic: PICKLE,
  },
  { what: 'a skops archive', format: 'skops', endings: ['.skops'], hint: ZIP },
  {
    what: 'a PyTorch file',
    format: 'torch',
    endings: ['.pt', '.pth', '.pt2', '.jit', '.ckpt'],
    magic: /^80028a0a6cfc/,
    hint: ZIP,
  },
  { what: 'a Keras model', format: 'keras', endings: ['.keras'], hint: ZIP },
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
    format: 'keras',
    endings: ['.h5', '.hdf5'],
    magic: /^894844460d0a1a0a/,
  },
  {
    what: 'a TensorFlow Lite model',
    format: 'tflite',
    endings: ['.tflite'],
    magic: /^.{8}54464c33/,
  },
  {
    what: 'a GGUF model',
    format: 'gguf',
    endings: ['.gguf'],
    magic: /^47475546/,
  },
  {
    what: 'an XGBoost model',
    format: 'xgboost',
    endings: ['.ubj', '.bst', '.xgb'],
    shared: ['.json', '.model'],
    inside: ['.deprecated'],
    fileName: 'xgboost-model',
    // `{"learner"` with optional white space, the same in UBJSON; `binf` and `bs64` from before 1.0.
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
];

/** The endings that identify a kind, including the compressed ones. */
export function ownEndings({ endings, compressions = [] }: KnownFile): readonly string[] {
  return [...endings, ...endings.flatMap((ending) => compressions.map((each) => ending + each))];
}

/** Whether a file's name has one of the endings, in any case, after at least one other character. */
export function endsIn(file: string, endings: readonly string[]): boolean {
  const lower = file.toLowerCase();
  return endings.some((ending) => lower.length > ending.length && lower.endsWith(ending));
}
