import {
  aborting,
  type Case,
  denied,
  describeWalks,
  failing,
  lease,
  leaseCases,
  succeeding,
} from '../support/walk/cases.ts';

const START = ['AdmitUndeploy', 'IsAdmitted', 'AcquireLease', 'HasLease'];
const ROUTE = ['RemoveRoute', 'IsRouteRemoved'];
const REMOVED = ['DrainPrevious', 'RetireAll', 'ReleaseLease', 'WhichEnd', 'Undeployed'];
const removal = { retrySeconds: 1, drainSeconds: 0, attempt: 1 } as const;

const CASES: readonly Case[] = [
  succeeding('all of a model is taken away', {}, [...START, ...ROUTE, ...REMOVED]),
  succeeding(
    'a model that is not there is ignored',
    { AdmitUndeploy: { kind: 'ignored', id: 'd1', model: 'digits', reason: 'no such model' } },
    ['AdmitUndeploy', 'IsAdmitted', 'Ignored'],
  ),
  {
    name: 'an admission that answers what the workflow does not know fails',
    script: { AdmitUndeploy: { unforeseen: { kind: 'postponed', id: 'd1' } } },
    states: ['AdmitUndeploy', 'IsAdmitted', 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'an admission that cannot be recorded fails',
    script: { AdmitUndeploy: denied },
    states: ['AdmitUndeploy', 'Failed'],
    outcome: 'DeploymentFailed',
  },
  ...leaseCases(START, [...ROUTE, ...REMOVED]),
  failing(
    'a recovery of one that was given up ends it',
    { AcquireLease: { ...lease, kind: 'acquired', resume: 'rollback' } },
    START,
  ),
  aborting(
    'one that was aborted before it began ends so',
    { AcquireLease: { ...lease, kind: 'acquired', resume: 'rollback' } },
    START,
  ),
  succeeding(
    'a route that goes slowly is waited for',
    {
      RemoveRoute: [
        { ...removal, kind: 'pending' },
        { ...removal, kind: 'removed' },
      ],
    },
    [...START, ...ROUTE, 'WaitForTraffic', ...ROUTE, ...REMOVED],
  ),
  failing(
    'a route that is not gone in time gives it up, with every version still there',
    { RemoveRoute: { ...removal, kind: 'expired' } },
    [...START, ...ROUTE],
  ),
  failing(
    'waiting for the route ends after 600 looks',
    { RemoveRoute: { ...removal, kind: 'pending', attempt: 600 } },
    [...START, ...ROUTE],
  ),
  failing('a route that cannot be removed gives it up', { RemoveRoute: denied }, [
    ...START,
    'RemoveRoute',
  ]),
  failing('versions that cannot be removed give it up', { RetireAll: denied }, [
    ...START,
    ...ROUTE,
    'DrainPrevious',
    'RetireAll',
  ]),
  {
    name: 'a compensation that fails is left to recovery',
    script: { RetireAll: denied, Compensate: denied },
    states: [...START, ...ROUTE, 'DrainPrevious', 'RetireAll', 'Compensate', 'Failed'],
    outcome: 'DeploymentFailed',
  },
  succeeding('a lease that cannot be released changes no outcome', { ReleaseLease: denied }, [
    ...START,
    ...ROUTE,
    ...REMOVED,
  ]),
];

describe('the undeploy workflow', () => {
  describeWalks('undeploy', CASES);
});
