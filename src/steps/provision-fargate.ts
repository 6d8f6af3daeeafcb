import type { Platforms } from '#ports/platform.ts';
import { type ProvisionDeps, provision } from './provision.ts';

export const provisionFargate = (deps: ProvisionDeps & Pick<Platforms, 'fargate'>) =>
  provision('fargate', deps);
