import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import type { FormatPage } from '#domain/artifact/format-page.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { EnvironmentTags } from './environment-image.ts';
import type { PythonEnvironment } from './python-environment.ts';
import type { RuntimeName, ServerPlace } from './runtime.ts';

/** The content of MODEL_FACTS, for a model's server: everything that inspection found, a request that the model is known to answer as its `example`, and the relevant settings of its manifest and of its format's page. */
export type ServedFacts = ArtifactFacts &
  Pick<FormatPage, 'brings' | 'listens'> & {
    /** The names that the manifest allows in pickles besides the known ones. */
    readonly allowed: readonly string[];
    /** Whether code that the model brings may reach the network. */
    readonly network: Manifest['runtime']['network'];
    /** It gets a GPU: a build without one does not start its server. */
    readonly needsGpu: boolean;
  };

/** The input of a build about the model that it packages; `python` is null where the runtime needs none. */
export type BuildOrder = {
  readonly runtime: RuntimeName;
  readonly facts: ServedFacts;
  /** Identifies the software that serves it, which is built once for all models that need the same. */
  readonly environmentHash: string;
  readonly python: PythonEnvironment | null;
  /** The images of the environments that serve and prove it; empty where models run as processes. An optional one may not exist. */
  readonly environments: EnvironmentTags;
  /** The tag of the live version's image, whose layers of weights the new image reuses where the files are the same; null where there is no such image. */
  readonly previousImage: string | null;
  /** The place where the build of a Dockerfile leaves its image for the build that pushes it; both are absent where one build does both. */
  readonly leavesImageAt?: string;
  readonly takesImageFrom?: string;
  /** The runtime settings of its manifest. */
  readonly wishes: Manifest['runtime'];
  /** Why it is served as it was saved; null where it may be converted for another runtime. */
  readonly keptBecause: string | null;
  /** The modules that most models of its format import, which are compiled first. */
  readonly imports: readonly string[];
  /** Where its server listens, and how long it may take to get ready. */
  readonly server: ServerPlace;
  readonly startupSeconds: number;
};
