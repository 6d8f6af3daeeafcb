import { capsOf } from '#compose/aws-ports.ts';

it.each([
  {
    values: ['100', 'all', 'unlimited'],
    caps: { maxReplicas: 100, allowedAccelerators: null, maxMonthlyUsd: null },
  },
  {
    values: ['4', 'none', '0'],
    caps: { maxReplicas: 4, allowedAccelerators: [], maxMonthlyUsd: 0 },
  },
  {
    values: ['1', 'T4,RTX PRO 6000', '99.50'],
    caps: { maxReplicas: 1, allowedAccelerators: ['T4', 'RTX PRO 6000'], maxMonthlyUsd: 99.5 },
  },
])('the caps of a stack with $values are read', ({ values: [replicas, gpus, usd], caps }) => {
  const environment = {
    SLIPWAY_MAX_REPLICAS: replicas,
    SLIPWAY_ALLOWED_ACCELERATORS: gpus,
    SLIPWAY_MAX_MONTHLY_USD: usd,
  };

  expect(capsOf(environment)).toEqual(caps);
});
