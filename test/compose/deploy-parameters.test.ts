import { readFileSync } from 'node:fs';
import { RULES } from '#compose/install/parameter-values.ts';
import { readParameters } from '#compose/install/parameters.ts';

describe('the parameters of a deploy', () => {
  it('are refused where a budget has nobody who is told of it', () => {
    expect(() => readParameters(['budgetUsd=50'])).toThrow(
      expect.objectContaining({
        name: 'InputInvalid',
        message: 'budgetUsd is given, and nobody who is told of it',
        fix: 'Say who, by --param budgetEmail=ADDRESS.',
      }),
    );
  });

  it.each([[['budgetUsd=50', 'budgetEmail=ops@example.com']], [['budgetUsd=0']], [[]]])(
    '%j are taken',
    (given) => {
      expect(readParameters(given).size).toBe(given.length);
    },
  );

  it.each([
    ['containres=off', 'is not a parameter of the stack', 'Did you mean containers?'],
    ['zzz=1', 'is not a parameter of the stack', 'Use --param name=value'],
    ['team', 'has no value', 'Use --param name=value'],
    ['containers=of', 'is not what the parameter takes', 'Did you mean off? It takes public,'],
    [
      'maxReplicas=many',
      'is not what the parameter takes',
      'It takes a whole number from 1 to 100.',
    ],
    ['bakeSeconds=3601', 'is not what the parameter takes', 'from 0 to 3600'],
    ['maxMonthlyUsd=1e3', 'is not what the parameter takes', 'an amount such as 250'],
    ['allowedAccelerators=t4', 'names "t4", which is no GPU of EC2', 'Did you mean T4?'],
    ['allowedAccelerators=', 'names "", which is no GPU of EC2', 'there are T4,'],
  ])('%s is refused before anything is uploaded: %s', (given, message, fix) => {
    expect(() => readParameters([given])).toThrow(
      expect.objectContaining({
        name: 'InputInvalid',
        message: expect.stringContaining(message),
        fix: expect.stringContaining(fix),
      }),
    );
  });

  it('are refused where one is given twice', () => {
    expect(() => readParameters(['team=a', 'team=b'])).toThrow(/gives team a second time/);
  });

  it('are taken where they are what the template has by default', () => {
    const given = ['allowedAccelerators=all', 'maxMonthlyUsd=unlimited', 'promoterExternalId='];

    expect(readParameters([...given, 'allowedAccelerators=T4,L4'].slice(1)).size).toBe(3);
    expect(readParameters(given).size).toBe(3);
  });

  it('take what the template takes', () => {
    const template = readFileSync('infra/parameters.yml', 'utf8').split(/^ {2}(?=[A-Z]\w+:$)/m);
    const written = new Map(
      template.map((text) => [text.slice(0, text.indexOf(':')), text.replaceAll('"', '')]),
    );

    for (const [name, rule] of Object.entries(RULES)) {
      const text = written.get(name[0]?.toUpperCase() + name.slice(1));
      if ('words' in rule) expect(text).toContain(`AllowedValues: [${rule.words.join(', ')}]`);
      else if ('form' in rule) expect(text).toContain(`ConstraintDescription: ${rule.says}`);
      else expect(text).toContain(`MinValue: ${rule.least}\n    MaxValue: ${rule.most}\n`);
    }
  });
});
