import type { Model } from '#domain/deployment.ts';
import type { Platform } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { ModelLog, ModelStatus } from './slipway.ts';

const LOG_LINES = 200;

/** How a model stands, by the registry; `endpoint` is the base of its URLs. */
export async function modelStatus(
  registry: Registry,
  { name, live, newestDeploymentId }: Model,
  endpoint: string,
): Promise<ModelStatus> {
  const [newest, versions] = await Promise.all([
    registry.deployment(newestDeploymentId),
    registry.versions(name),
  ]);
  return {
    ...{ name, endpoint, live, versions },
    newest: newest
      ? { id: newest.id, version: newest.version, phase: newest.phase, trouble: newest.trouble }
      : null,
  };
}

/** What the newest revision of a model wrote last. */
export async function modelLog(
  registry: Registry,
  platform: Pick<Platform, 'logTail'>,
  { newestDeploymentId, live }: Model,
): Promise<ModelLog> {
  const newest = await registry.deployment(newestDeploymentId);
  const revision = newest?.work.candidate?.revision ?? live?.revision;
  const lines = revision === undefined ? [] : await platform.logTail(revision, LOG_LINES);
  return { revision: revision ?? null, lines };
}
