import { BY_CODE, HDF5 } from '#domain/artifact/ways-out.ts';
import { hdf5Texts } from '#formats/bytes/hdf5.ts';
import classes from '#formats/data/keras-classes.json' with { type: 'json' };
import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** How a model in one HDF5 file describes itself: as JSON, as Keras 2 has it. */
export type Hdf5Model = { readonly config: string; readonly version: string };

// In these letters.
const ENDINGS = /\.(h5|hdf5)$/;
const CLASSES: ReadonlySet<string> = new Set(classes.names);
// As Keras 2 wrote a shape, a tuple and a type.
const VALUES: ReadonlySet<string> = new Set(['TensorShape', '__tuple__', 'TypeSpec']);

/** Keras goes by the name alone. */
export function isHdf5(file: string): boolean {
  return ENDINGS.test(file);
}

/** What the file's root says of its model, whose weights are not read. Fails with `ArtifactRejected` where there are weights alone. */
export async function hdf5Model(source: ByteSource, file: string): Promise<Hdf5Model> {
  const texts = await hdf5Texts(source, file);
  const config = texts.get('model_config');
  if (config === undefined) {
    throw rejected(`${file} has no model_config: it is of weights alone, or of no model`, HDF5);
  }
  return { config, version: texts.get('keras_version') ?? '' };
}

/** Whether a class that is named without its module, as Keras 2 did, is one of Keras itself: Keras would not find another. */
export function isOfKeras2(name: string): boolean {
  return CLASSES.has(name) || VALUES.has(name);
}

/** What TensorFlow's own functions became in a network of Keras 2. */
export function refuseOperations(name: string, file: string): void {
  if (!/^(TFOpLambda|SlicingOpLambda|TensorFlowOpLayer|ClassMethod)$/.test(name)) return;
  throw rejected(
    `${file} has a layer of the class ${quoted(name)}: it calls a function of TensorFlow's, which only Keras 2 can`,
    `Make that part of layers of Keras and save the model again, export it as a SavedModel (\`model.export(FOLDER)\`), or ${BY_CODE}.`,
  );
}
