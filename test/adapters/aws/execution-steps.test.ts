import {
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { executionSteps } from '#adapters/aws/execution-steps.ts';

const client = new SFNClient({ region: 'eu-central-1' });
// This client alone: other tests of the same process ask a real server by theirs.
const sfn = mockClient(client);
const ARN = 'arn:aws:states:eu-central-1:123456789012:execution:deploy:e1';
const at = (second: number) => ({ timestamp: new Date(second * 1000), id: second });
const entered = (second: number, name: string): HistoryEvent => ({
  ...at(second),
  type: 'TaskStateEntered',
  stateEnteredEventDetails: { name },
});
const exited = (second: number, name: string): HistoryEvent => ({
  ...at(second),
  type: 'TaskStateExited',
  stateExitedEventDetails: { name },
});
const failed = (second: number, error: string): HistoryEvent => ({
  ...at(second),
  type: 'TaskFailed',
  taskFailedEventDetails: { error, resourceType: 'lambda', resource: 'invoke' },
});

beforeEach(() => {
  sfn.reset();
});

it('reads the steps of an execution from its history, page by page, with the one that runs still', async () => {
  sfn
    .on(GetExecutionHistoryCommand)
    .resolvesOnce({
      events: [entered(1, 'AdmitDeployment'), exited(3, 'AdmitDeployment')],
      nextToken: 'more',
    })
    .resolvesOnce({ events: [entered(3, 'InspectArtifact')] });

  expect(await executionSteps(client, ARN)).toEqual([
    { state: 'AdmitDeployment', startedAtMs: 1000, endedAtMs: 3000, error: null },
    { state: 'InspectArtifact', startedAtMs: 3000, endedAtMs: null, error: null },
  ]);
});

it('names the failure of a step that another one caught, and not that of one which was tried again', async () => {
  sfn.on(GetExecutionHistoryCommand).resolves({
    events: [
      entered(1, 'PlanBuild'),
      failed(2, 'PlatformThrottled'),
      exited(4, 'PlanBuild'),
      entered(4, 'CheckHealth'),
      failed(5, 'RevisionFailed'),
      entered(5, 'Compensate'),
      exited(6, 'Compensate'),
    ],
  });

  expect(await executionSteps(client, ARN)).toEqual([
    { state: 'PlanBuild', startedAtMs: 1000, endedAtMs: 4000, error: null },
    { state: 'CheckHealth', startedAtMs: 4000, endedAtMs: 5000, error: 'RevisionFailed' },
    { state: 'Compensate', startedAtMs: 5000, endedAtMs: 6000, error: null },
  ]);
});

it('knows nothing of an execution whose history is no longer kept', async () => {
  sfn
    .on(GetExecutionHistoryCommand)
    .rejects(new ExecutionDoesNotExist({ message: 'gone', $metadata: {} }));

  expect(await executionSteps(client, ARN)).toEqual([]);
});
