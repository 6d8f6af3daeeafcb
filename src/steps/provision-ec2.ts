import type { Platforms } from '#ports/platform.ts';
import { type ProvisionDeps, provision } from './provision.ts';

export const provisionEc2 = (deps: ProvisionDeps & Pick<Platforms, 'ec2'>) =>
  provision('ec2', deps);
