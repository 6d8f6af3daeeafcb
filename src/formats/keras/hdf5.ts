import { BY_CODE, HDF5 } from '#domain/artifact/ways-out.ts';
import { hdf5Texts } from '#formats/bytes/hdf5.ts';
import classes from '#formats/data/keras-classes.json' with { type: 'json' };
import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** The description of a model in one HDF5 file, as JSON in Keras 2's form. */
export type Hdf5Model = { readonly config: string; readonly version: string };

// Only lower-case endings count.
const ENDINGS = /\.(h5|hdf5)$/;
const CLASSES: ReadonlySet<string> = new Set(classes.names);
// The names with which Keras 2 wrote a shape, a tuple and a type.
const VALUES: ReadonlySet<string> = new Set(['TensorShape', '__tuple__', 'TypeSpec']);

/** Keras decides by the file's name alone. */
export function isHdf5(file: string): boolean {
  return ENDINGS.test(file);
}

/** The model's description in the root of the file, whose weights are not read. Fails with `ArtifactRejected` where the file has only weights. */
export async function hdf5Model(source: ByteSource, file: string): Promise<Hdf5Model> {
  const texts = await hdf5Texts(source, file);
  const config = texts.get('model_config');
  if (config === undefined) {
    throw rejected(`${file} has no model_config: it is of weights alone, or of no model`, HDF5);
  }
  return { config, version: texts.get('keras_version') ?? '' };
}

/** Whether a class that is named without its module, as in Keras 2, belongs to Keras itself: Keras would not find another. */
export function isOfKeras2(name: string): boolean {
  return CLASSES.has(name) || VALUES.has(name);
}

/** Refuses the layers that stand for TensorFlow's own functions in a network of Keras 2. */
export function refuseOperations(name: string, file: string): void {
  if (!/^(TFOpLambda|SlicingOpLambda|TensorFlowOpLayer|ClassMethod)$/.test(name)) return;
  throw rejected(
    `${file} has a layer of the class ${quoted(name)}: it calls a function of TensorFlow's, which only Keras 2 can`,
    `Make that part of layers of Keras and save the model again, export it as a SavedModel (\`model.export(FOLDER)\`), or ${BY_CODE}.`,
  );
}
