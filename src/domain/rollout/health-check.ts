/**
 * The health check of each serving container replica: by its target group on AWS, by Slipway on one machine.
 * A check is a GET of the server's health path, which must answer 200 within `timeoutSeconds`. After `badLooks` consecutive failures the replica is replaced.
 * A server that is busy with a long request answers late: it has 20 s.
 */
export const HEALTH_CHECK = {
  intervalSeconds: 5,
  timeoutSeconds: 4,
  badLooks: 4,
} as const;
