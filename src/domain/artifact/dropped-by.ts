import type { DroppedBy } from '#domain/deployment.ts';
import type { ObjectCreated } from '#domain/workflow.ts';

/** Who dropped what an event tells of, as exactly as the event says; undefined where nobody says anything. `claims` is what the uploader wrote beside the object. */
export function droppedBy(
  { detail }: ObjectCreated,
  claims: string | undefined,
): DroppedBy | undefined {
  const { requester, 'source-ip-address': address, 'request-id': requestId } = detail;
  const said = {
    ...(requester !== undefined && { requester }),
    // S3 leaves it out where a service of AWS has written the object.
    ...(address !== undefined && { address }),
    // Without a requester the id is one of Slipway's own.
    ...(requestId !== undefined && address !== undefined && { requestId }),
    ...(claims !== undefined && { claims }),
  };
  return Object.keys(said).length > 0 ? said : undefined;
}
