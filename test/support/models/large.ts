import { pickleOf } from './pickles.ts';
import { bytesOf } from './saved.ts';

/** The begin and end of a file of one format; the zeros between the two may be of any size. */
export type LargeModel = {
  readonly name: string;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
};

type Parts = {
  readonly head: Uint8Array;
  /** The tree of that number. */
  readonly tree: (number: number) => Uint8Array;
  readonly tail: Uint8Array;
};

/** A file between whose ends the same tree repeats, with another number each time. */
export type Repeated = Parts & { readonly name: string; readonly trees: number };

export function wholeOf({ head, tree, trees, tail }: Repeated): Buffer {
  return Buffer.concat([head, ...Array.from({ length: trees }, (_, at) => tree(at)), tail]);
}

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

/** A booster of XGBoost with the same tree so often. */
export function largeXgboost(format: 'json' | 'ubj', trees: number): Repeated {
  const name = `multiclass-3.2.${format}`;
  const whole = bytesOf('xgboost', name);
  const parts = format === 'json' ? partsOfJson(whole) : partsOfUbjson(whole, trees);
  return { name, trees, ...parts };
}

function partsOfJson(whole: Uint8Array): Parts {
  const saved = JSON.parse(Buffer.from(whole).toString());
  const [{ id: _, ...first }] = saved.learner.gradient_booster.model.trees;
  saved.learner.gradient_booster.model.trees = ['TREES'];
  const [begin = '', end = ''] = JSON.stringify(saved).split('"TREES"');
  const rest = JSON.stringify(first).slice(1);
  const tree = (id: number) => Buffer.from(`${id === 0 ? '' : ','}{"id":${id},${rest}`);
  return { head: Buffer.from(begin), tree, tail: Buffer.from(end) };
}

const COUNT_BYTES = 8;
const ID = 'L\0\0\0\0\0\0\0\x02id';

/** The trees come last in the model, after their number. */
function partsOfUbjson(bytes: Uint8Array, trees: number): Parts {
  const whole = Buffer.from(bytes);
  const first = whole.indexOf('trees[#L') + 'trees[#L'.length + COUNT_BYTES;
  const second = whole.indexOf('{L\0\0\0\0\0\0\0\x0cbase_weights', first + 1, 'latin1');
  const last = whole.indexOf('}L\0\0\0\0\0\0\0\x04name', second, 'latin1');
  const head = Buffer.from(whole.subarray(0, first));
  head.writeBigUInt64BE(BigInt(trees), first - COUNT_BYTES);
  // Behind it a letter for its type, and one byte.
  const idAt = whole.indexOf(ID, first, 'latin1') + ID.length;
  const [before, behind] = [whole.subarray(first, idAt), whole.subarray(idAt + 2, second)];
  const tree = (id: number) => {
    const written = Buffer.from('l\0\0\0\0');
    written.writeInt32BE(id, 1);
    return Buffer.concat([before, written, behind]);
  };
  return { head, tree, tail: whole.subarray(last) };
}

/** A booster of LightGBM with the same tree so often, each under its number. */
export function wholeLightgbm(trees: number): Uint8Array {
  const whole = Buffer.from(bytesOf('lightgbm', 'multiclass-4.6.txt')).toString();
  const [head = '', tree = '', ...rest] = whole.split(/Tree=\d+(?=\n)/);
  const written = Array.from({ length: trees }, (_, at) => `Tree=${at}${tree}`);
  const sizes = written.map(({ length }) => length).join(' ');
  const tail = rest.at(-1) ?? '';
  return Buffer.from(
    [
      head.replace(/^tree_sizes=.*$/m, `tree_sizes=${sizes}`),
      ...written,
      tail.slice(tail.indexOf('end of trees')),
    ].join(''),
  );
}

export function largeCatboost(): LargeModel {
  const head = bytesOf('catboost', 'categorical-1.2.10.cbm');
  return { name: 'model.cbm', head, tail: Buffer.alloc(1) };
}
