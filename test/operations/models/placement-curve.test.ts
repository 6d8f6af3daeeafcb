import type { Explanation } from '#control/explanation.ts';
import { FIRST_GUESS, NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { rankedOptions } from '#domain/placement/optimize.ts';
import { placementCurve } from '#operations/models/placement-curve.ts';

const QUESTION: Question = {
  demand: { ...FIRST_GUESS, p95Ms: 400 },
  measured: { requestMs: 100, parallelPart: 0.5, memoryMiB: 200, imageBytes: 1, startMs: 900 },
  limits: NO_LIMITS,
  allowsSpot: false,
};

function explained(question: Question = QUESTION, model = 'digits'): Explanation {
  const weighing = { question, options: rankedOptions(question) };
  return { model, version: 3, weighing } as unknown as Explanation;
}

/** The elements that are open at the end, and those that close what is not open. */
function unbalanced(svg: string): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, end, name = '', empty] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (end && open.pop() !== name) wrong.push(name);
    if (!end && !empty) open.push(name);
  }
  return [...open, ...wrong];
}

describe('the curve of a placement', () => {
  const svg = placementCurve(explained())!;

  it('is one picture with a title and a description, which have its data in words', () => {
    expect(unbalanced(svg)).toEqual([]);
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*role="img" aria-labelledby="title desc">/,
    );
    expect(svg).toContain(
      '<title id="title">digits v3 on Lambda: its own bill and its p95 over its memory</title>',
    );
    const [, words = ''] = /<desc id="desc">(.*)<\/desc>/.exec(svg) ?? [];
    expect(words).toMatch(/^The knee is at [\d,]+ MiB\. /);
    expect(words).toMatch(/ 1,769 MiB: \$\d+\.\d\d a month, p95 100 ms\./);
    expect(words).toMatch(
      / 256 MiB: [^:]*, but 95 % of the requests take up to \d+ ms; 400 were asked for\./,
    );
  });

  it('asks for nothing: it has no script, link or image', () => {
    expect(svg).not.toMatch(/<(script|a|image|use|foreignObject)\b|href|url\(|@import|\son\w+=/);
    expect(svg.match(/https?:/g)).toHaveLength(1);
  });

  it('draws both lines through all sizes, within the plot, hollow where a limit is broken', () => {
    const lambda = explained().weighing!.options.filter(({ target }) => target === 'lambda');
    const lines = [...svg.matchAll(/<polyline class="(usd|ms)" points="([^"]*)"/g)];

    expect(lines.map(([, kind]) => kind)).toEqual(['ms', 'usd']);
    for (const [, , points = ''] of lines) {
      const places = points.split(' ').map((each) => each.split(',').map(Number));
      expect(places).toHaveLength(lambda.length);
      for (const [x = 0, y = 0] of places) {
        expect([x >= 70, x <= 650, y >= 60, y <= 350]).toEqual([true, true, true, true]);
      }
    }
    const broken = lambda.filter(({ refusals }) => refusals.length > 0).length;
    expect(broken).toBeGreaterThan(0);
    expect(svg.match(/<circle class="\w+ broken"/g)).toHaveLength(2 * broken);
    expect(svg.match(/<line class="knee"/g)).toHaveLength(1);
  });

  it('has no knee where nothing keeps the limits', () => {
    const demand = { ...QUESTION.demand, p95Ms: 1 };
    const drawn = placementCurve(explained({ ...QUESTION, demand }))!;

    expect(drawn).not.toContain('class="knee"');
    expect(unbalanced(drawn)).toEqual([]);
  });

  it('takes nothing for markup that others have named', () => {
    const drawn = placementCurve(explained(QUESTION, '<script>alert(1)</script>'))!;

    expect(drawn).not.toContain('<script');
    expect(drawn).toContain('&lt;script&gt;');
  });

  it('is nothing where no bill was made, or for one size alone', () => {
    const stated = { ...QUESTION, limits: { ...NO_LIMITS, lambdaMemoryMiB: 200 } };

    expect(
      placementCurve({ model: 'digits', version: 1 } as unknown as Explanation),
    ).toBeUndefined();
    expect(placementCurve(explained(stated))).toBeUndefined();
  });
});
