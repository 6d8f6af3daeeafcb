import { sweepEvent } from '#domain/registry/sweep-event.ts';

const envelope = { version: '0', account: '123456789012', region: 'us-east-1', resources: [] };

/** Step Functions' event of an execution that ran out of time. */
const timedOut = {
  ...envelope,
  source: 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  detail: {
    executionArn: 'arn:aws:states:us-east-1:123456789012:execution:slipway-dev-deploy:digits',
    stateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:slipway-dev-deploy',
    name: 'digits',
    status: 'TIMED_OUT',
    startDate: 1551224926156,
    stopDate: 1551224927157,
    input: '{}',
    inputDetails: { included: true },
    output: null,
    outputDetails: null,
    error: null,
    cause: null,
  },
};

describe('what starts the sweep', () => {
  it('is the clock', () => {
    const scheduled = { ...envelope, source: 'aws.events', detail: {} };

    expect(sweepEvent.parse({ ...scheduled, 'detail-type': 'Scheduled Event' })).toEqual({
      'detail-type': 'Scheduled Event',
      detail: {},
    });
  });

  it('is the clock that asks for a touch, as a rule’s own input', () => {
    const touch = { 'detail-type': 'Scheduled Event', detail: { touch: true } };

    expect(sweepEvent.parse(touch)).toEqual(touch);
  });

  it('is the end of an execution, with or without an error', () => {
    const { executionArn, status } = timedOut.detail;

    expect(sweepEvent.parse(timedOut)).toEqual({
      'detail-type': timedOut['detail-type'],
      detail: { executionArn, status, error: null, cause: null },
    });
  });

  it('is nothing else', () => {
    const created = { ...timedOut, 'detail-type': 'Object Created' };

    expect(sweepEvent.safeParse(created).success).toBe(false);
  });
});
