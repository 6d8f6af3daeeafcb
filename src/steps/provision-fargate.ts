import { type ProvisionDeps, provision } from './provision.ts';

export const provisionFargate = (deps: ProvisionDeps<'fargate'>) => provision('fargate', deps);
