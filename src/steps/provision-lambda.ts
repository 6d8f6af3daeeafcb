import type { Platforms } from '#ports/platform.ts';
import { type ProvisionDeps, provision } from './provision.ts';

export const provisionLambda = (deps: ProvisionDeps & Pick<Platforms, 'lambda'>) =>
  provision('lambda', deps);
