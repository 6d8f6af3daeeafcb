import type {
  LanguageServing,
  ModelData,
  ModelFacts,
  PipelineServing,
  Unpacking,
} from '#domain/artifact/facts.ts';
import type { Format } from '#domain/artifact/format.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { EnvironmentTags } from './environment-image.ts';
import type { PythonEnvironment } from './python-environment.ts';
import type { RuntimeName, ServerPlace } from './runtime.ts';

/** What a build is told about the model it packages; `python` is null where the runtime needs none. */
export type BuildOrder = {
  readonly runtime: RuntimeName;
  readonly format: Format;
  /** The archives that contain the model, the outermost first, with the members to take out of each. */
  readonly unpacking: readonly Unpacking[];
  /** The path of the model's file or folder within the artifact or the innermost archive; `.` for all of it. */
  readonly modelFile: string;
  readonly entrypoint: string | null;
  /** The file of a folder model that its framework loads; null where there is none. */
  readonly data: ModelData | null;
  /** The names that the manifest allows in pickles besides the known ones. */
  readonly allowed: readonly string[];
  /** Identifies the software that serves it, which is built once for all models that need the same. */
  readonly environmentHash: string;
  readonly python: PythonEnvironment | null;
  /** The images of the environments that serve and prove it; none where models run as processes. An optional one may not exist. */
  readonly environments: EnvironmentTags;
  /** The tag of the live version's image, whose layers of weights the new image takes where the files are the same; null where there is none. */
  readonly previousImage: string | null;
  /** What its manifest says about its runtime. */
  readonly wishes: Manifest['runtime'];
  /** Whether it may be converted for another runtime. */
  readonly converts: boolean;
  /** Where its server listens, how long it may take to get ready, and whether it needs a GPU: then a build does not start it without one. */
  readonly server: ServerPlace;
  readonly startupSeconds: number;
  readonly needsGpu: boolean;
  /** As inspection found it, or null. */
  readonly signature: Signature | null;
  readonly takesColumns: boolean;
  /** As its facts have them. */
  readonly tensorNames?: NonNullable<ModelFacts['tensorNames']>;
  readonly leftOut?: NonNullable<ModelFacts['leftOut']>;
  /** Of language models alone. */
  readonly language?: LanguageServing;
  /** Of Hugging Face's folders alone. */
  readonly pipeline?: PipelineServing;
  /** Where the build of a Dockerfile leaves its image, and the build that pushes it takes it from; neither where one build does both. */
  readonly leavesImageAt?: string;
  readonly takesImageFrom?: string;
  /** A request that the model is known to answer, or null. */
  readonly example: GoldenRequest | null;
};
