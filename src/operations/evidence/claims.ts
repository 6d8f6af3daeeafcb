import type { Claim } from './claim.ts';
import { CONTAINER_CLAIMS } from './looks/containers.ts';
import { LAMBDA_CLAIMS } from './looks/lambda.ts';
import { REQUEST_CLAIMS } from './looks/requests.ts';
import { TABLE_CLAIMS } from './looks/table.ts';
import { UPLOAD_CLAIMS } from './looks/uploads.ts';

/** The looks of `slipway prove`, in this order: the last ones would break the model where AWS is not as documented. */
export const CLAIMS: readonly Claim[] = [
  ...UPLOAD_CLAIMS,
  ...TABLE_CLAIMS,
  ...REQUEST_CLAIMS,
  ...CONTAINER_CLAIMS,
  ...LAMBDA_CLAIMS,
];
