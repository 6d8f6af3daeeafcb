import { createHash } from 'node:crypto';

const HASH_HEX_DIGITS = 10;

/**
 * The name of a revision's target group, hashed since its limit is 32 characters, which a revision's name may exceed; a stage has at most 13.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
 */
export function targetGroupName(stage: string, revision: string): string {
  const hash = createHash('sha256').update(`${stage} ${revision}`).digest('hex');
  return `slipway-${stage}-${hash.slice(0, HASH_HEX_DIGITS)}`;
}
