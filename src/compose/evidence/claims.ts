import type { Claim } from './claim.ts';
import { CONTAINER_CLAIMS } from './looks/containers.ts';
import { LAMBDA_CLAIMS } from './looks/lambda.ts';
import { REQUEST_CLAIMS } from './looks/requests.ts';
import { TABLE_CLAIMS } from './looks/table.ts';
import { UPLOAD_CLAIMS } from './looks/uploads.ts';

/** What `slipway prove` looks at, in this order: the last looks would break the model where AWS is not as written. */
export const CLAIMS: readonly Claim[] = [
  ...UPLOAD_CLAIMS,
  ...TABLE_CLAIMS,
  ...REQUEST_CLAIMS,
  ...CONTAINER_CLAIMS,
  ...LAMBDA_CLAIMS,
];
