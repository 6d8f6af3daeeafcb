import { requireAllowed } from '#compose/install/parameter-rules.ts';
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
    ['budgetUsd=fifty', 'budgetUsd is `fifty`, which is no amount', 'Give one such as 250'],
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

  it.each([
    ['containers', 'of', 'Did you mean off? Give one of public, isolated, off.'],
    ['maxReplicas', 'many', 'Give a number from 1 to 100.'],
    ['bakeSeconds', '3601', 'Give a number from 0 to 3600.'],
    ['maxMonthlyUsd', '1e3', 'Give an amount such as 250 or 99.50, or unlimited.'],
  ])('that are not what the template takes are refused: %s=%s', async (name, value, fix) => {
    await expect(requireAllowed('.', new Map([[name, value]]))).rejects.toMatchObject({
      name: 'InputInvalid',
      message: `${name} is \`${value}\`: nothing was deployed`,
      fix,
    });
  });

  it('are taken where the template takes them', async () => {
    const given = {
      containers: 'off',
      bakeSeconds: '3600',
      maxMonthlyUsd: '99.50',
    };

    await requireAllowed('.', new Map(Object.entries(given)));
  });
});
