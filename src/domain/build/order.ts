import type { LanguageServing, ModelData, Unpacking } from '#domain/artifact/facts.ts';
import type { Format } from '#domain/artifact/format.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { EnvironmentTags } from './environment-image.ts';
import type { PythonEnvironment } from './python-environment.ts';
import type { RuntimeName, ServerPlace } from './runtime.ts';

/** What a build is told of the model that it is to package; `python` is null where the runtime needs none. */
export type BuildOrder = {
  readonly runtime: RuntimeName;
  readonly format: Format;
  /** The archives that the model is in, the outer one first, with what is taken out of each. */
  readonly unpacking: readonly Unpacking[];
  /** The path of the model within the artifact or the inner archive; of a model that is a folder the folder's, `.` for all of it. */
  readonly modelFile: string;
  readonly entrypoint: string | null;
  /** The file of a model that is a folder which its framework loads; null where there is none. */
  readonly data: ModelData | null;
  /** The names that the manifest allows in pickles beside the known ones. */
  readonly allowed: readonly string[];
  /** Names what serves it, and so what is built once for all models that need the same. */
  readonly environmentHash: string;
  readonly python: PythonEnvironment | null;
  /** The images that hold what serves and proves it; none where models are processes. An optional one may not exist. */
  readonly environments: EnvironmentTags;
  /** What its manifest says of its runtime. */
  readonly wishes: Manifest['runtime'];
  /** Whether it may be converted for another runtime. */
  readonly converts: boolean;
  /** Where its server listens, how long it may take to get ready, and whether it needs a GPU, without which it is not started in a build. */
  readonly server: ServerPlace;
  readonly startupSeconds: number;
  readonly needsGpu: boolean;
  /** As inspection found it, or null. */
  readonly signature: Signature | null;
  readonly takesColumns: boolean;
  /** Of language models alone. */
  readonly language?: LanguageServing;
  /** A request that the model is known to answer, or null. */
  readonly example: GoldenRequest | null;
};
