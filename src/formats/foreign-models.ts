import { CORE_ML, HUGGING_FACE, PREDICT, TENSORFLOW } from '#domain/artifact/known-files.ts';
import { folderOf, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';

/** A known kind of artifact that is not served: its name, why it is not, the file that gave it away, and what its owner can do. */
export type Foreign = {
  readonly name: string;
  readonly why: string;
  readonly at: string;
  readonly fix: string;
};

type Files = readonly ArtifactFile[];

/** Returns the name of the file that identifies such an artifact, or nothing. */
type Kind = {
  readonly name: string;
  /** Where other than that this version does not serve it. */
  readonly why?: string;
  readonly fix: string;
  find(files: Files): Promise<string | undefined> | string | undefined;
};

/** The line of model.yaml for an image that serves at this port and these paths. */
const asImage = (port: number, healthPath: string, requestPath: string) =>
  `runtime: { image: REPOSITORY@sha256:…, port: ${port}, healthPath: ${healthPath}, requestPath: ${requestPath} }`;

const CODE = 'or upload the folder without that file, with a predict.py';

const named = (pattern: RegExp) => (files: Files) =>
  files.find(({ name }) => pattern.test(name))?.name;

const IMAGES: readonly Kind[] = [
  {
    name: 'an image of your own',
    why: 'but model.yaml does not say where it answers',
    fix: `If the image of the Dockerfile serves the model, say where in model.yaml: \`runtime: { port: 8080, healthPath: /ping, requestPath: /invocations }\`; ${CODE}.`,
    find: named(/(^|\/)Dockerfile$/),
  },
  {
    name: 'a Cog model',
    fix: `Build and push its image, and name it in a model.yaml: \`${asImage(5000, '/health-check', '/predictions')}\`; ${CODE}.`,
    find: named(/(^|\/)cog\.yaml$/),
  },
  {
    name: 'a Truss',
    fix: `Build and push its image, and name it in a model.yaml: \`${asImage(8080, '/v1/models/model', '/v1/models/model:predict')}\`; ${CODE}.`,
    find: (files) => {
      const names = new Set(files.map(({ name }) => name));
      const hasModel = (name: string) => names.has(within(folderOf(name), 'model/model.py'));
      return files.find(({ name }) => /(^|\/)config\.yaml$/.test(name) && hasModel(name))?.name;
    },
  },
  {
    name: 'a BentoML service',
    fix: `Build and push its image (\`bentoml containerize\`), and name it in a model.yaml: \`${asImage(3000, '/readyz', '/predict')}\`; ${CODE}.`,
    find: named(/(^|\/)(bento|bentofile)\.yaml$/),
  },
];

const FOLDERS: readonly Kind[] = [
  {
    name: 'a Hugging Face model',
    fix: HUGGING_FACE,
    find: async (files) => {
      const hasWeights = files.some(({ name }) =>
        /\.safetensors(\.index\.json)?$|(^|\/)(pytorch|adapter|tf)_model[^/]*$/i.test(name),
      );
      const configs = files.filter(({ name }) =>
        /(^|\/)((adapter_)?config|model_index|modules)\.json$/.test(name),
      );
      for (const config of hasWeights ? configs.slice(0, 3) : []) {
        if (config.sizeBytes > MOST_CONFIG_BYTES) continue;
        const written = await readText(config, MOST_CONFIG_BYTES).catch(() => '');
        if (
          /"(architectures|model_type|peft_type|_class_name)"\s*:|sentence_transformers/.test(
            written,
          )
        ) {
          return config.name;
        }
      }
      return undefined;
    },
  },
  {
    name: 'a TensorFlow SavedModel in text',
    fix: 'Save it as `saved_model.pb`, which TensorFlow does unless it is asked for text.',
    find: named(/(^|\/)saved_model\.pbtxt$/),
  },
  {
    name: 'a Core ML package',
    fix: CORE_ML,
    find: named(/(^|\/)Data\/com\.apple\.CoreML\//),
  },
];

/** Folders that are served, for a draft of the code that would serve them too. */
const SERVED_FOLDERS: readonly Kind[] = [
  {
    name: 'a TensorFlow SavedModel',
    fix: TENSORFLOW,
    find: named(/(^|\/)saved_model\.pb$/),
  },
  {
    name: 'a spaCy pipeline',
    fix: `Put its folder beside ${PREDICT}.`,
    find: async (files) => {
      const names = new Set(files.map(({ name }) => name));
      const meta = files.find(
        ({ name }) =>
          /(^|\/)meta\.json$/.test(name) && names.has(within(folderOf(name), 'config.cfg')),
      );
      if (!meta || meta.sizeBytes > MOST_CONFIG_BYTES) return undefined;
      const written = await readText(meta, MOST_CONFIG_BYTES).catch(() => '');
      return written.includes('"spacy_version"') ? meta.name : undefined;
    },
  },
];

const MOST_CONFIG_BYTES = 2 ** 20;

const NOT_SERVED = 'which this version does not serve';

const RANKS = {
  images: IMAGES,
  folders: FOLDERS,
  drafts: [...FOLDERS, ...SERVED_FOLDERS],
} as const;

/** The kinds of one rank among the files, each with the file that identified it. */
export async function findForeign(
  files: Files,
  rank: keyof typeof RANKS,
): Promise<readonly Foreign[]> {
  const found: Foreign[] = [];
  for (const { name, why = NOT_SERVED, fix, find } of RANKS[rank]) {
    const at = await find(files);
    if (at !== undefined) found.push({ name, why, at, fix });
  }
  return found;
}
