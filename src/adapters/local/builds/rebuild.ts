import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuiltImage } from '#domain/build/image.ts';
import type { Damage } from '#domain/deployment.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { renewGrant } from './grants.ts';

type Options = {
  /** The workflow's own task. */
  readonly build: (parameters: unknown, stopped: AbortSignal) => Promise<unknown>;
  /** The folder of what each build was granted. */
  readonly grants: string;
  readonly isSound: (image: BuiltImage) => Promise<boolean>;
  /** Is told that a revision is not served meanwhile. */
  readonly noted: (spec: RevisionSpec, damage: Damage) => void;
};

/** Builds damaged images again from the bytes in the store. */
export function rebuilding({ build, grants, isSound, noted }: Options) {
  // A build that did not help once does not help the next time either.
  const tried = new Map<string, Promise<boolean>>();

  async function again(spec: RevisionSpec, image: BuiltImage): Promise<boolean> {
    const grant = join(grants, `${spec.deploymentId}.json`);
    if (!existsSync(grant)) return false;
    noted(spec, {
      reason: `${spec.revision} is not served: images/images/${image.tag} is no longer as it was built`,
      fix: 'It is being built again.',
    });
    const variables = {
      IMAGE_TAG: image.tag,
      ARTIFACT_URL: pathToFileURL(grant).href,
      DEPLOYMENT_ID: spec.deploymentId,
    };
    const parameters = {
      ProjectName: 'slipway-rebuild',
      IdempotencyToken: `rebuild-${image.tag}`,
      EnvironmentVariablesOverride: Object.entries(variables).map(([Name, Value]) => ({
        Name,
        Value,
      })),
    };
    const renewed = renewGrant(grant).then(() => build(parameters, new AbortController().signal));
    await renewed.catch(() => undefined);
    return isSound(image);
  }

  return {
    /** Whether the revision's image has its model after an attempt to build it again. */
    async rebuilt(spec: RevisionSpec): Promise<boolean> {
      const { image } = spec;
      if (!image) return false;
      const attempt = tried.get(image.tag) ?? again(spec, image);
      tried.set(image.tag, attempt);
      const hasHelped = await attempt;
      // It may be damaged once more.
      if (hasHelped && tried.get(image.tag) === attempt) tried.delete(image.tag);
      return hasHelped;
    },
  };
}
