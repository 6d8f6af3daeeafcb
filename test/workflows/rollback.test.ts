import { candidateCases, TO_LIVE } from '../support/walk/candidate-cases.ts';
import {
  aborting,
  type Case,
  denied,
  describeWalks,
  failing,
  leaseCases,
  recoveryCases,
  succeeding,
} from '../support/walk/cases.ts';

const START = ['AdmitRollback', 'IsAdmitted', 'AcquireLease', 'HasLease'];
const RESTARTED = [...START, 'RestartVersion'];

const CASES: readonly Case[] = [
  succeeding('a kept version goes live again', {}, [...RESTARTED, ...TO_LIVE]),
  succeeding(
    'with nothing to go back to nothing is done',
    { AdmitRollback: { kind: 'ignored', id: 'd1', model: 'digits', reason: 'no other version' } },
    ['AdmitRollback', 'IsAdmitted', 'Ignored'],
  ),
  {
    name: 'an admission that answers what the workflow does not know fails',
    script: { AdmitRollback: { unforeseen: { kind: 'postponed', id: 'd1' } } },
    states: ['AdmitRollback', 'IsAdmitted', 'Failed'],
    outcome: 'DeploymentFailed',
  },
  {
    name: 'an admission that cannot be recorded fails',
    script: { AdmitRollback: denied },
    states: ['AdmitRollback', 'Failed'],
    outcome: 'DeploymentFailed',
  },
  ...leaseCases(START, ['RestartVersion', ...TO_LIVE]),
  ...recoveryCases(START),
  aborting('what a person gives up ends so', { RestartVersion: denied }, RESTARTED),
  failing(
    'a version that is gone meanwhile is given up',
    { RestartVersion: { throws: 'RevisionFailed' } },
    RESTARTED,
  ),
  ...candidateCases(RESTARTED),
];

describe('the rollback workflow', () => {
  describeWalks('rollback', CASES);
});
