import type { Deployment } from '#domain/deployment.ts';
import { executionName } from '#domain/execution-name.ts';
import type {
  ObjectCreated,
  PromotionRequest,
  RollbackRequest,
  UndeployRequest,
} from '#domain/workflow.ts';

/** The workflow that continues a deployment, and its input. */
export type Recovery =
  | { readonly workflow: 'deploy'; readonly input: ObjectCreated }
  | { readonly workflow: 'promote'; readonly input: PromotionRequest }
  | { readonly workflow: 'rollback'; readonly input: RollbackRequest }
  | { readonly workflow: 'undeploy'; readonly input: UndeployRequest };

export function recoveryInput({ id, kind, model, version, artifact, work }: Deployment): Recovery {
  switch (kind) {
    case 'deploy': {
      const { bucket, key, versionId } = artifact;
      const detail = { bucket: { name: bucket }, object: { key, 'version-id': versionId } };
      return { workflow: 'deploy', input: { detail, recovery: { deploymentId: id } } };
    }
    case 'promote': {
      const { bucket, key, versionId } = artifact;
      const needsApproval = work.promotion?.needsApproval ?? false;
      const release = { bucket, key, versionId };
      return {
        workflow: 'promote',
        input: { kind, deploymentId: id, model, release, needsApproval },
      };
    }
    case 'rollback':
    case 'repair': {
      const input = { kind, deploymentId: id, model, to: version, reason: '' };
      return { workflow: 'rollback', input };
    }
    case 'undeploy':
      return { workflow: 'undeploy', input: { kind, deploymentId: id, model } };
  }
}

/** The name of a deployment's `attempt`th execution (from 1), when Slipway itself starts it. */
export function recoveryName({ id, kind, model, artifact }: Deployment, attempt: number): string {
  return kind === 'deploy'
    ? executionName(artifact.key, id, attempt)
    : requestName(kind, model, id, attempt);
}

/** The name of the `attempt`th execution (from 1) of a request for a model by its name. */
export function requestName(
  kind: 'promote' | 'move' | 'rollback' | 'repair' | 'undeploy',
  model: string,
  id: string,
  attempt: number,
): string {
  return `${model}-${kind}-${id.slice(0, 16)}-a${attempt}`;
}
