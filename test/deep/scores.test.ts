import { temporaryFolder } from '../support/slipway/running.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;

type Score = { readonly logprob: number; readonly tokens: number; readonly prompt_tokens: number };
type Scored = {
  readonly engine: Score;
  readonly torch: Score;
  readonly rendered: readonly number[];
  readonly read: readonly number[];
};

if (DEEP_PYTHON) describeScores();
else it.skip('scores of answers by torch: .ci/deep installs what they need', () => undefined);

function describeScores(): void {
  it(
    'the score of an answer is the sum of the log-probabilities that torch gives its tokens one by one',
    async () => {
      await using folder = await temporaryFolder();
      await python('./make_networks.py', folder.path);
      const scored: Readonly<Record<string, readonly Scored[]>> = JSON.parse(
        await python('./score_answers.py', folder.path),
      );

      // Two texts each, and a conversation where there is a chat template.
      expect(Object.entries(scored).map(([name, each]) => [name, each.length])).toEqual([
        ['gpt2', 2],
        ['llama', 3],
        ['qwen2', 3],
        ['t5', 2],
      ]);
      for (const each of Object.values(scored)) {
        const [own, other] = each;
        for (const { engine, torch, rendered, read } of each) {
          expect(rendered).toEqual(read);
          expect(engine).toEqual({ ...torch, logprob: expect.closeTo(torch.logprob, 3) });
        }
        // A model finds its own words likelier than those of others.
        expect((own?.engine.logprob ?? 0) / (own?.engine.tokens ?? 1)).toBeGreaterThan(
          (other?.engine.logprob ?? 0) / (other?.engine.tokens ?? 1),
        );
      }
    },
    LONGEST_MS,
  );
}
