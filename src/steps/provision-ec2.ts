import { type ProvisionDeps, provision } from './provision.ts';

export const provisionEc2 = (deps: ProvisionDeps<'ec2'>) => provision('ec2', deps);
