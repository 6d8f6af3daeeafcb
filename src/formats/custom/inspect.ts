import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { ReadFolder } from '#formats/reader.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { custom } from './format.ts';

/** Reads the facts with the defaults, as if the manifest had no settings for the image. */
export const read: ReadFolder = async (files) =>
  inspectOwnImage(files, { model: { format: 'custom', allowPickle: [] } });

const DOCKERFILE = custom.folder.marker;

// Keys that only a custom image has.
const OWN_KEYS = ['image', 'port', 'healthPath', 'requestPath'] as const;

type Said = Pick<Manifest, 'model'> & { readonly runtime?: Manifest['runtime'] | undefined };

/** Whether the manifest says that the model is an image, by any of the keys that only such a model has. */
export function saysOwnImage({ model, runtime }: Said): boolean {
  return model.format === 'custom' || OWN_KEYS.some((key) => runtime?.[key] !== undefined);
}

/**
 * The facts of a model that is an image: one that the manifest names by digest, or one built from the Dockerfile among the files. The image's contents are unknown.
 * Fails with `ArtifactRejected` when there is neither, or both.
 */
export function inspectOwnImage(
  files: readonly ArtifactFile[],
  { model, runtime }: Said,
): ModelFacts {
  const image = runtime?.image;
  const hasDockerfile = files.some(({ name }) => name === DOCKERFILE);
  if (model.format !== 'auto' && model.format !== 'custom')
    throw otherFormat(model.format, runtime);
  if (image !== undefined && hasDockerfile) {
    throw rejected(
      `model.yaml names the image ${quoted(image)}, but there is also a Dockerfile beside it; the limit is one image per artifact`,
      'Remove one of the two.',
    );
  }
  if (image === undefined && !hasDockerfile) {
    throw rejected(
      'model.yaml says that the model is an image of your own, but there is no Dockerfile at the top of its folder',
      'Add one, or name an image by its digest: `runtime: { image: REPOSITORY@sha256:… }`.',
    );
  }
  return {
    format: 'custom',
    formatVersion: image ?? DOCKERFILE,
    framework: null,
    pythonVersion: null,
    requirements: [],
    signature: null,
    takesColumns: false,
    parameters: null,
    weightBytes: 0,
    dtypes: [],
    // The build starts the image and measures its memory.
    memory: [],
    example: null,
    entrypoint: null,
  };
}

function otherFormat(format: string, runtime: Said['runtime']) {
  const key = OWN_KEYS.find((each) => runtime?.[each] !== undefined);
  return rejected(
    `model.yaml says \`runtime.${key}\`, which is for an image of your own, but also \`model.format: ${format}\``,
    'Remove one of the two.',
  );
}
