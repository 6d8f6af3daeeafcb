import type { RevisionFolder } from '#adapters/local/integrity/revision-files.ts';
import { answerEnvironment, type RevisionSpec } from '#ports/platform.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

// NODE_COMPILE_CACHE has Node's compiled modules, for a server without walls; one behind walls has a cache of its own.
const INHERITED = ['PATH', 'LANG', 'TZ', 'NODE_COMPILE_CACHE'] as const;

/** A model server's whole environment. From Slipway's own it only inherits the paths of programs and compiled modules, the language and the time zone. */
export function modelEnvironment(
  spec: RevisionSpec,
  folder: Pick<RevisionFolder, 'modelPath' | 'scratch'> & {
    readonly factsPath?: string | undefined;
  },
  own: Environment,
): Readonly<Record<string, string>> {
  return {
    ...serverEnvironment(folder, own),
    MODEL_PATH: folder.modelPath,
    ...(folder.factsPath && { MODEL_FACTS: folder.factsPath }),
    MODEL_NAME: spec.model,
    MODEL_VERSION: String(spec.version),
    SLIPWAY_REVISION: spec.revision,
    ...answerEnvironment(spec),
  };
}

/** The variables of a server before there is a model for it. */
export function serverEnvironment(
  { scratch }: Pick<RevisionFolder, 'scratch'>,
  own: Environment,
): Readonly<Record<string, string>> {
  const inherited = INHERITED.flatMap((name) => {
    const value = own[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    HOST: '127.0.0.1',
    PORT: '0',
    HOME: scratch,
    TMPDIR: scratch,
    // onnxruntime 1.30 sends usage events unless this is set before it loads.
    ORT_DISABLE_TELEMETRY: '1',
    // As runtimes/python/Dockerfile has it.
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  };
}
