import { StackStatus } from '@aws-sdk/client-cloudformation';
import { remedyFor, stackFix } from '#operations/account/stack-state.ts';
import { stateFinding } from '#operations/doctor/stack-state.ts';

const ALL = Object.values(StackStatus);

describe('a stack, to the next deploy', () => {
  // CloudFormation's rules: a stack whose creation failed takes only a delete, one whose rollback broke off only the rest of it.
  it('is updated, deleted first, rolled back further, waited for or mended by a person, by its state', () => {
    const ways = Object.groupBy(ALL, remedyFor);

    expect(ways).toEqual({
      update: [
        ...['CREATE_COMPLETE', 'DELETE_COMPLETE', 'IMPORT_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE'],
        ...['UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'],
      ],
      'delete first': [
        ...['CREATE_FAILED', 'REVIEW_IN_PROGRESS', 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED'],
      ],
      'continue the rollback': ['UPDATE_ROLLBACK_FAILED'],
      wait: ALL.filter((each) => each.endsWith('_IN_PROGRESS') && each !== 'REVIEW_IN_PROGRESS'),
      mend: ['DELETE_FAILED', 'IMPORT_ROLLBACK_FAILED', 'UPDATE_FAILED'],
    });
  });

  it('that no deploy can begin with has a fix of its own', () => {
    const blocked = ALL.filter((status) => remedyFor(status) !== 'update');

    expect(blocked.filter((status) => stackFix({ status, name: 's' }, 'prod') === '')).toEqual([]);
  });

  it('in a state that this Slipway does not know is left to a person', () => {
    const status = 'SOMETHING_NEW' as StackStatus;

    expect(remedyFor(status)).toBe('mend');
    expect(stackFix({ status, name: 's' }, 'prod')).toMatch(/describe-stack-events/);
  });

  it.each([
    ['CREATE_COMPLETE', 'ok'],
    ['UPDATE_ROLLBACK_COMPLETE', 'warn'],
    ['ROLLBACK_COMPLETE', 'warn'],
    ['UPDATE_FAILED', 'fail'],
    ['UPDATE_IN_PROGRESS', 'fail'],
  ] as const)('that is %s is a finding: %s', (status, result) => {
    const state = { id: '1', name: 'slipway-prod', status, reason: '' };

    expect(stateFinding(state, 'prod')).toMatchObject({
      result,
      says: `slipway-prod is ${status}`,
    });
  });
});
