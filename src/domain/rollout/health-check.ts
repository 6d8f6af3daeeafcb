/**
 * How each replica of a container target is looked at once it serves: by its target group on AWS, by Slipway on one machine.
 * A look is a GET of the server's health path that is to be answered 200 within `timeoutSeconds`. After `badLooks` that were not, one after the other, the replica is replaced.
 * A server that works on a long request answers late: it has 20 s.
 */
export const HEALTH_CHECK = {
  intervalSeconds: 5,
  timeoutSeconds: 4,
  badLooks: 4,
} as const;
