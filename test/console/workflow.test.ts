import { readFileSync } from 'node:fs';
import { type StepRun, workflowGraph } from '#domain/workflow-graph.ts';
import { inWords, stationsOf, wayOf } from '../../console/app/workflow.ts';

const graphOf = (name: string) =>
  workflowGraph(
    JSON.parse(
      readFileSync(new URL(`../../statemachines/${name}.asl.json`, import.meta.url), 'utf8'),
    ),
  );
const deploy = graphOf('deploy');

/** Steps of a second each, one after the other; the last one runs still where `runs`. */
function ran(names: readonly string[], { runs = false, error = '' } = {}): readonly StepRun[] {
  return names.map((state, index) => ({
    state,
    startedAtMs: index * 1000,
    endedAtMs: runs && index === names.length - 1 ? null : (index + 1) * 1000,
    error: error === state ? 'RevisionFailed' : null,
  }));
}
const seen = (steps: readonly StepRun[], hasEnded = false, trouble = '') =>
  stationsOf(deploy, steps, { nowMs: 100_000, hasEnded, trouble }).map(
    ({ name, state, tookMs }) => `${name} ${state} ${tookMs}`,
  );

describe('the picture of a workflow', () => {
  it.each(['deploy', 'promote', 'rollback', 'undeploy'])(
    'of %s goes from its start to a good end',
    (name) => {
      const graph = graphOf(name);
      const way = wayOf(graph);
      const types = new Map(graph.states.map((state) => [state.name, state.type]));

      expect(way[0]).toBe(graph.startAt);
      expect(types.get(way.at(-1) ?? '')).toBe('Succeed');
      expect(new Set(way).size).toBe(way.length);
    },
  );

  it('has the steps of a deployment in their order, from the definition alone', () => {
    const way = wayOf(deploy);
    const order = [
      'AdmitDeployment',
      'InspectArtifact',
      'BuildImage',
      'ShiftTraffic',
      'JudgeBake',
      'CommitDeployment',
    ];

    expect(way.filter((name) => order.includes(name))).toEqual(order);
    expect(way).not.toContain('RollBack');
  });

  it('shows what ran, what runs with its time so far, what was not needed, and what is to come', () => {
    const shown = seen(
      ran(['AdmitDeployment', 'AcquireLease', 'InspectArtifact', 'PlanBuild', 'ChooseTarget'], {
        runs: true,
      }),
    );

    expect(shown).toContain('PlanBuild done 1000');
    expect(shown).toContain('BuildImage skipped 0');
    expect(shown).toContain('ChooseTarget runs 96000');
    expect(shown).toContain('ShiftTraffic ahead 0');
  });

  it('marks the step that found a fault, though it answered as it should', () => {
    const steps = ran(['AdmitDeployment', 'CompareAnswers', 'Compensate', 'ReleaseLease']);

    expect(seen(steps, true, 'ArtifactRejected')).toContain('CompareAnswers failed 1000');
    expect(seen(steps, true, 'ArtifactRejected')).toContain('Compensate done 1000');
    expect(seen(steps, true)).toContain('CompareAnswers done 1000');
  });

  it('puts a failure, and what it led to, where the way was left, and nothing behind it that was not reached', () => {
    const steps = ran(
      ['AdmitDeployment', 'AcquireLease', 'InspectArtifact', 'Compensate', 'ReleaseLease'],
      { error: 'InspectArtifact' },
    );

    expect(seen(steps, true)).toEqual([
      'AdmitDeployment done 1000',
      'AcquireLease done 1000',
      'InspectArtifact failed 1000',
      'Compensate done 1000',
      'ReleaseLease done 1000',
    ]);
  });

  it('counts the runs of a step together', () => {
    const steps = ran(['AdmitDeployment', 'AcquireLease', 'AcquireLease']);
    const [, lease] = stationsOf(deploy, steps, { nowMs: 9000, hasEnded: false });

    expect(lease).toMatchObject({ name: 'AcquireLease', runs: 2, tookMs: 2000 });
  });

  it('writes names as words', () => {
    expect(['BuildOwnImage', 'ProvisionEc2'].map(inWords)).toEqual([
      'Build own image',
      'Provision ec2',
    ]);
  });
});
