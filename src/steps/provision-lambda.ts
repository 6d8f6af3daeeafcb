import { type ProvisionDeps, provision } from './provision.ts';

export const provisionLambda = (deps: ProvisionDeps<'lambda'>) => provision('lambda', deps);
