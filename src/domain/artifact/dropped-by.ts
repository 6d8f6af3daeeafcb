import type { DroppedBy } from '#domain/deployment.ts';
import type { ObjectCreated } from '#domain/workflow.ts';

/** Who dropped the artifact of an event, as exactly as the event says; undefined where the event names nobody. `claims` is the text that the uploader wrote beside the object. */
export function droppedBy(
  { detail }: ObjectCreated,
  claims: string | undefined,
): DroppedBy | undefined {
  const { requester, 'source-ip-address': address, 'request-id': requestId } = detail;
  const said = {
    ...(requester !== undefined && { requester }),
    // S3 omits it when an AWS service has written the object.
    ...(address !== undefined && { address }),
    // Without a requester the id is one of Slipway's own requests.
    ...(requestId !== undefined && address !== undefined && { requestId }),
    ...(claims !== undefined && { claims }),
  };
  return Object.keys(said).length > 0 ? said : undefined;
}
