import { candidateCases, containerCases, TO_LIVE } from '../support/walk/candidate-cases.ts';
import {
  aborting,
  type Case,
  denied,
  describeWalks,
  failing,
  lease,
  leaseCases,
  recoveryCases,
  succeeding,
} from '../support/walk/cases.ts';

const ADMITTED = ['AdmitPromotion', 'IsAdmitted'];
const ASKED = [...ADMITTED, 'AwaitApproval', 'IsApproved'];
const START = [...ASKED, 'AcquireLease', 'HasLease'];
const CHOSEN = ['ChooseTarget', 'WhichTarget'];
const PROVISIONED = [...START, ...CHOSEN, 'ProvisionLambda'];

const admission = (kind: 'ignored' | 'superseded' | 'rejected') => ({
  AdmitPromotion: { kind, id: 'd1', model: 'digits', reason: 'because' },
});
const failed = (name: string, script: Case['script'], states: readonly string[]): Case => ({
  name,
  script,
  states: [...states, 'Failed'],
  outcome: 'DeploymentFailed',
});
const pending = { kind: 'pending', retrySeconds: 1, attempt: 1 } as const;

const CASES: readonly Case[] = [
  succeeding('a version of another Slipway goes live without a build', {}, [
    ...PROVISIONED,
    ...TO_LIVE,
  ]),
  succeeding(
    'a function that the account gives less memory is chosen for again',
    { ProvisionLambda: [{ throws: 'TargetRefused' }, {}] },
    [...PROVISIONED, 'ChooseTarget', 'WhichTarget', 'ProvisionLambda', ...TO_LIVE],
  ),
  succeeding('what is live already is ignored', admission('ignored'), [...ADMITTED, 'Ignored']),
  succeeding('what a newer upload has overtaken is superseded', admission('superseded'), [
    ...ADMITTED,
    'Superseded',
  ]),
  succeeding('what has not arrived is rejected', admission('rejected'), [...ADMITTED, 'Rejected']),
  failed(
    'an admission that answers what the workflow does not know fails',
    { AdmitPromotion: { unforeseen: { kind: 'postponed', id: 'd1' } } },
    ADMITTED,
  ),
  failed('an admission that cannot be recorded fails', { AdmitPromotion: denied }, [
    'AdmitPromotion',
  ]),
  succeeding(
    'a person is waited for',
    { AwaitApproval: [pending, { ...pending, kind: 'approved', attempt: 2 }] },
    [
      ...ASKED,
      ...['WaitForApproval', 'AwaitApproval', 'IsApproved', 'AcquireLease', 'HasLease'],
      ...[...CHOSEN, 'ProvisionLambda', ...TO_LIVE],
    ],
  ),
  succeeding(
    'what nobody approves is rejected, before anything is made',
    { AwaitApproval: { ...pending, kind: 'refused' } },
    [...ASKED, 'Rejected'],
  ),
  failed(
    'waiting for a person ends after 600 looks',
    { AwaitApproval: { ...pending, attempt: 600 } },
    ASKED,
  ),
  failed(
    'an approval that cannot be looked for fails',
    { AwaitApproval: denied },
    ASKED.slice(0, -1),
  ),
  ...leaseCases(START, [...CHOSEN, 'ProvisionLambda', ...TO_LIVE]),
  succeeding(
    'what a newer version overtakes while it waits is superseded',
    { AcquireLease: { ...lease, kind: 'superseded' } },
    [...START, 'Superseded'],
  ),
  ...recoveryCases(START),
  failing('what no target can hold is given up', { ChooseTarget: { throws: 'ArtifactRejected' } }, [
    ...START,
    'ChooseTarget',
  ]),
  {
    name: 'what the target may not hold is rejected',
    script: {
      ChooseTarget: { throws: 'ArtifactRejected' },
      Compensate: { kind: 'Rejected', drainSeconds: 0 },
    },
    states: [...START, 'ChooseTarget', 'Compensate', 'ReleaseLease', 'WhichEnd', 'Rejected'],
    outcome: 'Succeeded',
  },
  {
    name: 'what is superseded while it is given up ends so',
    script: {
      ChooseTarget: denied,
      Compensate: { kind: 'Superseded', drainSeconds: 0 },
    },
    states: [...START, 'ChooseTarget', 'Compensate', 'ReleaseLease', 'WhichEnd', 'Superseded'],
    outcome: 'Succeeded',
  },
  aborting('what a person gives up ends so', { ChooseTarget: denied }, [...START, 'ChooseTarget']),
  failing(
    'a target that nobody knows is given up',
    { ChooseTarget: { unforeseen: { target: 'mars' } } },
    [...START, ...CHOSEN],
  ),
  succeeding('containers on Fargate are provisioned', { ChooseTarget: { target: 'fargate' } }, [
    ...[...START, ...CHOSEN, 'ProvisionFargate'],
    ...TO_LIVE,
  ]),
  succeeding('containers on EC2 are provisioned', { ChooseTarget: { target: 'ec2' } }, [
    ...[...START, ...CHOSEN, 'ProvisionEc2'],
    ...TO_LIVE,
  ]),
  failing('a function that cannot be made is given up', { ProvisionLambda: denied }, PROVISIONED),
  failing(
    'tasks on Fargate that cannot be made are given up',
    { ChooseTarget: { target: 'fargate' }, ProvisionFargate: denied },
    [...START, ...CHOSEN, 'ProvisionFargate'],
  ),
  failing(
    'tasks on EC2 that cannot be made are given up',
    { ChooseTarget: { target: 'ec2' }, ProvisionEc2: denied },
    [...START, ...CHOSEN, 'ProvisionEc2'],
  ),
  ...candidateCases(PROVISIONED),
  ...containerCases([...START, ...CHOSEN], ['AcquireLease', 'HasLease', ...CHOSEN]),
];

describe('the promote workflow', () => {
  describeWalks('promote', CASES);
});
