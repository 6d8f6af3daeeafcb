import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { mechanismOf, type Placement, placementName } from '#domain/placement/target.ts';

// The container mechanism's limits apply to every target, so that shares mean the same everywhere: an ALB rule takes
// five target groups with weights 0..999. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
const MAX_REVISIONS = 5;
const MAX_WEIGHT = 999;

/** The shares without zeros, sorted by name; fails with `SharesRefused` when a router on AWS would refuse them. */
export function acceptShares(shares: Shares): Shares {
  const weights = Object.entries(shares);
  const wrong = weights.find(([, weight]) => !isWeight(weight));
  if (wrong) {
    throw new Failure(
      'SharesRefused',
      `the weight of ${wrong[0]} is ${wrong[1]}; weights are whole numbers from 0 to ${MAX_WEIGHT}`,
    );
  }
  if (weights.length > MAX_REVISIONS) {
    throw new Failure(
      'SharesRefused',
      `${weights.length} revisions have shares; the limit is ${MAX_REVISIONS}`,
    );
  }
  if (weights.every(([, weight]) => weight === 0)) {
    throw new Failure('SharesRefused', 'no revision has a weight above 0; one at least must serve');
  }
  return withoutZeros(shares);
}

/** Fails with `SharesRefused` when the shares mix two mechanisms, between which all of the traffic moves at once. */
export function refuseMixture(
  shares: Shares,
  placementOf: (revision: string) => Placement | undefined,
): void {
  const placements = Object.keys(withoutZeros(shares)).flatMap((name) => placementOf(name) ?? []);
  if (new Set(placements.map(mechanismOf)).size < 2) return;
  const [first, other] = [...new Set(placements.map(placementName))];
  throw new Failure(
    'SharesRefused',
    `${first} and ${other} cannot share the traffic of a model; one has all of it`,
  );
}

/** The shares without zeros, sorted by name, so that equal shares have the same text. */
export function withoutZeros(shares: Shares): Shares {
  const weights = Object.entries(shares).filter(([, weight]) => weight !== 0);
  return Object.fromEntries(weights.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function isSameShares(a: Shares, b: Shares): boolean {
  return JSON.stringify(withoutZeros(a)) === JSON.stringify(withoutZeros(b));
}

function isWeight(weight: number): boolean {
  return Number.isInteger(weight) && weight >= 0 && weight <= MAX_WEIGHT;
}
