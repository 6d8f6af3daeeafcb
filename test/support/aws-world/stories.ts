import { IS_THOROUGH } from '../fuzz/runs.ts';
import { SEED } from '../fuzz/seeded.ts';
import { describeAwsFlagship } from './flagship.ts';
import { describeAwsLife } from './life.ts';
import { describeAwsPython } from './python.ts';
import type { RunningAws } from './scenarios.ts';
import { describeAwsScenarios } from './suite.ts';

type Story = (open: () => RunningAws) => void;

/** The stories that each engine of workflows can tell, with the same steps over the same account. */
const STORIES = {
  scenarios: describeAwsScenarios,
  'a model of Python': describeAwsPython,
  // The scenarios have the states of the other broken versions.
  'a breach on Lambda': (open) =>
    describeAwsFlagship(open, 'lambda', ['fails clients in its bake']),
  'a life on Lambda': (open) => describeAwsLife(open, 'lambda'),
  'a life on Fargate': (open) => describeAwsLife(open, 'fargate'),
} as const satisfies Readonly<Record<string, Story>>;

type StoryName = keyof typeof STORIES;

/**
 * Has an engine tell its stories, or those of these names: in a run each is told by one of both engines, which the seed chooses, and in a thorough run by both.
 * .ci/aws gives all files one seed.
 */
export function tellStories(
  engine: 'local' | 'interpreter',
  open: () => RunningAws,
  names: readonly StoryName[] = Object.keys(STORIES) as StoryName[],
): void {
  const told = names.filter((name) => IS_THOROUGH || engineOf(name) === engine);
  process.stdout.write(`told here: ${told.join(', ') || 'none'}; SLIPWAY_SEED=${SEED}\n`);
  for (const name of told) STORIES[name](open);
}

function engineOf(name: StoryName): 'local' | 'interpreter' {
  const place = Object.keys(STORIES).indexOf(name);
  return (place + SEED) % 2 === 0 ? 'local' : 'interpreter';
}
