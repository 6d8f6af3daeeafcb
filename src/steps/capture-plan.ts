import type { CapturePlan } from '#domain/capture/plan.ts';
import type { Deployment } from '#domain/deployment.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';
import { requireWork } from './require-deployment.ts';

/** The part of its requests that a revision of this deployment keeps, with its public keys; null where its manifest does not ask for it. */
export async function capturePlan(
  keys: CaptureKeys,
  { model, work }: Deployment,
  revision: string,
): Promise<CapturePlan | null> {
  const { capture } = requireWork(work.inspection, 'inspection').manifest;
  return capture ? { ...capture, keys: await keys.publish(model, revision) } : null;
}
