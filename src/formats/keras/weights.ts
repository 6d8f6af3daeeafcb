import type { WeightPrint } from '#domain/artifact/weights.ts';
import { failureName } from '#domain/failure.ts';
import { type Hdf5Dataset, hdf5Datasets } from '#formats/bytes/hdf5-datasets.ts';
import { fractions, isSparseName, tensorPrints, whole } from '#formats/bytes/tensor-prints.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** The optimizer's numbers change no answer. */
const OF_TRAINING = /^optimizer(_weights)?$/;
/** The layers that prepare inputs by what they saw in the training. */
const PREPARES = /(^|\/)normalization(_\d+)?(\/|$)/;
const QUANTIZED_BYTES = 1;

/** The prints of a network's variables in an HDF5 file; undefined where they are stored in another form than Keras writes. */
export async function kerasPrints(
  source: ByteSource,
  file: string,
): Promise<readonly WeightPrint[] | undefined> {
  const datasets = await datasetsIn(source, file);
  return datasets && tensorPrints(datasets.flatMap((each) => fitted(source, each)));
}

async function datasetsIn(source: ByteSource, file: string) {
  try {
    return await hdf5Datasets(source, file, (path) => !OF_TRAINING.test(path));
  } catch (error) {
    // Keras itself reads other forms of HDF5 too.
    if (failureName(error) === 'ArtifactRejected') return undefined;
    throw error;
  }
}

/** Whole numbers of a byte are quantized weights; larger ones count something. */
function fitted(source: ByteSource, { path, isFraction, itemBytes, start, bytes }: Hdf5Dataset) {
  if (bytes === 0 || !(isFraction || itemBytes === QUANTIZED_BYTES)) return [];
  return [
    {
      name: path,
      isFinal: !PREPARES.test(path),
      ...(isSparseName(path) && { isSparse: true }),
      numbers: isFraction ? fractions(8 * itemBytes) : whole(8),
      ...{ source, start, bytes },
    },
  ];
}
