import { type Bundle, bundles } from '../support/lambda/bundles.ts';
import { type LambdaRuntime, lambdaRuntime } from '../support/lambda/runtime.ts';
import { emfFaults } from '../support/lambda/runtime-metrics.ts';
import {
  API_KEY,
  EXECUTION_ENDED,
  METER,
  OBJECT_CREATED,
  REQUEST_AUTHORIZER,
  SCHEDULED,
  STREAM_BATCH,
  TOUCH,
  WEIGH,
} from './events.ts';
import { SETTINGS } from './settings.ts';

const NOWHERE = 'http://127.0.0.1:1';

/** Contains the fields of every step; each step reads its own. */
const STEP_EVENT = {
  deploymentId: '0123456789abcdef0123456789abcdef',
  execution: 'arn:aws:states:us-east-1:111122223333:execution:slipway-test-deploy:e1',
  event: OBJECT_CREATED,
  epoch: 1,
  attempt: 0,
  error: { Error: 'PlatformDenied', Cause: '{}' },
  variables: [],
};
const REQUEST = { deploymentId: STEP_EVENT.deploymentId, model: 'digits', reason: '' };
const ROLLBACK = { ...REQUEST, kind: 'rollback', to: null };
const EVENTS: Readonly<Record<string, readonly unknown[]>> = {
  publishEvents: [STREAM_BATCH],
  sweep: [SCHEDULED, EXECUTION_ENDED, TOUCH, WEIGH, METER],
  authorize: [REQUEST_AUTHORIZER],
};
const REQUESTS: Readonly<Record<string, object>> = {
  admitPromotion: {
    execution: STEP_EVENT.execution,
    request: {
      ...REQUEST,
      kind: 'promote',
      release: { bucket: 'bucket', key: 'promotions/shapes/1/release.json', versionId: 'v1' },
      needsApproval: false,
    },
  },
  admitRollback: { execution: STEP_EVENT.execution, request: ROLLBACK },
  admitUndeploy: {
    execution: STEP_EVENT.execution,
    request: { ...REQUEST, kind: 'undeploy' },
  },
};
const eventsOf = (name: string) => EVENTS[name] ?? [REQUESTS[name] ?? STEP_EVENT];

const all = [...(await bundles()).values()];
const withSettings = all.filter(({ variables }) =>
  variables.some((name) => name.startsWith('SLIPWAY_')),
);

async function running<Answer>(
  bundle: Bundle,
  settings: typeof SETTINGS,
  work: (runtime: LambdaRuntime) => Promise<Answer>,
): Promise<Answer> {
  const runtime = lambdaRuntime(bundle, settings, NOWHERE);
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

describe('the function', () => {
  it.each(all)(
    '$name says that AWS is unavailable when it is not there, and tells all about it',
    async (bundle) => {
      const { answers, lines } = await running(bundle, SETTINGS, async (runtime) => {
        const given = [];
        for (const event of eventsOf(bundle.name)) given.push(await runtime.invoke(event));
        return { answers: given, lines: runtime.lines() };
      });

      for (const answer of answers) {
        expect(answer).toMatchObject({ error: { errorType: 'PlatformUnavailable' } });
        expect(JSON.stringify(answer)).not.toContain('.mjs');
      }
      const logged = lines.map((line) => JSON.parse(line));
      const told = logged.filter(({ message }) => message === 'failed');
      expect(told).toHaveLength(answers.length);
      expect(told[0].error.cause).toBeDefined();
      if (!(bundle.name in EVENTS)) expect(told[0]).toMatchObject(subjectOf(bundle.name));
      const metrics = logged.filter((line) => '_aws' in line);
      expect(metrics).toHaveLength(answers.length);
      expect(metrics.flatMap(emfFaults)).toEqual([]);
      for (const secret of ['secret-of-the-role', 'token-of-the-role', API_KEY]) {
        expect(lines.join('\n')).not.toContain(secret);
      }
    },
  );

  it.each(all)('$name refuses an event that is none of its own', async (bundle) => {
    const wrong = bundle.name === 'publishEvents' ? 'text' : {};

    const answer = await running(bundle, SETTINGS, (runtime) => runtime.invoke(wrong));

    expect(answer).toMatchObject({ error: { errorType: 'InputInvalid' } });
  });

  it('authorize turns a caller without a key away, as no error of its own', async () => {
    const authorize = all.find(({ name }) => name === 'authorize')!;
    const anonymous = { ...REQUEST_AUTHORIZER, headers: {}, multiValueHeaders: {} };

    const { answer, lines } = await running(authorize, SETTINGS, async (runtime) => ({
      answer: await runtime.invoke(anonymous),
      lines: runtime.lines(),
    }));

    expect(answer).toMatchObject({ error: { errorMessage: 'Unauthorized' } });
    const logged = lines.map((line) => JSON.parse(line));
    expect(logged.filter(({ level }) => level === 'ERROR')).toEqual([]);
    expect(logged.map(({ message }) => message)).toContain('refused');
    expect(lines.join('\n')).not.toContain('stepFailures');
  });

  it.each(withSettings)('$name names the settings that it lacks', async (bundle) => {
    const answer = await running(bundle, {}, (runtime) => runtime.invoke(eventsOf(bundle.name)[0]));

    expect(answer).toMatchObject({
      error: {
        errorType: 'InputInvalid',
        errorMessage: expect.stringMatching(/^the environment has no SLIPWAY_\w+/),
      },
    });
  });
});

/** The fields by which the log line of a step's run names its subject. */
function subjectOf(name: string): object {
  const { execution, deploymentId } = STEP_EVENT;
  if (name === 'admitDeployment') return { execution, key: OBJECT_CREATED.detail.object.key };
  return name in REQUESTS ? { execution } : { deploymentId };
}
