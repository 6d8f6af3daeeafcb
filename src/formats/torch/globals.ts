import called from '#formats/data/torch-called.json' with { type: 'json' };
import type { PickleGlobals } from '#formats/pickle/globals.ts';
import type { Uses } from '#formats/pickle/values.ts';

/** The storages of tensors: the protocol's name of their numbers, or torch's own, and the bytes of one number. */
export const STORAGES: Readonly<Record<string, readonly [dtype: string, bytes: number]>> = {
  FloatStorage: ['FP32', 4],
  DoubleStorage: ['FP64', 8],
  HalfStorage: ['FP16', 2],
  BFloat16Storage: ['BF16', 2],
  LongStorage: ['INT64', 8],
  IntStorage: ['INT32', 4],
  ShortStorage: ['INT16', 2],
  CharStorage: ['INT8', 1],
  ByteStorage: ['UINT8', 1],
  BoolStorage: ['BOOL', 1],
  QInt8Storage: ['qint8', 1],
  QUInt8Storage: ['quint8', 1],
  QInt32Storage: ['qint32', 4],
  ComplexFloatStorage: ['complex64', 8],
  ComplexDoubleStorage: ['complex128', 16],
};

const CALLED: readonly string[] = called;
const DTYPE =
  /^torch\.(float|bfloat|int|uint|complex|half|double|long|short|bool|strided|q(u?int8|int32)|per_(tensor|channel)_)\w*$/;
const CODE = /^__torch__(\.\w+)*$/;

const NO_USE: Uses = { call: false, make: false, fill: false };

/** The globals of a torch pickle: those of tensors are known, and with `hasCode` the classes whose code lies beside them. */
export type TorchGlobals = PickleGlobals & {
  /** The other names in the pickle, in order. */
  others(): readonly string[];
};

export function torchGlobals({ hasCode }: { readonly hasCode: boolean }): TorchGlobals {
  const others = new Set<string>();
  return {
    find(written, name) {
      // Python 2 used this name, and torch writes in Python 2's protocol.
      const module = written === '__builtin__' ? 'builtins' : written;
      const full = `${module}.${name}`;
      const uses = usesOf(full, hasCode);
      if (!uses) others.add(full);
      return { kind: 'global', module, name: full, uses: uses ?? NO_USE };
    },
    misuse: ({ name }) => void others.add(name),
    refuseUnknown() {},
    foreignRoots: () => [],
    ofScript: () => [],
    hasSearch: () => false,
    others: () => [...others],
  };
}

function usesOf(full: string, hasCode: boolean): Uses | undefined {
  if (CALLED.includes(full)) return { call: true, make: false, fill: full.endsWith('OrderedDict') };
  // The state of a quantized layer is a tuple, which TorchScript code takes.
  if (hasCode && CODE.test(full)) {
    return { call: false, make: true, fill: false, takesAnyState: true };
  }
  const [, storage = ''] = /^torch\.(\w+Storage)$/.exec(full) ?? [];
  return storage in STORAGES || full === 'torch.Tensor' || DTYPE.test(full) ? NO_USE : undefined;
}
