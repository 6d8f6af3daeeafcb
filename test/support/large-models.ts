import { pickleOf } from './pickles.ts';
import { bytesOf } from './saved-models.ts';

/** What a file of one format begins and ends with; between the two it may be of any size, and of zeros. */
export type LargeModel = {
  readonly name: string;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
};

/** An integer in a pickle. */
export const number = (value: number) =>
  `\x8a\x07${Buffer.from(new BigUint64Array([BigInt(value)]).buffer).toString('latin1', 0, 7)}`;
const dtype = (code: string) =>
  `cnumpy\ndtype\n(V${code}\n\x89\x88tR(K\x03V|\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb`;
/** The announcement of an array by joblib. */
export const wrapper = (shape: string, code = 'u1') =>
  `cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(Vsubclass\ncnumpy\nndarray\nVshape\n${shape}Vorder\nVC\nVdtype\n${dtype(code)}Vallow_mmap\n\x89ub`;
const model = (state: string) =>
  `csklearn.svm._classes\nSVC\n)\x81}(V_sklearn_version\nV1.8.0\nVsupport_\n${state}ub.`;

/** A model of scikit-learn whose array has so many bytes, which are announced and never read. */
export function largeJoblib(arrayBytes: number): LargeModel {
  const [begin = '', end = ''] = model('ARRAY').split('ARRAY');
  const head = pickleOf(0x80, 4, begin, wrapper(`(${number(arrayBytes)}t`));
  return { name: 'model.joblib', head, tail: pickleOf(end) };
}

/** A file of XGBoost whose trees are cut off in the first, and then go on. */
export function largeXgboost(format: 'json' | 'ubj'): LargeModel {
  const [begins, goesOn] = {
    json: ['"trees":[', '"learner_model_param"'],
    ubj: ['trees[', 'L\0\0\0\0\0\0\0\x13learner_model_param'],
  }[format] as [string, string];
  const name = `multiclass-3.2.${format}`;
  const whole = bytesOf('xgboost', name);
  const cut = whole.indexOf(begins) + begins.length + 100;
  return { name, head: whole.subarray(0, cut), tail: whole.subarray(whole.indexOf(goesOn)) };
}

export function largeLightgbm(): LargeModel {
  const whole = bytesOf('lightgbm', 'multiclass-4.6.txt');
  const end = whole.indexOf('\nend of trees');
  return { name: 'model.txt', head: whole.subarray(0, end), tail: whole.subarray(end) };
}

export function largeCatboost(): LargeModel {
  const head = bytesOf('catboost', 'categorical-1.2.10.cbm');
  return { name: 'model.cbm', head, tail: Buffer.alloc(1) };
}
