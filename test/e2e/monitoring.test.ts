import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { generationMeters } from '#adapters/local/gateway/generation-meters.ts';
import { fakeClock } from '../support/clock/fake-clock.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { missingPrograms, needing, notLinux } from '../support/needs.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const FOLDER = fileURLToPath(new URL('../../docs/monitoring/', import.meta.url));
const RUNBOOK = new URL('../../docs/runbook-one-machine.md', import.meta.url);
const textOf = (name: string) => readFileSync(FOLDER + name, 'utf8');

type Rule = { readonly alert: string; readonly expr: string };
type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
};

const rules: readonly Rule[] = parse(textOf('alerts.yml')).groups.flatMap(
  (group: { readonly rules: readonly Rule[] }) => group.rules,
);
const board: { readonly panels: readonly Panel[] } = JSON.parse(textOf('grafana.json'));
const queries = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** The metrics that an expression of PromQL names. */
function metricsIn(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:slipway|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name);
}

/** The metrics that only language models have. */
function ofLanguageModels(): readonly string[] {
  const meters = generationMeters(fakeClock(0));
  const generation = { tokensIn: 1, tokensOut: 1, firstTokenMs: 1, tokensPerSecond: 1 };
  meters.observe({ model: 'm', revision: 'm-v1' }, generation);
  return meters
    .families({ placement: () => ({ target: 'lambda' }) })
    .flatMap(({ name, values }) => [name, ...values.flatMap(({ metricName }) => metricName ?? [])]);
}

/** The texts of both of a Slipway's pages of metrics, once a model of it has answered and once crashed. */
async function metricsOfOne(): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(folder.path, {
    hasAnyServer: true,
    config: { bakeSeconds: 0 },
  });
  slipway.drop('models/sums/m.onnx', behaving('echoes', addConstantModel({ constant: 1 })));
  await slipway.ending('sums', 1);
  await slipway.infer('sums', { inputs: [] });
  return await Promise.all(
    [slipway.gateway, slipway.control].map(async (origin) =>
      (await fetch(`${origin}/metrics`)).text(),
    ),
  );
}

describe('docs/monitoring', () => {
  let pages: readonly string[];
  beforeAll(async () => {
    pages = await metricsOfOne();
  });

  const exposed = () => [
    // Prometheus itself adds this metric for each target.
    'up',
    ...pages.flatMap((page) => [...page.matchAll(/^([a-z0-9_]+)[ {]/gm)].map(([, name]) => name)),
    ...ofLanguageModels(),
  ];
  const unknownIn = (expressions: readonly string[]) =>
    expressions.flatMap(metricsIn).filter((name) => !exposed().includes(name));

  // Other systems do not show the CPU and memory of a process.
  needing(notLinux, () => {
    it('rings by metrics alone that a running Slipway has', () => {
      expect(unknownIn(rules.map(({ expr }) => expr))).toEqual([]);
    });

    it('has a board of metrics alone that a running Slipway has', () => {
      expect(queries.length).toBeGreaterThan(20);
      expect(unknownIn(queries)).toEqual([]);
    });
  });

  it('has a board whose panels have ids of their own, and do not overlap', () => {
    const cells = board.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );

    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    expect(new Set(cells).size).toBe(cells.length);
    expect(board.panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  it('has an entry in the runbook for each alert, and for nothing else', () => {
    const entries = [...readFileSync(RUNBOOK, 'utf8').matchAll(/^### (Slipway\w+)$/gm)];

    expect(entries.map(([, name]) => name)).toEqual(rules.map(({ alert }) => alert));
  });

  needing(missingPrograms('promtool'), () => {
    const promtool = (args: readonly string[], input = '') => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: FOLDER, input });
      return { status, said: `${stdout}${stderr}` };
    };

    it.each([
      ['the sample configuration', ['check', 'config', 'prometheus.yml']],
      ['the rules of the alerts', ['check', 'rules', 'alerts.yml']],
      ['what rings when', ['test', 'rules', 'alerts.test.yml']],
    ])('convinces the real Prometheus of %s', (_, args) => {
      expect(promtool(args)).toEqual({ status: 0, said: expect.stringContaining('SUCCESS') });
    });

    it('has pages of metrics in which the real Prometheus finds no fault', () => {
      for (const page of pages) {
        // Its advice on names is for metrics that are new; process_ and nodejs_ are prom-client's.
        const own = page.replaceAll(/^(?:# (?:HELP|TYPE) )?(?:process|nodejs)_.*\n/gm, '');
        expect(promtool(['check', 'metrics'], own)).toEqual({ status: 0, said: '' });
      }
    });
  });
});
