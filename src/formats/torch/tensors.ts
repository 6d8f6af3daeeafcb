import { hostile, type PickleMachine } from '#formats/pickle/machine.ts';
import {
  type Instance,
  isCount,
  isInstance,
  isThing,
  isTuple,
  itemsOf,
  type Value,
} from '#formats/pickle/values.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { RESAVE, type TorchArchive } from './archive.ts';
import { STORAGES } from './globals.ts';

/** A tensor as a torch pickle describes it. */
export type TorchTensor = {
  /** The attributes and keys that lead to it, as in a state_dict: "encoder.0.weight". */
  readonly name: string;
  /** The class of the object whose attribute it is; empty for one in a dict alone. */
  readonly holder: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly storage: string;
  readonly itemBytes: number;
};

/** A storage is named by its class and the member that has its bytes. */
export function storageOf(machine: PickleMachine, id: Value): Value {
  const [what, named, key, , count] = itemsOf(id);
  const isKnown =
    isTuple(id) &&
    what === 'storage' &&
    isThing(named) &&
    named.kind === 'global' &&
    typeof key === 'string' &&
    isCount(count);
  if (!isKnown) throw hostile(machine, 'refers to something that is not the storage of a tensor');
  return { kind: 'instance', of: named, args: [key, count], attributes: new Map() };
}

/** Each tensor that a pickled object reaches, once. Fails with `ArtifactRejected` where one extends beyond its bytes. */
export function tensorsIn(
  root: Value,
  archive: TorchArchive,
  folder: string,
): readonly TorchTensor[] {
  const found: TorchTensor[] = [];
  const seen = new Set<Value>();
  const left: Reached[] = [{ value: root, way: null, holder: '' }];
  while (left.length > 0) {
    const { value, way, holder } = left.pop() ?? { value: null, way: null, holder: '' };
    if (!isThing(value) || seen.has(value)) continue;
    seen.add(value);
    if (isInstance(value) && isTensor(value)) {
      found.push({ ...tensorOf(value, archive, folder), name: nameOf(way), holder });
    } else {
      left.push(...partsOf({ value, way, holder }).toReversed());
    }
  }
  return found;
}

/** The way to a value, from its own key to the first one. */
type Way = { readonly key: string; readonly before: Way } | null;
type Reached = { readonly value: Value; readonly way: Way; readonly holder: string };

/** A name has no more parts than these, its last ones: a pickle may nest its objects a million deep. */
const MOST_KEYS = 16;

function nameOf(way: Way): string {
  const keys: string[] = [];
  for (let each = way; each && keys.length < MOST_KEYS; each = each.before) keys.unshift(each.key);
  return keys.join('.');
}

function partsOf({ value, way, holder }: Reached): readonly Reached[] {
  if (!isThing(value)) return [];
  const unnamed = (items: readonly Value[]) => items.map((each) => ({ value: each, way, holder }));
  const named = (items: ReadonlyMap<string, Value> | undefined, of: string) =>
    [...(items ?? [])].map(([key, each]) => ({
      value: each,
      way: { key, before: way },
      holder: of,
    }));
  if (value.kind === 'instance') {
    const { args, attributes, entries, of } = value;
    return [...unnamed(args), ...named(attributes, of.name), ...named(entries, holder)];
  }
  return value.kind === 'dict' ? named(value.entries, holder) : unnamed(itemsOf(value));
}

export function isTensor(value: Value | undefined): value is Instance {
  return isInstance(value) && /^torch\._utils\._rebuild_q?tensor/.test(value.of.name);
}

function tensorOf(
  { args }: Instance,
  archive: TorchArchive,
  folder: string,
): Omit<TorchTensor, 'name' | 'holder'> {
  const [stored, offset, size, stride] = args;
  const kind = isInstance(stored) ? STORAGES[stored.of.name.replace(/^torch\./, '')] : undefined;
  const [key, count] = isInstance(stored) ? stored.args : [];
  const [shape, strides] = [countsIn(size), countsIn(stride)];
  if (
    !kind ||
    typeof key !== 'string' ||
    !isCount(count) ||
    !isCount(offset) ||
    !shape ||
    !strides
  ) {
    throw rejected(
      `${archive.file} has a tensor without a valid storage, shape or strides`,
      RESAVE,
    );
  }
  const [dtype, itemBytes] = kind;
  const member = archive.members.get(`${folder}/${key}`);
  const isEmpty = shape.includes(0);
  const last = shape.reduce((sum, dim, axis) => sum + (dim - 1) * (strides[axis] ?? 0), offset);
  const heldBytes = member?.sizeBytes ?? -1;
  if (
    shape.length !== strides.length ||
    heldBytes < count * itemBytes ||
    (!isEmpty && last >= count)
  ) {
    throw rejected(
      `${archive.file} is damaged: its tensor of the shape [${shape.join(', ')}] reaches beyond its ${Math.max(0, heldBytes)} bytes, ${quoted(`${folder}/${key}`)}`,
      RESAVE,
    );
  }
  return { dtype, shape, storage: key, itemBytes };
}

function countsIn(value: Value | undefined): readonly number[] | undefined {
  const numbers = itemsOf(value);
  return isThing(value) && numbers.every(isCount) ? numbers.filter(isCount) : undefined;
}

/** The number of elements of tensors that share no storage, and the size of their storages. */
export function weighed(tensors: readonly TorchTensor[], archive: TorchArchive, folder: string) {
  const storages = new Map(tensors.map((tensor) => [tensor.storage, tensor]));
  let [parameters, weightBytes] = [0, 0];
  for (const [key, { itemBytes }] of storages) {
    const bytes = archive.members.get(`${folder}/${key}`)?.sizeBytes ?? 0;
    weightBytes += bytes;
    parameters += Math.floor(bytes / itemBytes);
  }
  return {
    parameters,
    weightBytes,
    dtypes: [...new Set(tensors.map(({ dtype }) => dtype))].sort(),
  };
}
