import { type Generation, withGenerations } from '#adapters/local/revisions/generations.ts';

const LINE =
  '{"_aws":{"Timestamp":1},"Model":"chat","Revision":"chat-v1","TokensIn":39,"TokensOut":12,"TimeToFirstToken":80.5,"TokensPerSecond":51.2}\n';
const SAID: Generation = {
  tokensIn: 39,
  tokensOut: 12,
  firstTokenMs: 80.5,
  tokensPerSecond: 51.2,
};

describe('the log of a language model', () => {
  let told: Generation[];
  let written: string;
  const opened = () => {
    told = [];
    written = '';
    return withGenerations(
      {
        async append(bytes) {
          written += Buffer.from(bytes).toString();
        },
        tail: async () => [],
      },
      (generation) => told.push(generation),
    );
  };
  const append = (...pieces: readonly string[]) => {
    const log = opened();
    for (const piece of pieces) void log.append(Buffer.from(piece));
  };

  it('tells what was generated, and keeps the line', () => {
    append(`it is ready\n${LINE}`);

    expect(told).toEqual([SAID]);
    expect(written).toBe(`it is ready\n${LINE}`);
  });

  it('tells it of a line that comes in pieces, and of several that come at once', () => {
    append(LINE.slice(0, 40), LINE.slice(40) + LINE, LINE.slice(0, -1));

    expect(told).toEqual([SAID, SAID]);
  });

  it('tells it of a line that another stream, or another server, writes into', () => {
    const [output, errors] = [{}, {}];
    const log = opened();

    void log.append(Buffer.from('loading: 40 %'), errors);
    void log.append(Buffer.from(LINE.slice(0, 40)), output);
    void log.append(Buffer.from(', 80 %'), errors);
    void log.append(Buffer.from(LINE.slice(40)), output);

    expect(told).toEqual([SAID]);
  });

  it('tells of one whose client left what is known of it', () => {
    append('{"_aws":{},"TokensOut":3}\n');

    expect(told).toEqual([
      {
        tokensIn: undefined,
        tokensOut: 3,
        firstTokenMs: undefined,
        tokensPerSecond: undefined,
      },
    ]);
  });

  it.each([
    ['no JSON', '{"_aws":{\n'],
    ['another metric', '{"_aws":{},"ServerErrors":1}\n'],
    ['a count below nothing', '{"_aws":{},"TokensOut":-1}\n'],
    ['a text', '{"_aws":{},"TokensOut":"3"}\n'],
    ['longer than any', `{"_aws":{"x":"${'x'.repeat(5_000)}"},"TokensOut":3}\n`],
    ['not at the start of a line', `said: ${LINE}`],
  ])('tells nothing of a line that is %s', (_why, line) => {
    append(line, LINE);

    expect(told).toEqual([SAID]);
  });

  it('goes on after output without an end', () => {
    append('x'.repeat(10_000), `\n${LINE}`);

    expect(told).toEqual([SAID]);
  });
});
